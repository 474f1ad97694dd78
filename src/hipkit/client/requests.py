"""A request beside its content: headers and id, and how hooks and errors show it. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from hipkit.api.errors import (
    ConnectError,
    RequestError,
    RequestTimeoutError,
    ResponseError,
)
from hipkit.api.operation import Operation
from hipkit.api.redaction import mask_query
from hipkit.api.response import SentRequest
from hipkit.api.secret import HIDDEN, Secret
from hipkit.client.settings import Site
from hipkit.transports.protocol import (
    REQUEST_ID_HEADER,
    HeaderPairs,
    Request,
    TransportError,
    TransportErrorKind,
)

__all__ = [
    "credential_headers",
    "given_id",
    "request_error",
    "shown_request",
    "with_headers",
    "with_key",
    "without_id",
]

KEPT_IN_COOKIES = "!#$&'()*+/:<=>?@[]^`{|}~"
"""What a cookie's value may have beside letters and digits by RFC 6265, without the escape."""

ID_HEADER = REQUEST_ID_HEADER.lower()
ERRORS: Mapping[TransportErrorKind, type[RequestError]] = {
    "connect": ConnectError,
    "untrusted": ConnectError,
    "certificate": ConnectError,
    "no_tls": ConnectError,
    "settings": ConnectError,
    "timeout": RequestTimeoutError,
}
REMEDIES: Mapping[TransportErrorKind, str] = {
    "untrusted": 'name its authority by verify="/path/to/ca.pem" or SSL_CERT_FILE',
    "no_tls": "the port speaks no TLS: begin the URL with http:// and pass allow_http=True",
}
OVER_HTTP: Mapping[TransportErrorKind, str] = {
    "broken": "if the port speaks TLS, begin the URL with https://",
}
"""Remedies for requests without TLS."""


def with_headers(headers: HeaderPairs, others: Mapping[str, str]) -> HeaderPairs:
    """Return headers with others, without an id, which replace those of the same names."""
    replaced = {name.lower() for name in others}
    kept = (pair for pair in headers if pair[0].lower() not in replaced)
    return (*kept, *without_id(others.items()))


def credential_headers(operation: Operation[object], token: Secret) -> HeaderPairs:
    """Return the header with a token or a key; none if the key goes into the query."""
    if operation.auth != "key":
        return (("Authorization", token.reveal()),)
    place, name = operation.key_in
    if place == "query":
        return ()
    if place == "cookie":
        return (("Cookie", f"{name}={quote(token.reveal(), safe=KEPT_IN_COOKIES)}"),)
    return ((name, token.reveal()),)


def with_key(target: str, operation: Operation[object], token: Secret | None) -> str:
    """Return the target of a request with the key, if it goes into the query."""
    place, name = operation.key_in
    if token is None or place != "query":
        return target
    mark = "&" if "?" in target else "?"
    return f"{target}{mark}{quote(name, safe='')}={quote(token.reveal(), safe='')}"


def without_id(headers: Iterable[tuple[str, str]]) -> HeaderPairs:
    """Return headers without an id: a call has one, which the transport adds."""
    return tuple(pair for pair in headers if not _is_id(pair[0]))


def given_id(headers: Mapping[str, str]) -> str:
    """Return the id in a caller's headers, empty if there is none."""
    return next((text for name, text in headers.items() if _is_id(name)), "")


def shown_request(
    operation: Operation[object],
    request: Request,
    site: Site,
    *,
    own_headers: Mapping[str, str],
    sends: int,
) -> SentRequest:
    """Return a request as hooks and raw responses show it, without its secrets.

    Args:
        operation: The call.
        request: Its request.
        site: The base URL of the API.
        own_headers: The caller's headers, which may hold secrets.
        sends: How often the call was sent before.
    """
    query = request.target.partition("?")[2]
    if query:
        is_private = (
            operation.private_query
            or (operation.auth == "key" and operation.key_in[0] == "query")
            or not operation.secrets.isdisjoint(operation.query)
        )
        query = HIDDEN if is_private else mask_query(query)
    hidden = {"authorization", *(name.lower() for name in own_headers)} - {ID_HEADER}
    if operation.auth == "key":
        hidden |= {"cookie", operation.key_in[1].lower()}
    return SentRequest(
        request.method,
        f"{site}{operation.shown_target()}{'?' + query if query else ''}",
        {
            name.lower(): HIDDEN if name.lower() in hidden else value
            for name, value in request.all_headers
        },
        operation.path and f"{site.path}{operation.path}",
        sends,
        request.request_id,
    )


def request_error(
    operation: Operation[object],
    request_id: str,
    failure: TransportError,
    *,
    scheme: str = "https",
) -> RequestError | ResponseError:
    """Return the error for a request that got no response."""
    error: RequestError | ResponseError
    if failure.kind == "too_large":
        error = ResponseError(f"{operation}: {failure.reason}", operation=operation)
    else:
        outcome = (
            f"it may have arrived, as request {request_id}"
            if failure.may_have_arrived
            else "it was not carried out"
        )
        remedies = OVER_HTTP if scheme == "http" else REMEDIES
        said = failure.reason, outcome, remedies.get(failure.kind)
        error = ERRORS.get(failure.kind, RequestError)(
            f"{operation}: {'; '.join(filter(None, said))}",
            operation=operation,
            may_have_arrived=failure.may_have_arrived,
        )
    error.request_id = request_id
    return error


def _is_id(name: str) -> bool:
    return name.lower() == ID_HEADER
