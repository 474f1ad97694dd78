"""How arguments are written: as text in paths, queries and forms, and as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import quote

import msgspec

from hipkit.api.bodies.extra import EXTRA
from hipkit.api.bodies.writing import to_plain

__all__ = ["as_json", "as_text", "as_texts", "quoted", "shown_segment"]

EXTRA_BYTES = EXTRA.encode()
UNRESERVED = f"{ascii_letters}{digits}-._~"
ESCAPES = tuple(
    chr(code) if chr(code) in UNRESERVED else f"%{code:02X}" for code in range(128)
)
"""What each ASCII character is in a path or query, as RFC 3986 says."""


def as_texts(value: object, separator: str | None) -> Iterable[str]:
    """Return the texts that a value is sent as: those of a list joined, or one for each item."""
    if not isinstance(value, (list, tuple)):
        return (as_text(value),)
    texts = map(as_text, value)
    return texts if separator is None else (separator.join(texts),)


def quoted(text: str) -> str:
    """Percent-encode a text for a path or query.

    Raises:
        UnicodeEncodeError: The text has half of a surrogate pair.
    """
    # The common case in one step of C: `quote` takes three times as long.
    return text.translate(ESCAPES) if text.isascii() else quote(text, safe="")


def shown_segment(text: str) -> str:
    """Return a path argument readable, but for what would end it, its line or its text."""
    return "".join(
        char
        if char.isprintable() and char not in "/%?#{}"
        else quote(char, safe="", errors="surrogatepass")
        for char in text
    )


def as_text(value: object) -> str:
    """Return the text that a single value is sent as: JSON for an object or a list."""
    if isinstance(value, str):
        # Formatting a member of an enum of texts returns its name, not its value.
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (dict, list, tuple, msgspec.Struct)):
        return as_json(value).decode()
    return str(value)


def _encode_picture(value: object) -> object:
    """Encode a picture's path as its content; msgspec itself encodes bytes as base64."""
    if isinstance(value, os.PathLike):
        return Path(value).read_bytes()
    raise TypeError(f"cannot be sent as JSON: {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_encode_picture)


def as_json(value: object) -> bytes:
    """Return the JSON that a value is sent as, with the content of pictures that are paths.

    Raises:
        TypeError: A part of it has no JSON.
        OSError: A picture cannot be read.
    """
    content = _encoder.encode(value)
    # Further members are among the others only once `to_plain` has moved them.
    return _encoder.encode(to_plain(value)) if EXTRA_BYTES in content else content
