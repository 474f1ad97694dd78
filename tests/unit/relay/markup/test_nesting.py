"""Lists and tables hold their parts, and what was split is one again."""

from __future__ import annotations

import pytest

from hipkit.relay.markup.nesting import place_parts
from hipkit.relay.markup.tree import Element, Node, Tag, Text

A, B = Text("a"), Text("b")


def of(tag: Tag, *children: Node) -> Element:
    return Element(tag=tag, children=children)


@pytest.mark.parametrize(
    ("tag", "nodes", "placed"),
    [
        ("ul", [of("li", A), B], (of("li", A), of("li", B))),
        ("tr", [A, of("th", B)], (of("td", A), of("th", B))),
        ("table", [of("td", A), of("td", B)], (of("tr", of("td", A), of("td", B)),)),
        ("table", [A], (of("tr", of("td", A)),)),
        ("p", [A, of("li", B)], (A, of("ul", of("li", B)))),
        (None, [of("tr", of("td", A)), B], (of("table", of("tr", of("td", A))), B)),
    ],
)
def test_a_part_is_in_what_may_hold_it_and_nothing_else_is(
    tag: Tag | None, nodes: list[Node], placed: tuple[Node, ...]
) -> None:
    assert place_parts(tag, nodes) == placed


def test_what_was_split_is_one_again() -> None:
    split: list[Node] = [A, B, of("b", A), of("b", B), of("p", A), of("p", B)]
    assert place_parts(None, split) == (
        Text("ab"),
        of("b", Text("ab")),
        of("p", A),
        of("p", B),
    )
