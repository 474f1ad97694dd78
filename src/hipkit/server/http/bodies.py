"""Reads bodies, within limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import msgspec

from hipkit.errors import ApiError, BadRequestError
from hipkit.server.http.requests import Request, parse_pairs
from hipkit.server.services.refusals import TooLargeError

__all__ = [
    "ClientGoneError",
    "chunks_of",
    "content_type_of",
    "read_body",
    "read_members",
]

MOST_FORM_FIELDS = 200

DRAIN_FACTOR = 4
"""A body that is too large is read on up to so many times its limit: a client that is cut off
while it sends would never see the answer."""


class ClientGoneError(Exception):
    """The client hung up before its request was whole."""


class BodyTimeoutError(ApiError):
    """The body did not arrive in time."""

    default_status = 408


async def chunks_of(
    request: Request, largest_bytes: int, seconds: float
) -> AsyncIterator[bytes]:
    """Give a body in pieces.

    Raises:
        TooLargeError: It is larger than allowed; what was given so far is worth nothing.
        BodyTimeoutError: It did not arrive in time.
        ClientGoneError: It will never be whole.
    """
    length = request.headers.get("content-length", "")
    is_too_large = length.isdigit() and int(length[:19]) > largest_bytes
    size_bytes = 0
    ends = asyncio.get_running_loop().time() + seconds
    more = True
    while more:
        try:
            async with asyncio.timeout_at(ends):
                message = await request.receive()
        except TimeoutError as error:
            raise BodyTimeoutError("The body did not arrive in time") from error
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        more = bool(message.get("more_body", False))
        chunk = cast("bytes", message.get("body") or b"")
        size_bytes += len(chunk)
        is_too_large = is_too_large or size_bytes > largest_bytes
        if is_too_large:
            if size_bytes > DRAIN_FACTOR * largest_bytes:
                break
        elif chunk:
            yield chunk
    if is_too_large:
        raise TooLargeError(f"The body is larger than {largest_bytes} bytes")


async def read_body(request: Request, largest_bytes: int, seconds: float) -> bytes:
    """Return a whole body."""
    pieces = [piece async for piece in chunks_of(request, largest_bytes, seconds)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def content_type_of(request: Request) -> str | None:
    """Return the media type that a request names, in lower case, without parameters."""
    value = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return value or None


def read_members(body: bytes, content_type: str | None) -> dict[str, object]:
    """Read a JSON object or a form.

    Raises:
        BadRequestError: It is neither, or cannot be read.
    """
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_pairs(body, what="form", most=MOST_FORM_FIELDS))
    if content_type is None or not _is_json(content_type):
        raise BadRequestError(f"Invalid content type: {content_type}")
    return _read_json(body)


def _is_json(content_type: str) -> bool:
    return content_type in ("application/json", "text/json") or content_type.endswith(
        "+json"
    )


def _read_json(body: bytes) -> dict[str, object]:
    try:
        value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError as error:
        raise BadRequestError("The JSON is too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequestError("The body is not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise BadRequestError(
            "The body is not an object", validation="type", expected_type="object"
        )
    return value
