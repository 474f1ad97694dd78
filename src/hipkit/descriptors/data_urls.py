"""Read `data:` URLs: an add-on without a server has its descriptor in one."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from hipkit.descriptors.document import LARGEST_DESCRIPTOR

__all__ = ["is_data_url", "read_data_url"]

START = re.compile(r"data:", re.IGNORECASE)
DATA = re.compile(
    r"data:[^,;]*(?:;(?!base64,)[^,;]*)*(?P<base64>;base64)?,(?P<content>.*)",
    re.IGNORECASE | re.DOTALL,
)
LONGEST = LARGEST_DESCRIPTOR * 4
"""Percent encoding makes three characters of one, base64 four of three."""


def is_data_url(text: str) -> bool:
    """Return whether a text is meant as a `data:` URL."""
    return START.match(text) is not None


def read_data_url(url: str) -> bytes:
    """Return the content of a `data:` URL, whatever type it names.

    Raises:
        ValueError: It is none, too long, or holds no base64 though it says so. The message does
            not repeat it.
    """
    parts = DATA.fullmatch(url) if len(url) <= LONGEST else None
    if parts is None:
        raise ValueError("the data: URL cannot be read, or is too long")
    content = unquote_to_bytes(parts["content"])
    if parts["base64"] is None:
        return content
    # In the alphabet for URLs too, and without padding.
    plain = content.translate(bytes.maketrans(b"-_", b"+/"), b" \r\n\t=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        raise ValueError("the data: URL holds no base64") from None
