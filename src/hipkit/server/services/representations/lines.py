"""Texts that anybody may have written, in one line (pure)."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["one_line", "shortened"]

WHITESPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

# Marks that change the direction of what follows would show `exe.gnp` as `png.exe`, and letters
# without width would make two names look the same. Joiners stay: some scripts need them.
INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")

MOST_MARKS = 4
"""Accents on one letter; more would be drawn over the neighbouring lines."""


def one_line(text: str) -> str:
    """Return a text without line ends, direction marks and stacked accents."""
    line = WHITESPACE.sub(" ", INVISIBLE.sub("", text)).strip()
    return line if line.isascii() else "".join(_few_marks(line))


def shortened(text: str, most: int) -> str:
    """Return the beginning of a text in one line, of so many characters at most."""
    line = one_line(text[: 4 * most])
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _few_marks(text: str) -> list[str]:
    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MOST_MARKS:
            kept.append(letter)
    return kept
