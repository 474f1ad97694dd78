"""Reads the HTML of messages and cards into a tree: few tags, safe addresses, bounded (pure).

The tree is the sanitiser: it has no attribute but the address of a link or picture, no tag but
its own, and text. What HipChat showed as text, such as `<none>` or `<script>`, is text here too.
Old programs send broken HTML; it is read much as browsers read it, in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import groupby

from hipkit.api.messages.long_messages import ENDED_BY
from hipkit.api.messages.mentions_and_links import split_text
from hipkit.api.messages.message_html import CELLS, TAGS, read_html
from hipkit.api.messages.message_html import Tag as HtmlTag
from hipkit.api.messages.message_html import Text as HtmlText
from hipkit.relay.markup.cleaning import clean_text, host_elsewhere, safe_url
from hipkit.relay.markup.links import honest_text, typed_link
from hipkit.relay.markup.marked_text import text_of
from hipkit.relay.markup.nesting import PARTS, kind_of, place_parts
from hipkit.relay.markup.tree import Element, Node, Tag, Text

__all__ = ["LONGEST_SOURCE", "read_html_tree"]

LONGEST_SOURCE = 100_000
"""Characters of HTML that are read. Only servers without HipChat's limits take more."""
DEEPEST, MOST_ELEMENTS = 12, 5_000
"""Elements within or after more others than these are left out, and their content stays."""

INLINE: dict[str, Tag] = {
    "a": "a",
    "b": "b",
    "strong": "b",
    "i": "i",
    "em": "i",
    "del": "s",
    "s": "s",
    "strike": "s",
    "code": "code",
}
BLOCKS: dict[str, Tag] = {
    "blockquote": "blockquote",
    "li": "li",
    "ol": "ol",
    "p": "p",
    "pre": "pre",
    "table": "table",
    "td": "td",
    "th": "th",
    "tr": "tr",
    "ul": "ul",
    **dict.fromkeys(("caption", "center", "dd", "div", "dt"), "p"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "p"),
}
BLOCK_TAGS = frozenset(BLOCKS.values())
HEADINGS = frozenset({"caption", "dt", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Blocks whose text is bold."""
CONTENT_STAYS = frozenset(
    {"big", "dl", "font", "small", "span", "sub", "sup", "tbody", "tfoot", "thead", "u"}
)
KNOWN = TAGS | INLINE.keys() | BLOCKS.keys() | CONTENT_STAYS | {"hr"}

GAP = re.compile(r"[ \t\n\r\f]+")
BLANK = (Text(" "),)


def read_html_tree(html: str) -> tuple[Node, ...]:
    """Return HTML as a tree.

    Args:
        html: As it was sent. Of more than `LONGEST_SOURCE` characters the rest is left out, and
            said so.
    """
    builder = _Builder()
    for part in read_html(html[:LONGEST_SOURCE], KNOWN):
        if isinstance(part, HtmlText):
            builder.write(clean_text(part.text))
        elif part.is_end:
            builder.end(part.name)
        else:
            builder.start(part)
    if len(html) > LONGEST_SOURCE:
        builder.write(f" … ({len(html) - LONGEST_SOURCE:,} more characters)")
    return builder.finish()


@dataclass(slots=True)
class _Open:
    """An element that is open."""

    name: str
    """As in the source."""
    tag: Tag | None
    """`None` for the root."""
    url: str = ""
    children: list[Node] = field(default_factory=list)
    again: int = 0
    """How many more of the same were opened within it."""
    around: tuple[_Open, ...] = ()
    """Of a block: the inline elements that it interrupted."""
    origin: _Open | None = None
    """Of an inline element that goes on after an interruption: the one it continues."""

    @property
    def source(self) -> _Open:
        return self.origin or self


class _Builder:
    """Collects the tree. What a block interrupts ends there, and goes on in it and after it."""

    def __init__(self) -> None:
        self._open = [_Open("", None)]
        self._pres = 0
        self._is_begun = False
        """Whether the line has text."""
        self._has_space = False
        """Whether white space was left out, and is shown if more text follows."""
        self._is_spaced = False
        """Whether the last of the line's text is white space."""
        self._elements = 0

    def finish(self) -> tuple[Node, ...]:
        """Return the tree."""
        while len(self._open) > 1:
            self._close()
        return place_parts(None, self._open[0].children)

    def start(self, tag: HtmlTag) -> None:
        """Open an element."""
        self._end_implied(tag.name)
        if self._elements > MOST_ELEMENTS:
            self._has_space = True
        elif tag.name in ("br", "hr"):
            self._line_break()
        elif tag.name == "img":
            self._picture(tag)
        elif tag.name in INLINE:
            self._start_inline(tag)
        elif tag.name in BLOCKS and len(self._open) < DEEPEST:
            self._start_block(tag.name)

    def end(self, name: str) -> None:
        """Close the innermost element of a name, and what is open in it."""
        if name in INLINE:
            found = self._innermost_inline(INLINE[name])
            if found is None:
                return
            if found.again:
                found.again -= 1
                return
            self._close_inline(found)
        elif name == "dl":
            self._end_implied("dd")
        elif name in [each.name for each in self._open]:
            while self._open[-1].name != name:
                self._close()
            self._close()

    def write(self, text: str) -> None:
        """Append a text, its white space collapsed as browsers do."""
        if self._pres:
            if not self._is_begun:
                text = text.removeprefix("\n")
            if text:
                self._is_begun = True
                self._add(Text(text))
            return
        words = GAP.sub(" ", text)
        core = words.strip(" ")
        if words.startswith(" ") or not core:
            self._has_space = True
        if not core:
            return
        self._space()
        self._is_begun, self._is_spaced = True, False
        self._has_space = words.endswith(" ")
        if "://" in core and not self._is_within("a", "code"):
            for node in _with_links(core):
                self._add(node)
        else:
            self._add(Text(core))

    # Steps

    def _space(self) -> None:
        """Write the white space that was left out, if it separates anything."""
        if self._has_space and self._is_begun and not self._is_spaced:
            self._add(Text(" "))
            self._is_spaced = True
        self._has_space = False

    def _new_line(self) -> None:
        self._is_begun = self._has_space = self._is_spaced = False

    def _line_break(self) -> None:
        if self._pres:
            self.write("\n")
        elif self._open[-1].tag not in PARTS:
            self._add(Element(tag="br"))
            self._elements += 1
            self._new_line()

    def _add(self, node: Node) -> None:
        self._open[-1].children.append(node)

    def _push(self, opened: _Open) -> None:
        self._open.append(opened)
        self._elements += 1

    def _is_within(self, *tags: Tag) -> bool:
        return any(each.tag in tags for each in self._open)

    def _picture(self, tag: HtmlTag) -> None:
        alt = " ".join(clean_text(unescape(tag.attributes.get("alt", ""))).split())
        url = safe_url(unescape(tag.attributes.get("src", "")))
        if url is None or url.lower().startswith("mailto:") or self._pres:
            self.write(alt)
            return
        self._space()
        self._is_begun, self._is_spaced = True, False
        self._add(Element(tag="img", url=url, alt=honest_text(alt, url)))
        self._elements += 1

    def _start_inline(self, tag: HtmlTag) -> None:
        meant = INLINE[tag.name]
        if self._pres:
            return
        opened = self._innermost_inline(meant)
        if opened is not None:
            opened.again += 1
            return
        url = ""
        if meant == "a":
            found = safe_url(unescape(tag.attributes.get("href", "")))
            if found is None:
                return
            url = found
        self._space()
        self._push(_Open(tag.name, meant, url))

    def _innermost_inline(self, tag: Tag) -> _Open | None:
        """Return the open element of a tag, outside of which no cell or block begins it anew."""
        for each in reversed(self._open):
            if each.tag == tag and each.name in INLINE:
                return each
            if each.name not in INLINE:
                return None
        return None

    def _close_inline(self, found: _Open) -> None:
        within: list[_Open] = []
        while self._open[-1] is not found:
            within.append(self._open[-1])
            self._close()
        self._close()
        self._continue(reversed(within))

    def _start_block(self, name: str) -> None:
        around: list[_Open] = []
        while self._open[-1].name in INLINE:
            around.append(self._open[-1])
            self._close()
        around.reverse()
        block = _Open(name, BLOCKS[name], around=tuple(each.source for each in around))
        self._push(block)
        self._new_line()
        if name == "pre":
            self._pres += 1
            return
        self._continue(around)
        if name in HEADINGS and self._innermost_inline("b") is None:
            self._push(_Open("b", "b"))

    def _continue(self, interrupted: Iterable[_Open]) -> None:
        for each in interrupted:
            again = _Open(each.name, each.tag, each.url, again=each.again)
            again.origin = each.source
            self._push(again)

    def _end_implied(self, name: str) -> None:
        """Close what a start tag ends, as in `<li>one<li>two`."""
        if name not in ENDED_BY:
            return
        ended, stops = ENDED_BY[name]
        if name == "a":
            found = self._innermost_inline("a")
            if found is not None:
                found.again = 0
                self._close_inline(found)
            return
        outermost = None
        for each in reversed(self._open):
            if each.name in stops:
                break
            if each.name in ended:
                outermost = each
        if outermost is not None:
            while self._open[-1] is not outermost:
                self._close()
            self._close()

    def _close(self) -> None:
        """Close the innermost element; what it interrupted goes on."""
        closed = self._open.pop()
        children = place_parts(closed.tag, closed.children)
        tag = closed.tag
        if tag in BLOCK_TAGS:
            self._new_line()
            if tag == "pre":
                self._pres -= 1
        if tag == "p" and any(kind_of(node) in BLOCK_TAGS for node in children):
            self._open[-1].children += _paragraphs(children)
        elif children == BLANK:
            self._add(children[0])
        elif tag is not None and (children or tag in CELLS):
            if tag == "a":
                children = _honest(children, closed.url)
            self._add(Element(tag=tag, children=children, url=closed.url))
        self._continue(closed.around)


def _paragraphs(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield what a paragraph held, its blocks beside it: `<div>a<p>b</p></div>`."""
    for is_block, run in groupby(nodes, key=lambda node: kind_of(node) in BLOCK_TAGS):
        if is_block:
            yield from run
        else:
            yield Element(tag="p", children=tuple(run))


def _honest(children: tuple[Node, ...], url: str) -> tuple[Node, ...]:
    """Return the content of a link, with its host where it reads as an address elsewhere."""
    host = host_elsewhere(text_of(children), url)
    return children if host is None else (*children, Text(f" ({host})"))


def _with_links(text: str) -> Iterable[Node]:
    for piece in split_text(text):
        link = typed_link(piece.text) if piece.kind == "link" else None
        yield Text(piece.text) if link is None else link
