"""Reads pictures as clients send them: base64, with or without a `data:` prefix (pure)."""

from __future__ import annotations

import base64
import binascii
import math
import mmap
import os
import re
import struct
from dataclasses import dataclass

from hipkit.server.services.errors import InvalidValueError

__all__ = [
    "LARGEST_PICTURE_BYTES",
    "PICTURE_TYPES",
    "Picture",
    "is_too_large_to_show",
    "read_picture",
]

Bytes = bytes | mmap.mmap

PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""Types that browsers may show inline; they save every other file."""

LARGEST_PICTURE_BYTES = 600 * 1024
"""As base64 this fits into the largest JSON body."""

LARGEST_SIDE = 16_384
MOST_PIXELS = 50_000_000
"""Of all frames together. A browser needs four bytes for each pixel."""

DATA_PREFIX = re.compile(r"\s*data:[^,;]*(?:;[^,;]*)*;base64,", re.IGNORECASE)

SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG segments that hold the size."""
JPEG_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment."""
JPEG_ENDS = frozenset({0xD9, 0xDA})
"""The end, and the start of the image data: the size has to come before."""
JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])")

GIF_BLOCK = re.compile(rb"[!,;]")
GIF_FRAME, GIF_END = b",", b";"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture whose type and size were checked."""

    data: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Size:
    """The size in a picture's header, in pixels."""

    width: int
    height: int
    reach: tuple[int, int]
    """Width and height that the picture and its frames cover together."""
    pixels: int = 0
    """Of all frames."""


def read_picture(source: str | bytes | os.PathLike[str], field: str) -> Picture:
    """Decode a picture, and return it with its type and size.

    Raises:
        InvalidValueError: It is not base64, too large, or not JPEG, PNG or GIF; or it, or a
            frame of it, has more pixels than `MOST_PIXELS` or `LARGEST_SIDE` allow.
    """
    data = source if isinstance(source, bytes) else _decode(str(source), field)
    if len(data) > LARGEST_PICTURE_BYTES:
        problem = f"is larger than {LARGEST_PICTURE_BYTES} bytes"
        raise InvalidValueError(field, "maxLength", problem, "(a picture)")
    found = _size_of(data)
    if found is None:
        raise InvalidValueError(
            field, "format", "is not a JPEG, PNG or GIF picture", "(a picture)"
        )
    content_type, size = found
    excess = _excess_of(size)
    if excess is not None:
        raise InvalidValueError(field, "maximum", excess, "(a picture)")
    return Picture(data, content_type, size.width, size.height)


def is_too_large_to_show(data: Bytes) -> bool:
    """Return whether a file is a picture with more pixels than are safe to show."""
    found = _size_of(data)
    return found is not None and _excess_of(found[1]) is not None


def _size_of(data: Bytes) -> tuple[str, _Size] | None:
    for content_type, size_of in (
        ("image/png", _png_size),
        ("image/gif", _gif_size),
        ("image/jpeg", _jpeg_size),
    ):
        size = size_of(data)
        if size is not None:
            return content_type, size
    return None


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


def _excess_of(size: _Size) -> str | None:
    """Return what would exhaust a browser's memory: a few bytes can declare any size."""
    if max(size.reach) > LARGEST_SIDE:
        return f"is more than {LARGEST_SIDE:,} pixels wide or high"
    if max(size.pixels, math.prod(size.reach)) > MOST_PIXELS:
        return f"has more than {MOST_PIXELS:,} pixels in all"
    return None


def _png_size(data: Bytes) -> _Size | None:
    """Return a PNG's size; an animation's frames lie within it, and each is counted."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return None
    size = _numbers(">II", data, 16)
    reach, pixels, place = size, 0, 8
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"fcTL":
            frame = _numbers(">II", data, place + 12)
            reach = _reach(reach, frame)
            pixels += math.prod(frame)
        place += 12 + length
    return _Size(*size, reach, pixels)


def _gif_size(data: Bytes) -> _Size | None:
    """Return a GIF's size, and how far its frames reach: each declares its own.

    Browsers skip what they do not know and read on, so frames after it count too.
    """
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 10:
        return None
    size = _numbers("<HH", data, 6)
    reach, pixels, place = size, 0, _behind_colours(data, 10, 13)
    while (match := GIF_BLOCK.search(data, place)) is not None:
        place, kind = match.end(), match.group()
        if kind == GIF_END:
            break
        if kind == GIF_FRAME:
            left, top = _numbers("<HH", data, place)
            width, height = _numbers("<HH", data, place + 4)
            reach = _reach(reach, (left + width, top + height))
            pixels += width * height
            place = _behind_colours(data, place + 8, place + 9)
        place = _behind_blocks(data, place + 1)
    return _Size(*size, reach, pixels)


def _behind_colours(data: Bytes, flags: int, place: int) -> int:
    """Return the offset after a colour table, if the flags declare one."""
    packed = data[flags] if flags < len(data) else 0
    return place + (3 << (packed & 7) + 1 if packed & 0x80 else 0)


def _behind_blocks(data: Bytes, place: int) -> int:
    """Return the offset after blocks that each begin with their length, the last with 0."""
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1


def _jpeg_size(data: Bytes) -> _Size | None:
    """Return the size in a JPEG's frame header, found as libjpeg finds it."""
    if data[:3] != b"\xff\xd8\xff":
        return None
    place = 2
    # Bytes between segments are skipped, padding included.
    while (match := JPEG_MARKER.search(data, place)) is not None:
        place, marker = match.end(), match.group(1)[0]
        if marker in SOF_MARKERS:
            height, width = _numbers(">HH", data, place + 3)
            # A height of 0 would be defined after the image data.
            return _Size(width, height, (width, height)) if height else None
        if marker in JPEG_ENDS:
            break
        if marker not in JPEG_STANDALONE:
            place += int.from_bytes(data[place : place + 2], "big")
    return None


def _reach(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])


def _numbers(layout: str, data: Bytes, place: int) -> tuple[int, int]:
    """Return two numbers; bytes that were cut off count as 0."""
    first, second = struct.unpack_from(layout, data[place : place + 8].ljust(8, b"\0"))
    return first, second
