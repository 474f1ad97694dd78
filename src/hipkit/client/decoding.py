"""From an answer to a typed result or to the right error (pure).

What an answer's body holds is read by `hipkit.api.reading`; here is what status and headers mean.
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
from hipkit.api.limits import LARGEST_MOMENT, seconds_until_allowed
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.api.reading import UnreadableError, read_json, read_parts
from hipkit.api.redaction import redact, redact_page
from hipkit.api.response import RequestSummary
from hipkit.api.secret import Secret
from hipkit.api.unreadable import UnreadableItem
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
"""Markup at the beginning, or what pages begin with behind it, and something to show."""
MOST_LOOKED_AT = 8_000
"""More than `redact` reads, so that it knows of the cut."""
REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
}


def decode(
    operation: Operation[T],
    reply: RawResponse,
    url: str,
    *,
    now: float,
    secrets: tuple[Secret, ...] = (),
    request: Request | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> T:
    """Return what the answer means for this call.

    Args:
        operation: The call.
        reply: The answer.
        url: The request's address, for a relative redirect.
        now: UNIX seconds, for `retry_at`.
        secrets: Texts beside the operation's own that no error may show.
        request: What was sent, for errors to tell the harmless part of.
        on_unreadable: Called with each item of a list that cannot be read; without it such an
            item is an error.

    Raises:
        ApiError: The server said no.
        ResponseError: What came back cannot be read as this answer.
    """
    status = reply.status
    if status in REDIRECTS and operation.redirect:
        return cast("T", _target(operation, reply, url))
    if status in REDIRECTS and operation.redirect_member is not None:
        target = {operation.redirect_member: _target(operation, reply, url)}
        return cast("T", msgspec.convert(target, operation.result))
    if 200 <= status < 300 and not operation.redirect:
        return _read_result(operation, reply, url, secrets, on_unreadable)
    if status >= 400:
        raise _api_error(operation, reply, now, secrets, request)
    problem = f"unexpected answer {status}"
    if status in REDIRECTS:
        problem += _leading(operation, reply, url, secrets)
        problem += "; redirects are not followed, check the base URL"
    raise unexpected(operation, reply, problem, secrets)


def check_success(
    operation: Operation[object], reply: RawResponse, secrets: tuple[Secret, ...] = ()
) -> None:
    """Check that an answer of success that promises no content is one of the API.

    Servers of different years chose different statuses, and some told more than they promised:
    that is left alone. But a sign-in page, a captive portal or the web server at a wrong address
    answer 200 to everything, and have carried out nothing; and gateways put 200 on a refusal.

    Raises:
        ResponseError: It is a web page, or tells of an error.
    """
    _refuse_told_error(operation, reply, secrets)
    if not reply.body.strip() or not _is_web_page(reply):
        return
    try:
        parse_json(reply.body)
    except (ValueError, RecursionError):
        problem = f"{reply.status}, but what came is no answer"
        raise unexpected(operation, reply, problem, secrets) from None


def unexpected(
    operation: Operation[object],
    reply: RawResponse,
    problem: str,
    secrets: tuple[Secret, ...],
    where: str = "",
) -> ResponseError:
    """Return the error for an answer that is none of the API, with the beginning of what came."""
    return ResponseError(
        f"{operation}: {problem}{_beginning(operation, reply, secrets)}",
        operation=operation,
        where=where,
        status=reply.status,
        body=reply.body,
    )


def is_html(headers: Mapping[str, str]) -> bool:
    """Say whether an answer's type is that of a web page."""
    media_type = headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() in HTML_TYPES


def _target(operation: Operation[object], reply: RawResponse, url: str) -> str:
    """Return where a redirect leads."""
    try:
        target = urljoin(url, reply.headers.get("location", ""))
        split_web_address(target)
        is_address = True
    except ValueError:
        is_address = False
    if "location" not in reply.headers or not is_address:
        raise ResponseError(
            f"{operation}: {reply.status} without a Location that is an http address",
            operation=operation,
            status=reply.status,
        )
    return target


def _read_result(
    operation: Operation[T],
    reply: RawResponse,
    url: str,
    secrets: tuple[Secret, ...],
    on_unreadable: OnUnreadable | None,
) -> T:
    kind = operation.result
    if kind is None:
        check_success(operation, reply, secrets)
        return cast("T", None)
    if kind is bytes:
        return cast("T", reply.body)
    if isinstance(kind, type) and issubclass(kind, Model):
        _refuse_told_error(operation, reply, secrets, kind.__struct_encode_fields__)
    if not reply.body.strip() and _may_be_empty(kind):
        return cast("T", None)
    try:
        try:
            return cast("T", read_json(reply.body, kind))
        except UnreadableError as error:
            result, parts = read_parts(reply.body, kind, error.where)
    except UnreadableError as error:
        problem = (
            f"{reply.status}, but the body cannot be read: "
            f"{error.where or 'body'}: {error}"
        )
        raise unexpected(operation, reply, problem, secrets, error.where) from None
    start = _start_index(url)
    for part in parts:
        item = UnreadableItem(
            raw=part.raw,
            where=part.where,
            reason=part.reason,
            index=part.index,
            start_index=start + part.index + 1,
            operation=operation,
        )
        if on_unreadable is None:
            raise item_error(item, reply)
        on_unreadable(item)
    return cast("T", result)


def item_error(item: UnreadableItem, reply: RawResponse | None = None) -> ResponseError:
    """Return the error for an item that nobody wants handed over."""
    return ResponseError(
        f"{item.operation}: an item cannot be read: {item.where}: {item.reason}; "
        "on_unreadable=... goes on behind it",
        operation=item.operation,
        where=item.where,
        status=None if reply is None else reply.status,
        body=b"" if reply is None else reply.body,
        item=item,
    )


def _refuse_told_error(
    operation: Operation[object],
    reply: RawResponse,
    secrets: tuple[Secret, ...],
    members: tuple[str, ...] = (),
) -> None:
    """Refuse an answer of success that holds an error, and nothing of what was asked for.

    Raises:
        ResponseError: It is one.
    """
    if b'"error"' not in reply.body:
        return
    try:
        document = parse_json(reply.body)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict) or not document.get("error"):
        return
    if not document.keys().isdisjoint(members):
        return
    told = redact(_words(_told(reply.body)), operation, secrets)
    raise ResponseError(
        f"{operation}: {reply.status}, but the body tells of an error: {told or 'no words'}",
        operation=operation,
        where="$.error",
        status=reply.status,
        body=reply.body,
    )


def _start_index(url: str) -> int:
    """Return how many items of a list were asked to be skipped."""
    asked = dict(parse_qsl(urlsplit(url).query)).get("start-index", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else 0


def _is_web_page(reply: RawResponse) -> bool:
    """Recognise a page by its type, or by its first letters where the type says otherwise."""
    return is_html(reply.headers) or PAGE.search(_text_of(reply.body)) is not None


def _beginning(
    operation: Operation[object], reply: RawResponse, secrets: tuple[Secret, ...]
) -> str:
    """Say what came in place of JSON, as far as that may be shown."""
    if reply.status in REDIRECTS:
        return ""
    import html  # Only what went wrong needs it.

    content_type = redact(reply.headers.get("content-type", ""), operation, secrets)
    text = _text_of(reply.body).lstrip("\ufeff \t\r\n")
    # What was JSON once may hold other people's messages.
    if not text or text.startswith(("{", "[", '"')):
        if "json" in content_type:
            return ""
        return f" (the answer's type is {content_type or 'not given'!r})"
    # As people would read it: a page writes what it quotes in many ways.
    shown = redact_page(html.unescape(text), operation, secrets)
    if not _is_web_page(reply):
        return f" (the answer's type is {content_type or 'not given'!r}): {shown}"
    return (
        f"; this is a web page ({content_type or 'without a type'}), not the API: "
        f"is the base URL right, or does a proxy or sign-in page answer? It begins: {shown}"
    )


def _text_of(body: bytes) -> str:
    """Read the beginning of whatever came, for people."""
    is_wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    return body[:MOST_LOOKED_AT].decode("utf-16" if is_wide else "utf-8", "replace")


def _leading(
    operation: Operation[object],
    reply: RawResponse,
    url: str,
    secrets: tuple[Secret, ...],
) -> str:
    """Say to which host a redirect leads; the rest of its address may repeat the request."""
    try:
        parts = urlsplit(urljoin(url, reply.headers["location"]))
    except (KeyError, ValueError):
        return ""
    host = parts.netloc.rpartition("@")[2]  # A name and a password may stand in front.
    return f" to {redact(f'{parts.scheme}://{host}', operation, secrets)}"


def _may_be_empty(kind: object) -> bool:
    try:
        return msgspec.convert(None, kind) is None
    except msgspec.ValidationError:
        return False


def _api_error(
    operation: Operation[object],
    reply: RawResponse,
    now: float,
    secrets: tuple[Secret, ...],
    request: Request | None,
) -> ApiError:
    told = _told(reply.body)
    message = _word(told, "message") or _word(told, "error_description")
    kind = error_class(reply.status)
    shown = redact(message, operation, secrets)
    error = kind(
        f"{operation}: {reply.status}, {shown or REASONS.get(reply.status, 'refused')}",
        message=message,
        status=reply.status,
        type=_word(told, "type") or _word(told, "error"),
        field=_word(told, "field") or None,
        validation=_word(told, "validation") or None,
        expected_type=told.get("expected_type"),
        operation=operation,
        headers=reply.headers,
        body=reply.body,
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
        wait = seconds_until_allowed(reply.headers, now)
        if wait is not None:
            error.retry_at = datetime.fromtimestamp(
                min(now + wait, LARGEST_MOMENT), UTC
            )
            error.args = (
                f"{error}; calls are taken again at {error.retry_at:%Y-%m-%d %H:%M:%S} UTC",
            )
    return error


def _summary(operation: Operation[object], request: Request) -> RequestSummary:
    names = (name.lower() for name, _ in request.headers)
    return RequestSummary(
        request.method,
        operation.template(),
        tuple(name for name in names if name not in CREDENTIALS),
    )


def _told(body: bytes) -> Mapping[str, object]:
    """Find what a refusal says: HipChat's envelope, OAuth's flat form, or nothing."""
    try:
        document = parse_json(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    inner = document.get("error")
    return cast("Mapping[str, object]", inner if isinstance(inner, dict) else document)


def _words(told: Mapping[str, object]) -> str:
    """Return what a refusal says for people, or else its name."""
    names = ("message", "error_description", "error", "type")
    return next(filter(None, (_word(told, name) for name in names)), "")


def _word(told: Mapping[str, object], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _scopes_in(message: str) -> tuple[str, ...]:
    """Read the list that HipChat writes as Python would: `[u'view_group', u'view_room']`."""
    listed = re.search(r"scopes?:? *\[([^\]]*)\]", message)
    return tuple(re.findall(r"[a-z]+_[a-z_]+", listed.group(1))) if listed else ()
