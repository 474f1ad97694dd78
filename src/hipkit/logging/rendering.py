"""Log records as HTML of a notification (pure).

HTML, because in the format `text` a record with `@all` would alert everybody.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Literal, NamedTuple

from hipkit.api.messages.long_messages import LONGEST_MESSAGE, truncate_message

__all__ = [
    "COLORS",
    "LARGEST_BATCH",
    "Color",
    "Entry",
    "color_of",
    "compose",
    "level_number",
    "render",
]

Color = Literal["yellow", "green", "red", "purple", "gray", "random"]

COLORS: Mapping[int, Color] = {
    logging.NOTSET: "gray",
    logging.INFO: "green",
    logging.WARNING: "yellow",
    logging.ERROR: "red",
}
"""Lowest level -> background."""

LARGEST_BATCH = LONGEST_MESSAGE - 100
"""The size of a batch in characters. The rest is for what is said about dropped records."""
LONGEST_LINE = 3000
LONGEST_REST = 5000
"""The most characters of a record's first line, and of the others. Markup needs some too."""
LINE_END = "<br>"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")
"""Control characters without those that are white space."""


class Entry(NamedTuple):
    """A record that is ready to be posted."""

    level: int
    html: str

    @property
    def size(self) -> int:
        """Its size in a batch, in characters."""
        return len(self.html) + len(LINE_END)


def level_number(level: int | str) -> int:
    """Return a level's number.

    Raises:
        ValueError: There is no level of this name; the message lists the names.
    """
    if isinstance(level, int):
        return level
    numbers = logging.getLevelNamesMapping()
    if level not in numbers:
        raise ValueError(f"no level is called {level!r}: {', '.join(numbers)}")
    return numbers[level]


def color_of(level: int, colors: Mapping[int, Color]) -> Color | None:
    """Return the color of a level: that of the highest level that is not above it."""
    reached = [each for each in colors if each <= level]
    return colors[max(reached)] if reached else None


def render(text: str) -> str:
    """Return a formatted record as HTML: a line, and what follows it as preformatted text.

    What follows is a traceback in most cases. If it is too long, its middle is left out: the end
    of a traceback says what happened.
    """
    first, _, rest = text.strip("\n").partition("\n")
    if len(first) > LONGEST_LINE:
        first = f"{first[:LONGEST_LINE]}…"
    if len(rest) > LONGEST_REST:
        begin = LONGEST_REST // 4
        rest = f"{rest[:begin]}\n…\n{rest[begin - LONGEST_REST :]}"
    html = escape(first, quote=False)
    if rest:
        html += f"<pre>{escape(rest, quote=False)}</pre>"
    # A server refuses NUL, and with it all records of the message. Names of files may have bytes
    # that are no text, which JSON cannot carry.
    html = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", html)
    html = html.encode("utf-8", "backslashreplace").decode()
    limit = LARGEST_BATCH - len(LINE_END)
    return truncate_message(html, limit=limit)


def compose(entries: Iterable[Entry], dropped: int) -> str:
    """Return the HTML of a batch; it says how many records were dropped before."""
    lines = [each.html for each in entries]
    if dropped:
        records = "record was" if dropped == 1 else "records were"
        lines.append(f"<i>{dropped:,} {records} dropped</i>")
    # A browser ends the line after preformatted text by itself.
    return "".join(
        line if line.endswith("</pre>") else line + LINE_END for line in lines
    ).removesuffix(LINE_END)
