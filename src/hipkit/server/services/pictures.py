"""Reads pictures as clients send them: base64, with or without a `data:` prefix (pure)."""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass

from hipkit.server.services.refusals import InvalidValueError

__all__ = ["LARGEST_PICTURE_BYTES", "PICTURE_TYPES", "Picture", "read_picture"]

PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""What a browser may show in place; every other file it is to save."""

LARGEST_PICTURE_BYTES = 600 * 1024
"""As base64 this fits into the largest JSON body."""

DATA_PREFIX = re.compile(r"\s*data:[^,;]*(?:;[^,;]*)*;base64,", re.IGNORECASE)

SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG segments that tell the size."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was looked into."""

    data: bytes
    content_type: str
    width: int
    height: int


def read_picture(source: str | bytes | os.PathLike[str], field: str) -> Picture:
    """Decode a picture and tell what it is.

    Raises:
        InvalidValueError: It is not base64, too large, or not JPEG, PNG or GIF.
    """
    data = source if isinstance(source, bytes) else _decode(str(source), field)
    if len(data) > LARGEST_PICTURE_BYTES:
        problem = f"is larger than {LARGEST_PICTURE_BYTES} bytes"
        raise InvalidValueError(field, "maxLength", problem, "(a picture)")
    for content_type, size_of in (
        ("image/png", _png_size),
        ("image/gif", _gif_size),
        ("image/jpeg", _jpeg_size),
    ):
        size = size_of(data)
        if size is not None:
            return Picture(data, content_type, *size)
    raise InvalidValueError(
        field, "format", "is not a JPEG, PNG or GIF picture", "(a picture)"
    )


def _decode(text: str, field: str) -> bytes:
    prefix = DATA_PREFIX.match(text)
    if prefix is not None:
        text = text[prefix.end() :]
    try:
        # Some libraries break base64 into lines and leave the padding out.
        plain = "".join(text.split())
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidValueError(
            field, "format", "is not base64", "(a picture)", "string"
        ) from error


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith((b"GIF87a", b"GIF89a")) or len(data) < 10:
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in SOF_MARKERS:
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            return int.from_bytes(data[place + 7 : place + 9], "big"), height
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
