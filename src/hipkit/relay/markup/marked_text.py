"""The tree as marked text: the Markdown family, Slack, Google Chat, plain text (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from hipkit.relay.markup.dialect import AS_TYPED, PLAIN, Dialect, Marker
from hipkit.relay.markup.escaping import ZERO_WIDTH_SPACE, escape_cell
from hipkit.relay.markup.tree import Element, Mention, Node, Text

__all__ = ["plain_text", "text_as_typed", "text_of", "write_marked"]

BLOCKS = frozenset(
    {"blockquote", "li", "ol", "p", "pre", "table", "td", "th", "tr", "ul"}
)
MOST_COLUMNS = 40
AFTER_ADDRESS = re.compile(r"[.,;:!?]*(\s|$)")
NOBODY: Mapping[str, str] = {}


def write_marked(
    nodes: Iterable[Node], dialect: Dialect, mentions: Mapping[str, str] = NOBODY
) -> str:
    """Return a tree as marked text.

    Args:
        nodes: The tree.
        dialect: How the target writes its elements.
        mentions: The target's markup for users, by mention name. All others are text.
    """
    return _Writer(dialect, mentions).blocks(nodes).strip("\n").rstrip()


def plain_text(nodes: Iterable[Node]) -> str:
    """Return a tree without markup."""
    return write_marked(nodes, PLAIN)


def text_as_typed(nodes: Iterable[Node]) -> str:
    """Return a tree without markup, for what knows no mentions: every `@` stays as it is."""
    return write_marked(nodes, AS_TYPED)


def text_of(nodes: Iterable[Node]) -> str:
    """Return the text in a tree, and nothing else. It is not escaped."""
    return "".join(map(_text, nodes))


def _text(node: Node) -> str:
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Mention):
        return f"@{node.name}"
    if node.tag == "br":
        return "\n"
    return node.alt if node.tag == "img" else text_of(node.children)


class _Writer:
    def __init__(self, dialect: Dialect, mentions: Mapping[str, str]) -> None:
        self._dialect = dialect
        self._mentions = mentions
        self._markers = {
            "b": dialect.bold,
            "i": dialect.italic,
            "s": dialect.strike,
        }

    def blocks(self, nodes: Iterable[Node]) -> str:
        """Return nodes as paragraphs, lists, tables and so on, one after the other."""
        return self._dialect.gap.join(filter(None, self._each_block(nodes)))

    def _each_block(self, nodes: Iterable[Node]) -> Iterator[str]:
        for is_block, run in groupby(nodes, key=_is_block):
            if not is_block:
                yield self._paragraph(run)
                continue
            for node in run:
                if isinstance(node, Element):
                    yield self._block(node)

    def _block(self, node: Element) -> str:
        if node.tag == "pre":
            text = text_of(node.children).strip("\n")
            return self._dialect.pre(text) if text.strip() else ""
        if node.tag == "blockquote":
            text = self.blocks(node.children).strip("\n")
            return self._dialect.quote(text) if text else ""
        if node.tag in ("ol", "ul"):
            return self._list(node)
        if node.tag == "table":
            return self._table(node)
        return self.blocks(node.children)

    def _paragraph(self, run: Iterable[Node]) -> str:
        lines = self._inline(run).strip("\n ").split("\n")
        escape = self._dialect.escape_line
        return self._dialect.line_break.join(escape(line.rstrip()) for line in lines)

    def _list(self, node: Element) -> str:
        lines = []
        for number, item in enumerate(node.children, 1):
            bullet = f"{number}. " if node.tag == "ol" else self._dialect.bullet
            parts = self._each_block(item.children if isinstance(item, Element) else ())
            text = "\n".join(filter(None, parts))
            if not text:
                # A hyphen alone below a text would make that a heading.
                continue
            lines.append(bullet + text.replace("\n", "\n" + " " * len(bullet)))
        return "\n".join(lines)

    def _table(self, node: Element) -> str:
        rows = [
            [self._cell(cell) for cell in row.children[:MOST_COLUMNS]]
            for row in node.children
            if isinstance(row, Element)
        ]
        rows = [row for row in rows if any(row)]
        if not rows:
            return ""
        if not self._dialect.has_tables:
            plain = (" | ".join(row).strip(" |") for row in rows)
            return self._dialect.line_break.join(plain)
        width = max(map(len, rows))
        lines = [_row(row, width) for row in rows]
        return "\n".join([lines[0], _row(["---"] * width, width), *lines[1:]])

    def _cell(self, cell: Node) -> str:
        nodes = cell.children if isinstance(cell, Element) else (cell,)
        if self._dialect.cell is escape_cell:
            nodes = tuple(map(_with_bars_apart, nodes))
        is_heading = isinstance(cell, Element) and cell.tag == "th"
        text = " ".join(self._inline(nodes).split())
        if is_heading and not self._dialect.has_tables:
            return self._marked(text, self._dialect.bold)
        return self._dialect.cell(text) if self._dialect.has_tables else text

    # Within a line

    def _inline(self, nodes: Iterable[Node]) -> str:
        nodes = list(nodes)
        written: list[str] = []
        last: Node | None = None
        for node, after in zip(nodes, [*nodes[1:], None], strict=False):
            text = self._piece(node, after)
            if not text:
                continue
            if written:
                written.append(self._between(last, written[-1], node, text))
            written.append(text)
            last = node
        return "".join(written)

    def _between(self, last: Node | None, before: str, node: Node, text: str) -> str:
        """Return what must stand between two pieces, if anything."""
        if before[-1] == "!" and text[0] == "[":
            # Together they would be a picture, which is loaded unasked.
            return ZERO_WIDTH_SPACE
        must_not_touch = (
            _is_word(before[-1]) and self._needs_gap(node, text, is_start=True)
        ) or (_is_word(text[0]) and self._needs_gap(last, before, is_start=False))
        return self._dialect.word_gap if must_not_touch else ""

    def _needs_gap(self, node: Node | None, text: str, *, is_start: bool) -> bool:
        """Return whether a node's markup is none if a word touches its start or end."""
        if isinstance(node, Mention):
            return node.name in self._mentions
        if not isinstance(node, Element) or node.tag not in self._markers:
            return False
        marker = self._markers[node.tag]
        if not marker.start or (text[0] if is_start else text[-1]).isspace():
            return False
        if marker.needs_gap or not self._dialect.needs_gap_at_signs:
            return marker.needs_gap
        end = marker.end or marker.start
        sign = text[len(marker.start)] if is_start else text[-len(end) - 1]
        return unicodedata.category(sign)[0] in "PS"

    def _piece(self, node: Node, after: Node | None) -> str:
        dialect = self._dialect
        if isinstance(node, Text):
            return dialect.escape(node.text)
        if isinstance(node, Mention):
            return self._mentions.get(node.name) or dialect.escape(f"@{node.name}")
        if node.tag == "br":
            return "\n"
        if node.tag in self._markers:
            text = self._inline(node.children)
            return self._marked(text, self._markers[node.tag])
        if node.tag == "code":
            text = " ".join(text_of(node.children).split("\n"))
            return dialect.code(text) if text.strip() else text
        if node.tag in ("a", "img"):
            return self._link(node, after)
        # A block within a line stands in a cell, or in a tree that nobody sanitised.
        return f" {self._inline(node.children)} "

    def _link(self, node: Element, after: Node | None) -> str:
        dialect = self._dialect
        if not node.url:
            return self._inline(node.children) or dialect.escape(node.alt)
        text = " ".join(_text(node).split())
        if not text or text == node.url:
            if not dialect.address_ends_at_space or self._stays(node.url, after):
                return dialect.address(node.url)
            text = text or node.url
        if node.tag == "a" and dialect.has_marks_in_links:
            shown = " ".join(self._inline(_without_links(node.children)).split())
        else:
            shown = dialect.escape(text)
        return dialect.link(shown or dialect.escape(text), node.url)

    def _stays(self, url: str, after: Node | None) -> bool:
        """Return whether an address is read as it is, and what follows is no part of it."""
        if self._dialect.escape(f"{url};") != f"{url};":
            return False
        if isinstance(after, Text):
            return AFTER_ADDRESS.match(after.text) is not None
        return after is None or (isinstance(after, Element) and after.tag == "br")

    def _marked(self, text: str, marker: Marker) -> str:
        """Return a text with a marker around each line, and white space outside of it."""
        if not marker.start:
            return text
        end = marker.end or marker.start
        lines = []
        for line in text.split("\n"):
            core = line.strip()
            if core:
                before, _, after = line.partition(core)
                line = f"{before}{marker.start}{core}{end}{after}"
            lines.append(line)
        return "\n".join(lines)


def _is_block(node: Node) -> bool:
    return isinstance(node, Element) and node.tag in BLOCKS


def _is_word(letter: str) -> bool:
    """Return whether a letter belongs to a word, and is neither a sign nor white space."""
    return letter == "_" or (
        not letter.isspace() and unicodedata.category(letter)[0] not in "PSZ"
    )


def _without_links(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield nodes with the text of pictures in place of links to them."""
    for node in nodes:
        if not isinstance(node, Element):
            yield node
        elif node.tag in ("a", "img"):
            yield Text(_text(node))
        else:
            yield replace(node, children=tuple(_without_links(node.children)))


def _with_bars_apart(node: Node, *, is_code: bool = False) -> Node:
    """Return a node of a cell in whose code no backslash stands before a bar.

    A bar ends a cell in code too, and is escaped there after the code was written: a backslash
    before it would be taken for its escape.
    """
    if isinstance(node, Text):
        apart = node.text.replace("\\|", f"\\{ZERO_WIDTH_SPACE}|")
        return Text(apart) if is_code else node
    if isinstance(node, Mention):
        return node
    is_code = is_code or node.tag in ("code", "pre")
    children = tuple(_with_bars_apart(each, is_code=is_code) for each in node.children)
    return replace(node, children=children)


def _row(cells: Sequence[str], width: int) -> str:
    return f"| {' | '.join([*cells, *[''] * (width - len(cells))])} |"
