"""The error of the tools that write source files, whose text is all that their users see."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_MESSAGE = 600
SHOWN_NAMES = 5


class GenerationError(Exception):
    """The output cannot be made or written; one line of text says why, and how to fix it."""

    def __init__(self, text: str) -> None:
        line = "".join(letter if letter.isprintable() else " " for letter in text)
        line = re.sub(" +", " ", line).strip()
        if len(line) > LONGEST_MESSAGE:
            line = f"{line[:LONGEST_MESSAGE]}..."
        super().__init__(line)


def in_short(names: Sequence[str]) -> str:
    """Return the first names, and how many there are beside them."""
    shown, more = names[:SHOWN_NAMES], len(names) - SHOWN_NAMES
    return f"{', '.join(shown)}{f' and {more} more' if more > 0 else ''}"
