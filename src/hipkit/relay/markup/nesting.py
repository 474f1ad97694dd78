"""Puts the parts of lists and tables where they belong, and joins what was split (pure).

Lists and tables hold nothing but their parts, and those are nowhere else: a renderer need not ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from hipkit.api.messages.message_html import CELLS
from hipkit.relay.markup.tree import Element, Node, Tag, Text

__all__ = ["PARTS", "kind_of", "place_parts"]

MARKS: dict[str, Tag] = {"b": "b", "code": "code", "i": "i", "s": "s"}
"""Neighbours of the same are one."""
PARTS: dict[Tag | None, tuple[frozenset[str], Tag]] = {
    "ul": (frozenset({"li"}), "li"),
    "ol": (frozenset({"li"}), "li"),
    "table": (frozenset({"tr"}), "tr"),
    "tr": (frozenset({"td", "th"}), "td"),
}
"""What an element is made of, and what else in it is put into."""
HOLDERS: dict[str, Tag] = {"li": "ul", "td": "table", "th": "table", "tr": "table"}
"""Where a part belongs that is in no such element."""


def place_parts(tag: Tag | None, nodes: list[Node]) -> tuple[Node, ...]:
    """Return children, each in an element that may hold it."""
    merged = _merged(nodes) if len(nodes) > 1 else tuple(nodes)
    kinds = _kinds(merged)
    if tag not in PARTS:
        is_placed = kinds.isdisjoint(HOLDERS)
        return merged if is_placed else _grouped(merged, HOLDERS.keys(), None)
    parts, wrapper = PARTS[tag]
    if kinds <= parts:
        return merged
    if tag == "table":
        merged = _grouped(merged, CELLS, "tr")
    return _grouped(merged, _kinds(merged) - parts, wrapper)


def kind_of(node: Node) -> str:
    """Return a node's tag; empty for what is no element."""
    return node.tag if isinstance(node, Element) else ""


def _kinds(nodes: Iterable[Node]) -> frozenset[str]:
    return frozenset(map(kind_of, nodes))


def _grouped(
    nodes: Iterable[Node], misplaced: Iterable[str], wrapper: Tag | None
) -> tuple[Node, ...]:
    """Return nodes with each run of misplaced ones in an element of its own."""
    misplaced = frozenset(misplaced)
    done: list[Node] = []
    run: list[Node] = []
    holder: Tag | None = None
    for node in nodes:
        kind = kind_of(node)
        wanted = (wrapper or HOLDERS[kind]) if kind in misplaced else None
        if wanted != holder and run and holder is not None:
            done.append(_holding(holder, run))
            run = []
        holder = wanted
        (done if wanted is None else run).append(node)
    if run and holder is not None:
        done.append(_holding(holder, run))
    return tuple(done)


def _holding(holder: Tag, run: list[Node]) -> Element:
    return Element(tag=holder, children=place_parts(holder, run))


def _merged(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Return nodes with neighbouring texts as one, and neighbours that are bold and so on."""
    done: list[Node] = []
    for kind, run in groupby(nodes, key=kind_of):
        together = list(run)
        if kind == "" and len(together) > 1:
            text = "".join(node.text for node in together if isinstance(node, Text))
            together = [Text(text)]
        elif kind in MARKS and len(together) > 1:
            parts = [each for node in together for each in _children(node)]
            together = [Element(tag=MARKS[kind], children=_merged(parts))]
        done += together
    return tuple(done)


def _children(node: Node) -> tuple[Node, ...]:
    return node.children if isinstance(node, Element) else ()
