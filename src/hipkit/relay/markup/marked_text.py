"""The tree as marked text: the Markdown family, Slack, Google Chat, plain text (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from hipkit.relay.markup.cleaning import safe_url
from hipkit.relay.markup.dialect import AS_TYPED, PLAIN, Dialect, Marker
from hipkit.relay.markup.escaping import ZERO_WIDTH_SPACE
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
            return "\n".join(" | ".join(row).strip(" |") for row in rows)
        width = max(map(len, rows))
        lines = [_row(row, width) for row in rows]
        return "\n".join([lines[0], _row(["---"] * width, width), *lines[1:]])

    def _cell(self, cell: Node) -> str:
        nodes = cell.children if isinstance(cell, Element) else (cell,)
        is_heading = isinstance(cell, Element) and cell.tag == "th"
        text = " ".join(self._inline(nodes).split())
        if is_heading and not self._dialect.has_tables:
            return self._marked(text, self._dialect.bold)
        return text

    # Within a line

    def _inline(self, nodes: Iterable[Node]) -> str:
        nodes = list(nodes)
        written: list[str] = []
        is_after_marker = False
        for node, after in zip(nodes, [*nodes[1:], None], strict=False):
            text = self._piece(node, after)
            if not text:
                continue
            needs_gap = self._needs_gap(node)
            if written and (
                (needs_gap and _is_word(written[-1][-1]) and not text[0].isspace())
                or (is_after_marker and _is_word(text[0]))
            ):
                written.append(ZERO_WIDTH_SPACE)
            written.append(text)
            is_after_marker = needs_gap and not text[-1].isspace()
        return "".join(written)

    def _needs_gap(self, node: Node) -> bool:
        """Return whether a node's markup is none where it touches a word."""
        if isinstance(node, Element):
            return node.tag in self._markers and self._markers[node.tag].needs_gap
        return isinstance(node, Mention) and node.name in self._mentions

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
        if not text or safe_url(text) == node.url:
            if not dialect.address_ends_at_space or _begins_with_space(after):
                return dialect.address(node.url)
            text = text or node.url
        if node.tag == "a" and dialect.has_marks_in_links:
            shown = " ".join(self._inline(_without_links(node.children)).split())
        else:
            shown = dialect.escape(text)
        return dialect.link(shown or dialect.escape(text), node.url)

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


def _begins_with_space(node: Node | None) -> bool:
    """Return whether what follows an address cannot be read as a part of it."""
    if isinstance(node, Text):
        return AFTER_ADDRESS.match(node.text) is not None
    return node is None or (isinstance(node, Element) and node.tag == "br")


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _without_links(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield nodes with the text of pictures in place of links to them."""
    for node in nodes:
        is_link = isinstance(node, Element) and node.tag in ("a", "img")
        yield Text(_text(node)) if is_link else node


def _row(cells: Sequence[str], width: int) -> str:
    return f"| {' | '.join([*cells, *[''] * (width - len(cells))])} |"
