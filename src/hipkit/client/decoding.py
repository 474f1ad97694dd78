"""Convert a response to a typed result, or raise the matching error (pure).

This module interprets status and headers; `hipkit.api.reading` reads the body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar, cast
from urllib.parse import parse_qsl, urljoin, urlsplit

import msgspec

from hipkit.api.addresses import split_web_address
from hipkit.api.errors import (
    ApiError,
    ForbiddenError,
    RateLimitError,
    ResponseError,
    error_class,
)
from hipkit.api.json_grammar import parse_json
from hipkit.api.limits import LATEST_UNIX_SECONDS, seconds_until_allowed
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.api.reading import UnreadableError, read_json
from hipkit.api.redaction import redact
from hipkit.api.response import RequestSummary
from hipkit.api.secret import Secret
from hipkit.api.unreadable import UnreadableItem, read_items
from hipkit.transports.protocol import RawResponse, Request

__all__ = [
    "OnUnreadable",
    "check_success",
    "decode",
    "is_html",
    "item_error",
    "unexpected",
]

T = TypeVar("T")

OnUnreadable = Callable[[UnreadableItem], object]

HTML_TYPES = ("text/html", "application/xhtml+xml")
REDIRECTS = (301, 302, 303, 307, 308)
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
PAGE = re.compile(
    r"(?i)(?:^[\ufeff\s]*<|<(?:!doctype|html|head|body|title|meta|script|form)\b)[^>]{0,1000}>\s*\S"
)
"""Matches a body that begins with markup or with a page's first tags, followed by content."""
MAX_EXCERPT_BYTES = 8_000
"""More than `redact` reads, so that it recognises a cut text."""
REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
}


def decode(
    operation: Operation[T],
    response: RawResponse,
    url: str,
    *,
    now: float,
    secrets: tuple[Secret, ...] = (),
    request: Request | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> T:
    """Return the typed result of a response.

    Args:
        operation: The call.
        response: The response.
        url: The request's URL, to resolve a relative redirect.
        now: UNIX seconds, for `retry_at`.
        secrets: Texts that no error may show, besides the operation's own.
        request: The request, whose public parts errors show.
        on_unreadable: Called with each item of a list that cannot be read. Without it, such an
            item raises `ResponseError`.

    Raises:
        ApiError: The server answered with an error status.
        ResponseError: The response cannot be read as this operation's result.
    """
    status = response.status
    if status in REDIRECTS and operation.redirect:
        return cast("T", _target(operation, response, url))
    if status in REDIRECTS and operation.redirect_member is not None:
        target = {operation.redirect_member: _target(operation, response, url)}
        return cast("T", msgspec.convert(target, operation.result))
    if 200 <= status < 300 and not operation.redirect:
        return _read_result(operation, response, url, secrets, on_unreadable)
    if status >= 400:
        raise _api_error(operation, response, now, secrets, request)
    problem = f"unexpected answer {status}"
    if status in REDIRECTS:
        problem += _leading(operation, response, url, secrets)
        problem += "; redirects are not followed, check the base URL"
    raise unexpected(operation, response, problem, secrets)


def check_success(
    operation: Operation[object],
    response: RawResponse,
    secrets: tuple[Secret, ...] = (),
) -> None:
    """Check that a successful response without a documented body comes from the API.

    Servers of different years used different statuses, and some sent a body: both are accepted.
    But a sign-in page, a captive portal or the web server at a wrong URL answers 200 to every
    request without carrying it out, and some gateways answer an error with 200.

    Raises:
        ResponseError: The body is a web page, or reports an error.
    """
    _check_no_error(operation, response, secrets)
    if not response.body.strip() or not _is_web_page(response):
        return
    try:
        parse_json(response.body)
    except (ValueError, RecursionError):
        problem = f"{response.status}, but the response is not one of the API"
        raise unexpected(operation, response, problem, secrets) from None


def unexpected(
    operation: Operation[object],
    response: RawResponse,
    problem: str,
    secrets: tuple[Secret, ...],
    where: str = "",
) -> ResponseError:
    """Return the error for a response that is not one of the API, quoting its beginning."""
    return ResponseError(
        f"{operation}: {problem}{_beginning(operation, response, secrets)}",
        operation=operation,
        where=where,
        status=response.status,
        body=response.body,
    )


def is_html(headers: Mapping[str, str]) -> bool:
    """Return whether a response's media type is that of a web page."""
    media_type = headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() in HTML_TYPES


def _target(operation: Operation[object], response: RawResponse, url: str) -> str:
    """Return the absolute target of a redirect."""
    try:
        target = urljoin(url, response.headers.get("location", ""))
        split_web_address(target)
        is_address = True
    except ValueError:
        is_address = False
    if "location" not in response.headers or not is_address:
        raise ResponseError(
            f"{operation}: {response.status} without a Location that is an http URL",
            operation=operation,
            status=response.status,
        )
    return target


def _read_result(
    operation: Operation[T],
    response: RawResponse,
    url: str,
    secrets: tuple[Secret, ...],
    on_unreadable: OnUnreadable | None,
) -> T:
    kind = operation.result
    if kind is None:
        check_success(operation, response, secrets)
        return cast("T", None)
    if kind is bytes:
        return cast("T", response.body)
    if isinstance(kind, type) and issubclass(kind, Model):
        _check_no_error(operation, response, secrets, kind.__struct_encode_fields__)
    if not response.body.strip() and _may_be_empty(kind):
        return cast("T", None)
    try:
        try:
            return cast("T", read_json(response.body, kind))
        except UnreadableError as error:
            result, items = read_items(
                response.body, error.where, operation, _start_index(url)
            )
    except UnreadableError as error:
        problem = (
            f"{response.status}, but the body cannot be read: "
            f"{error.where or 'body'}: {error}"
        )
        raise unexpected(operation, response, problem, secrets, error.where) from None
    for item in items:
        if on_unreadable is None:
            raise item_error(item, response)
        on_unreadable(item)
    return cast("T", result)


def item_error(
    item: UnreadableItem, response: RawResponse | None = None
) -> ResponseError:
    """Return the error for an unreadable item, for callers without `on_unreadable`."""
    return ResponseError(
        f"{item.operation}: an item cannot be read: {item.where}: {item.reason}; "
        "pass on_unreadable=... to continue after it",
        operation=item.operation,
        where=item.where,
        status=None if response is None else response.status,
        body=b"" if response is None else response.body,
        item=item,
    )


def _check_no_error(
    operation: Operation[object],
    response: RawResponse,
    secrets: tuple[Secret, ...],
    members: tuple[str, ...] = (),
) -> None:
    """Check that a successful response does not hold an error instead of the result.

    Raises:
        ResponseError: The body reports an error and has none of the result's `members`.
    """
    if b'"error"' not in response.body:
        return
    try:
        document = parse_json(response.body)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict) or not document.get("error"):
        return
    if not document.keys().isdisjoint(members):
        return
    message = redact(_error_text(_error_details(response.body)), operation, secrets)
    raise ResponseError(
        f"{operation}: {response.status}, but the body reports an error: "
        f"{message or 'without a message'}",
        operation=operation,
        where="$.error",
        status=response.status,
        body=response.body,
    )


def _start_index(url: str) -> int:
    """Return the `start-index` in a URL, 0 if there is none."""
    asked = dict(parse_qsl(urlsplit(url).query)).get("start-index", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else 0


def _is_web_page(response: RawResponse) -> bool:
    """Return whether a response is a web page by its media type or by its first characters."""
    return is_html(response.headers) or PAGE.search(_text_of(response.body)) is not None


def _beginning(
    operation: Operation[object], response: RawResponse, secrets: tuple[Secret, ...]
) -> str:
    """Return a description of a body that is not JSON, without private text."""
    if response.status in REDIRECTS:
        return ""
    import html  # Needed only for errors.

    content_type = redact(response.headers.get("content-type", ""), operation, secrets)
    text = _text_of(response.body).lstrip("\ufeff \t\r\n")
    # Broken JSON may hold other users' messages.
    if not text or text.startswith(("{", "[", '"')):
        if "json" in content_type:
            return ""
        return f" (Content-Type: {content_type or 'not given'!r})"
    # Unescaped, since a page may escape what it quotes in several ways.
    shown = redact(html.unescape(text), operation, secrets, is_page=True)
    if not _is_web_page(response):
        return f" (Content-Type: {content_type or 'not given'!r}): {shown}"
    return (
        f"; this is a web page ({content_type or 'no Content-Type'}), not the API: "
        f"is the base URL right, or does a proxy or sign-in page answer? It begins: {shown}"
    )


def _text_of(body: bytes) -> str:
    """Decode the beginning of a body for display."""
    is_wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    return body[:MAX_EXCERPT_BYTES].decode("utf-16" if is_wide else "utf-8", "replace")


def _leading(
    operation: Operation[object],
    response: RawResponse,
    url: str,
    secrets: tuple[Secret, ...],
) -> str:
    """Return the host that a redirect leads to; the rest of the URL may repeat the request."""
    try:
        parts = urlsplit(urljoin(url, response.headers["location"]))
    except (KeyError, ValueError):
        return ""
    host = parts.netloc.rpartition("@")[2]  # User and password may precede the host.
    return f" to {redact(f'{parts.scheme}://{host}', operation, secrets)}"


def _may_be_empty(kind: object) -> bool:
    try:
        return msgspec.convert(None, kind) is None
    except msgspec.ValidationError:
        return False


def _api_error(
    operation: Operation[object],
    response: RawResponse,
    now: float,
    secrets: tuple[Secret, ...],
    request: Request | None,
) -> ApiError:
    details = _error_details(response.body)
    message = _text_member(details, "message") or _text_member(
        details, "error_description"
    )
    kind = error_class(response.status)
    shown = redact(message, operation, secrets)
    error = kind(
        f"{operation}: {response.status}, {shown or REASONS.get(response.status, 'rejected')}",
        message=message,
        status=response.status,
        type=_text_member(details, "type") or _text_member(details, "error"),
        field=_text_member(details, "field") or None,
        validation=_text_member(details, "validation") or None,
        expected_type=details.get("expected_type"),
        operation=operation,
        headers=response.headers,
        body=response.body,
        request=None if request is None else _summary(operation, request),
    )
    error._secrets = secrets
    if isinstance(error, ForbiddenError):
        error.scopes = _scopes_in(message) or operation.scopes
        if error.scopes and not _scopes_in(message):
            error.args = (
                f"{error}; the call needs one of the scopes {', '.join(error.scopes)}",
            )
    if isinstance(error, RateLimitError):
        wait = seconds_until_allowed(response.headers, now)
        if wait is not None:
            error.retry_at = datetime.fromtimestamp(
                min(now + wait, LATEST_UNIX_SECONDS), UTC
            )
            error.args = (
                f"{error}; calls are accepted again at {error.retry_at:%Y-%m-%d %H:%M:%S} UTC",
            )
    return error


def _summary(operation: Operation[object], request: Request) -> RequestSummary:
    names = (name.lower() for name, _ in request.headers)
    return RequestSummary(
        request.method,
        operation.template(),
        tuple(name for name in names if name not in CREDENTIALS),
    )


def _error_details(body: bytes) -> Mapping[str, object]:
    """Return the members of an error: HipChat's envelope, OAuth's flat object, or empty."""
    try:
        document = parse_json(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    inner = document.get("error")
    return cast("Mapping[str, object]", inner if isinstance(inner, dict) else document)


def _error_text(details: Mapping[str, object]) -> str:
    """Return an error's message, or else its type."""
    names = ("message", "error_description", "error", "type")
    return next(filter(None, (_text_member(details, name) for name in names)), "")


def _text_member(details: Mapping[str, object], name: str) -> str:
    value = details.get(name)
    return value if isinstance(value, str) else ""


def _scopes_in(message: str) -> tuple[str, ...]:
    """Return the scopes in HipChat's Python-style list: `[u'view_group', u'view_room']`."""
    listed = re.search(r"scopes?:? *\[([^\]]*)\]", message)
    return tuple(re.findall(r"[a-z]+_[a-z_]+", listed.group(1))) if listed else ()
