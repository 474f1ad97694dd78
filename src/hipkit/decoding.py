"""From an answer to a typed result or to the right error (pure).

What an answer's body holds is read by `reading.py`; here is what status and headers mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar, cast
from urllib.parse import urljoin, urlsplit

import msgspec

from hipkit.errors import (
    ApiError,
    ForbiddenError,
    RateLimitError,
    ResponseError,
    error_class,
)
from hipkit.json_grammar import parse_json
from hipkit.limits import LARGEST_MOMENT, seconds_until_allowed
from hipkit.operation import Operation
from hipkit.reading import UnreadableError, read_json
from hipkit.redaction import redact
from hipkit.transports.protocol import Reply

__all__ = ["decode"]

T = TypeVar("T")

REDIRECTS = (301, 302, 303, 307, 308)
REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
}


def decode(
    operation: Operation[T],
    reply: Reply,
    url: str,
    *,
    now: float,
    secrets: tuple[str, ...] = (),
) -> T:
    """Return what the answer means for this call.

    Args:
        operation: The call.
        reply: The answer.
        url: The request's address, for a relative redirect.
        now: UNIX seconds, for `retry_at`.
        secrets: Texts beside the operation's own that no error may show.

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
        return _read_result(operation, reply, secrets)
    if status >= 400:
        raise _api_error(operation, reply, now, secrets)
    hint = "; redirects are not followed, check the base URL"
    raise ResponseError(
        f"{operation}: unexpected answer {status}{hint if status in REDIRECTS else ''}",
        operation=operation,
        status=status,
        body=reply.body,
    )


def _target(operation: Operation[object], reply: Reply, url: str) -> str:
    """Return where a redirect leads."""
    try:
        target = urljoin(url, reply.headers.get("location", ""))
        is_address = urlsplit(target).scheme in ("http", "https")
    except ValueError:
        is_address = False
    if "location" not in reply.headers or not is_address:
        raise ResponseError(
            f"{operation}: {reply.status} without a Location that is an http address",
            operation=operation,
            status=reply.status,
        )
    return target


def _read_result(operation: Operation[T], reply: Reply, secrets: tuple[str, ...]) -> T:
    kind = operation.result
    if kind is None:
        return cast("T", None)
    if kind is bytes:
        return cast("T", reply.body)
    if not reply.body.strip() and _may_be_empty(kind):
        return cast("T", None)
    try:
        return cast("T", read_json(reply.body, kind))
    except UnreadableError as error:
        content_type = redact(reply.headers.get("content-type", ""), operation, secrets)
        hint = (
            ""
            if "json" in content_type
            else f" (the answer's type is {content_type or 'not given'!r})"
        )
        raise ResponseError(
            f"{operation}: {reply.status}, but the body cannot be read: "
            f"{error.where or 'body'}: {error}{hint}",
            operation=operation,
            where=error.where,
            status=reply.status,
            body=reply.body,
        ) from None


def _may_be_empty(kind: object) -> bool:
    try:
        return msgspec.convert(None, kind) is None
    except msgspec.ValidationError:
        return False


def _api_error(
    operation: Operation[object], reply: Reply, now: float, secrets: tuple[str, ...]
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
    )
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


def _word(told: Mapping[str, object], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _scopes_in(message: str) -> tuple[str, ...]:
    """Read the list that HipChat writes as Python would: `[u'view_group', u'view_room']`."""
    listed = re.search(r"scopes?:? *\[([^\]]*)\]", message)
    return tuple(re.findall(r"[a-z]+_[a-z_]+", listed.group(1))) if listed else ()
