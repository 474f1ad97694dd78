"""Texts that stand in one line of the page: names, topics, titles, sizes, moments (pure)."""

from __future__ import annotations

import re
import unicodedata

from hipkit.server.services.representations.timestamps import Timestamp

__all__ = ["machine_moment", "one_line", "size_in_words"]

UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

# Marks that turn the direction of what follows, with which `exe.gnp` would read as `png.exe`, and
# letters of no width, with which two names would look the same. Joiners stay: scripts need them.
TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
MOST_MARKS = 4
"""Accents on one letter; more would be drawn over the lines above and below."""


def one_line(text: str) -> str:
    """Return a text without line ends, turned directions and towers of accents."""
    line = UNSEEN.sub(" ", TURNING.sub("", text)).strip()
    return line if line.isascii() else "".join(_few_marks(line))


def machine_moment(moment_us: int) -> str:
    """Write a moment as a machine reads it; `page.js` shows it in the reader's time zone."""
    return Timestamp.from_us(moment_us).strftime("%Y-%m-%dT%H:%M:%SZ")


def size_in_words(size_bytes: int) -> str:
    """Write a size: `512 bytes`, `1.5 KB`, `20 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    size, unit = size_bytes / 1e3, "KB"
    if size >= 999.5:
        size, unit = size / 1e3, "MB"
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def _few_marks(text: str) -> list[str]:
    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MOST_MARKS:
            kept.append(letter)
    return kept
