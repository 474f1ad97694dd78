"""Parse the HTML of notifications and cards as HipChat did: few tags render, the rest is text.

Most texts that look like unknown tags were meant to be read: an address in angle brackets,
`<none>`, a comparison. Markup that is not rendered is therefore kept as text, and nothing is lost.
Parsing takes linear time for every input.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from html import unescape

import msgspec

__all__ = [
    "CARD_TAGS",
    "CELLS",
    "LINE_TAGS",
    "TABLE_PARTS",
    "TAGS",
    "Tag",
    "Text",
    "plain_text",
    "read_html",
]

LINE_TAGS = frozenset({"a", "b", "br", "em", "i", "span", "strong"})
"""Tags rendered in the single line of a collapsed card."""

CARD_TAGS = LINE_TAGS | {"p"}
"""Tags rendered in a card: HipChat's list, line breaks, and synonyms of `i`."""

TABLE_PARTS = frozenset({"caption", "tbody", "td", "tfoot", "th", "thead", "tr"})
BLOCKS = frozenset({"dd", "dl", "dt", "li", "ol", "p", "pre", "table", "ul"})

TAGS = LINE_TAGS | BLOCKS | TABLE_PARTS | {"code", "img"}
"""Tags rendered in a notification: HipChat's list, and `p`, which programs send anyway."""

BARE_ATTRIBUTES = frozenset({"border", "compact", "download", "nowrap", "reversed"})
"""Attributes that HTML allows without a value. Other words without one are not attributes."""

CELLS = frozenset({"td", "th"})
BETWEEN_CELLS = " | "
PICTURE = "(picture)"
"""Replacement text of a picture without alternative text."""
GAP = re.compile(r"\s+")

NEEDED = {"a": "href", "img": "src"}
"""Attributes without which a tag would render nothing."""

# Quantifiers that do not backtrack: a tag that never ends is scanned once. Outside of quotes
# none crosses the next `<`, and at most three at a time are inside quotes. Groups
# are atomic, not possessive: before 3.11.5 Python matches possessive groups wrongly (gh-106052).
SPACE = r"[ \t\n\r\f]"
TAG = re.compile(
    rf"""
    <(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*+)
    (?P<attributes>(?>(?:
        (?:{SPACE}++|(?<=["']))
        [^ \t\n\r\f"'<>/=]++
        (?>(?:{SPACE}*+={SPACE}*+(?:"[^"]*+"|'[^']*+'|[^ \t\n\r\f"'<>`]++))?)
    )*))
    {SPACE}*+/?>
    """,
    re.VERBOSE,
)
ATTRIBUTE = re.compile(
    rf"""
    (?P<name>[^ \t\n\r\f"'<>/=]++)
    (?>(?:{SPACE}*+={SPACE}*+
    (?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^ \t\n\r\f"'<>`]++)))?)
    """,
    re.VERBOSE,
)


# Structs, as they are made in a third of the time: a long message has hundreds of parts.


class Text(msgspec.Struct, frozen=True, gc=False):
    """A part that is text."""

    source: str
    is_typed: bool = False
    """Whether it is shown literally, character references included."""

    @property
    def text(self) -> str:
        """The text to display."""
        shown = self.source if self.is_typed else unescape(self.source)
        return shown.replace("\0", "\ufffd")


class Tag(msgspec.Struct, frozen=True):
    """A tag that is rendered."""

    name: str
    is_end: bool
    attributes: Mapping[str, str]
    """Lower-case name -> value; of several with the same name the first one counts."""
    source: str = ""


def read_html(html: str, tags: Set[str] = TAGS) -> Iterator[Text | Tag]:
    """Yield the parts of HTML: the rendered tags, and the text between them.

    An end tag without a start tag, and a cell without a table, are text.
    """
    opened: Counter[str] = Counter()
    place = 0
    for found in TAG.finditer(html):
        if found.start() > place:
            yield Text(html[place : found.start()])
        place = found.end()
        tag = _drawn(found, tags, opened)
        if tag is None:
            yield Text(found.group(), is_typed=True)
            continue
        opened[tag.name] += -1 if tag.is_end else 1
        yield tag
    if place < len(html):
        yield Text(html[place:])


def _drawn(
    found: re.Match[str], tags: Set[str], opened: Mapping[str, int]
) -> Tag | None:
    name = found["name"].lower()
    if name not in tags or (name in TABLE_PARTS and not opened["table"]):
        return None
    if found["end"]:
        if not opened[name]:
            return None
        return Tag(name, is_end=True, attributes={}, source=found.group())
    attributes: dict[str, str] = {}
    for attribute in ATTRIBUTE.finditer(found["attributes"]):
        key = attribute["name"].lower()
        if attribute.end("name") == attribute.end() and key not in BARE_ATTRIBUTES:
            return None
        attributes.setdefault(key, attribute[attribute.lastgroup or "name"])
    if name in NEEDED and NEEDED[name] not in attributes:
        return None
    return Tag(name, is_end=False, attributes=attributes, source=found.group())


def plain_text(
    html: str, tags: Set[str] = TAGS, *, between_cells: str = BETWEEN_CELLS
) -> str:
    r"""Return HTML as plain text: one line per line or row.

    Args:
        html: As it was sent.
        tags: Those that are rendered.
        between_cells: What separates the cells of a row. The text itself holds no `\0`.
    """
    if "<" not in html:
        return Text(html).text.strip()
    lines = _Lines(between_cells)
    for part in read_html(html, tags):
        if isinstance(part, Text):
            lines.write(part.text)
        else:
            lines.draw(part)
    return lines.text()


class _Lines:
    """Collects rendered HTML as lines of text."""

    def __init__(self, between_cells: str) -> None:
        self._between_cells = between_cells
        self._lines: list[str] = []
        self._line: list[str] = []
        self._is_begun = False
        self._tables = 0
        self._pres = 0
        self._is_in_cell = False
        self._has_cells = False

    def text(self) -> str:
        """Return the whole text."""
        self._end_line()
        return "\n".join(self._lines).strip("\n")

    def write(self, text: str) -> None:
        """Append a text, without the white space that only formats the source."""
        if self._pres and not self._is_in_cell:
            text = text if self._is_begun else text.removeprefix("\n")
        elif self._is_in_cell:
            text = GAP.sub(" ", text)
        elif text.isspace() and (self._tables or not self._is_begun):
            return
        elif not self._is_begun:
            text = text.lstrip()
        self._line.append(text)
        self._is_begun = self._is_begun or not text.isspace()

    def draw(self, tag: Tag) -> None:
        """Append the effect of a start or end tag: a line break or a separator."""
        if tag.name == "img" and not tag.is_end:
            self.write(Text(tag.attributes.get("alt", "")).text or PICTURE)
        elif tag.name in CELLS:
            self._draw_cell(is_end=tag.is_end)
        elif tag.name in TABLE_PARTS or tag.name == "table":
            self._end_line()
            self._is_in_cell = self._has_cells = False
            if tag.name == "table":
                self._tables += -1 if tag.is_end else 1
        elif tag.name == "br" or tag.name in BLOCKS:
            if self._is_in_cell:
                self.write(" ")
            else:
                self._end_line(is_forced=tag.name == "br")
            if tag.name == "pre":
                self._pres += -1 if tag.is_end else 1

    def _draw_cell(self, *, is_end: bool) -> None:
        self._is_in_cell = not is_end
        if is_end:
            return
        if self._has_cells:
            self._line = ["".join(self._line).rstrip(), self._between_cells]
            self._is_begun = True
        self._has_cells = True

    def _end_line(self, *, is_forced: bool = False) -> None:
        if self._is_begun or is_forced:
            line = "".join(self._line)
            if self._has_cells:
                line = GAP.sub(" ", line).lstrip()
            self._lines.append(line.rstrip())
        self._line.clear()
        self._is_begun = False
