"""Convert a response to a typed result, or raise the matching error (pure).

This module interprets status and headers; `hipkit.api.bodies.reading` reads the body, and
`reply.py` has the errors.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, TypeVar, cast, get_args
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import UNSET

from hipkit.api.bodies.reading import UnreadableError, read_json
from hipkit.api.errors import ResponseError
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.api.unreadable import OnUnreadable, UnreadableItem, read_items
from hipkit.client.reply import REDIRECTS, Reply
from hipkit.transports.protocol import RawResponse

__all__ = ["decode", "report"]

T = TypeVar("T")


def decode(
    operation: Operation[T],
    reply: Reply,
    on_unreadable: OnUnreadable | None = None,
) -> T:
    """Return the typed result of a response.

    Args:
        operation: The call.
        reply: Its response.
        on_unreadable: Called with each item of a list that cannot be read. Without it, such an
            item raises `ResponseError`.

    Raises:
        ApiError: The server answered with an error status.
        ResponseError: The response cannot be read as this operation's result.
    """
    status = reply.response.status
    if 200 <= status < 300 and not operation.redirect:
        result: T = _read_result(reply, on_unreadable)
        return result
    if status >= 400:
        raise reply.api_error()
    if status not in REDIRECTS:
        raise reply.unexpected(f"unexpected answer {status}")
    if operation.redirect:
        return cast("T", reply.redirect_target())
    if operation.redirect_member is not None:
        target = {operation.redirect_member: reply.redirect_target()}
        return cast("T", msgspec.convert(target, operation.result))
    raise reply.redirect_error()


def _read_result(reply: Reply, on_unreadable: OnUnreadable | None) -> Any:
    body, kind = reply.response.body, reply.call.operation.result
    if kind is None:
        reply.check_success()
        return None
    if kind is bytes:
        return body
    if kind is str and reply.call.operation.is_text:
        return _text_of(reply.response)
    try:
        result = read_json(body, kind)
    except UnreadableError as error:
        where = error.where
    else:
        # A result with a member is no error, and to search a long body takes a quarter of the
        # time that reading it takes.
        if isinstance(result, Model) and _is_empty(result):
            reply.check_no_error(result.__struct_encode_fields__)
        return result
    if isinstance(kind, type) and issubclass(kind, Model):
        reply.check_no_error(kind.__struct_encode_fields__)
    if not body.strip() and (kind is object or NoneType in get_args(kind)):
        return None
    return _read_partly(reply, where, on_unreadable)


def _text_of(response: RawResponse) -> str:
    """Return a body as text, in the encoding that its content type names, by default UTF-8."""
    from email.message import Message  # Large, and JSON needs none.

    message = Message()
    message["content-type"] = response.headers.get("content-type", "")
    charset = message.get_content_charset("utf-8")
    try:
        return response.body.decode(charset, errors="replace")
    except LookupError:
        return response.body.decode(errors="replace")


def _read_partly(
    reply: Reply, where: str, on_unreadable: OnUnreadable | None
) -> object:
    """Return a result without the items that cannot be read, after reporting those."""
    response, start = reply.response, _start_index(reply.call.url)
    try:
        result, items = read_items(response.body, where, reply.operation, start)
    except UnreadableError as error:
        problem = f"the body cannot be read: {error.where or 'body'}: {error}"
        problem = f"{response.status}, but {problem}"
        raise reply.unexpected(problem, error.where) from None
    for item in items:
        report(item, on_unreadable, reply)
    return result


def _is_empty(result: Model) -> bool:
    values = (getattr(result, name) for name in result.__struct_fields__)
    return all(value is None or value is UNSET for value in values)


def report(
    item: UnreadableItem,
    on_unreadable: OnUnreadable | None,
    reply: Reply | None = None,
) -> None:
    """Pass an unreadable item to the function, if there is one.

    Raises:
        ResponseError: There is none; the error has the response, if it is still at hand.
    """
    if on_unreadable is not None:
        on_unreadable(item)
        return
    error = ResponseError(
        f"{item.operation}: an item cannot be read: {item.where}: {item.reason}; "
        "pass on_unreadable=... to continue after it",
        operation=item.operation,
        where=item.where,
        status=None if reply is None else reply.response.status,
        body=b"" if reply is None else reply.response.body,
        item=item,
    )
    error.request_id = None if reply is None else reply.call.request_id
    raise error


def _start_index(url: str) -> int:
    """Return the `start-index` in a URL, 0 if there is none."""
    asked = dict(parse_qsl(urlsplit(url).query)).get("start-index", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else 0
