"""Reads bodies, within limits of size and time, and says what is wrong with a broken one.

The texts of those errors are recorded: HipChat wrote Python's own message, with the place,
behind a sentence of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from hipkit.api.bodies.json_grammar import BOM, parse_json
from hipkit.api.errors import ApiError, BadRequestError
from hipkit.server.http.requests import (
    Message,
    Receive,
    Request,
    describe_decode_error,
    parse_pairs,
)
from hipkit.server.services.errors import TooLargeError, format_value
from hipkit.server.settings import Settings
from hipkit.server.shared.recent_calls import BODY_BYTES

__all__ = [
    "FORM",
    "JSON",
    "BodyRecorder",
    "ClientGoneError",
    "chunks_of",
    "compression_error",
    "content_type_error",
    "content_type_of",
    "is_empty",
    "read_body",
    "read_members",
]

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

MOST_FORM_FIELDS = 200

EMPTY = frozenset({b"", b"{}", b"[]", b"null", b'""'})
"""How languages write an object without members: PHP an empty array, Go a null."""
LONGEST_EMPTY = 16

COMPRESSIONS = frozenset(
    {"br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"}
)
"""Such bodies are not read; other values of `Content-Encoding` are harmless mistakes."""

NOT_JSON = "The request body cannot be parsed as valid JSON"
NOT_UTF8 = "The request body cannot be decoded as UTF-8"

DRAIN_FACTOR = 4
"""A body that is too large is read up to so many times its limit: a client that is cut off while
it sends would never see the answer."""


@dataclass(slots=True)
class BodyRecorder:
    """Receives a request, and keeps the beginning of its body for the list of API calls."""

    source: Receive
    beginning: bytes = b""

    async def receive(self) -> Message:
        """Receive a piece of the request."""
        message = await self.source()
        if len(self.beginning) < BODY_BYTES:
            self.beginning += cast("bytes", message.get("body") or b"")[:BODY_BYTES]
        return message


class ClientGoneError(Exception):
    """The client hung up before its request was whole."""


class BodyTimeoutError(ApiError):
    """The body did not arrive in time."""

    default_status = 408


async def chunks_of(
    request: Request, largest_bytes: int, seconds: float
) -> AsyncIterator[bytes]:
    """Yield a body in pieces.

    Raises:
        TooLargeError: It is larger than allowed; the pieces so far are not the whole body.
        BodyTimeoutError: It did not arrive in time.
        ClientGoneError: It will never be whole.
    """
    length = request.headers.get("content-length", "")
    # Digits of other scripts, too, are digits to Python.
    is_number = length.isascii() and length.isdigit()
    is_too_large = is_number and int(length[:19]) > largest_bytes
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


async def read_body(request: Request, settings: Settings) -> bytes:
    """Return a whole body, within the limits of bodies without a file."""
    chunks = chunks_of(request, settings.largest_body_bytes, settings.body_seconds)
    pieces = [piece async for piece in chunks]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def content_type_of(request: Request) -> str | None:
    """Return the media type that a request names, in lower case, without parameters."""
    value = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return value or None


def is_empty(body: bytes) -> bool:
    """Return whether a body holds no member, in whichever language's spelling."""
    body = body.removeprefix(BOM).strip()
    return len(body) <= LONGEST_EMPTY and b"".join(body.split()) in EMPTY


def read_members(
    body: bytes,
    content_type: str | None,
    *,
    strict: bool,
    headers: Mapping[str, str] | None = None,
    part: str | None = None,
) -> dict[str, object]:
    """Read a JSON object or a form.

    Args:
        body: As it came.
        content_type: What it is said to be.
        strict: Whether half of a character, or a number beyond all range, is an error.
        headers: The request's; they may say that the body is compressed, and so unreadable.
        part: The part of a larger body that it is.

    Raises:
        BadRequestError: It is neither, or cannot be read.
    """
    try:
        if content_type == FORM:
            return _read_form(body)
        if not _is_json(content_type):
            raise content_type_error(content_type)
        return _read_json(body, strict=strict, part=part)
    except BadRequestError as error:
        raise (compression_error(headers or {}) or error) from None


def content_type_error(content_type: str | None) -> BadRequestError:
    """Return the error about a body of another type, which HipChat's words do not name."""
    missing = ": None" if content_type is None else ""
    return BadRequestError(f"Invalid content type{missing}")


def compression_error(headers: Mapping[str, str]) -> BadRequestError | None:
    """Return the error about a compressed body, or `None` if it is not said to be one."""
    compression = headers.get("content-encoding", "").strip().lower()
    if compression not in COMPRESSIONS:
        return None
    return BadRequestError(
        f"{NOT_UTF8}: it is compressed (Content-Encoding: {compression}); send it as it is"
    )


def _is_json(content_type: str | None) -> bool:
    return content_type is not None and (
        content_type in (JSON, "text/json") or content_type.endswith("+json")
    )


def _read_form(body: bytes) -> dict[str, object]:
    members = dict(parse_pairs(body, what="request body", most=MOST_FORM_FIELDS))
    if body.removeprefix(BOM).lstrip().startswith((b"{", b"[")) and _holds_json(body):
        # curl and others call everything a form by default.
        raise BadRequestError(
            f"Invalid content type: the body is JSON, but is said to be a form ({FORM})"
        )
    return cast("dict[str, object]", members)


def _holds_json(body: bytes) -> bool:
    try:
        parse_json(body)
    except (ValueError, RecursionError):
        return False
    return True


def _read_json(body: bytes, *, strict: bool, part: str | None) -> dict[str, object]:
    where = "" if part is None else f" of the part '{part}'"
    try:
        value = _parse_strictly(body) if strict else parse_json(body)
    except RecursionError:
        raise BadRequestError("The JSON is too deep") from None
    except UnicodeDecodeError as error:
        problem = describe_decode_error(error)
        raise BadRequestError(f"{NOT_UTF8}: {problem}{where}") from None
    except json.JSONDecodeError as error:
        # Not as the cause: it holds the whole body.
        problem = _describe_json_error(error)
        raise BadRequestError(f"{NOT_JSON}: {problem}{where}") from None
    if not isinstance(value, dict):
        raise BadRequestError(
            "The body is not an object", validation="type", expected_type="object"
        )
    return value


def _parse_strictly(body: bytes) -> object:
    try:
        return msgspec.json.decode(body.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError):
        parse_json(body)
        raise BadRequestError(
            f"{NOT_JSON}: half of a character, or a number beyond all range"
        ) from None


def _describe_json_error(error: json.JSONDecodeError) -> str:
    problem = error.msg
    if problem == "Invalid control character at":
        problem = f"Invalid control character {format_value(error.doc[error.pos])} at"
    return f"{problem}: line {error.lineno} column {error.colno} (char {error.pos})"
