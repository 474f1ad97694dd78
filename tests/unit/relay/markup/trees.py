"""Trees in short, for the tests of markup."""

from __future__ import annotations

from collections.abc import Iterable

from hipkit.relay.markup.tree import Mention, Node, Text

__all__ = ["outline"]


def outline(nodes: Iterable[Node]) -> str:
    """Return a tree as text: `<b>x</b>`, `<a URL>x</a>`, `<img URL alt>`, `{name}`."""
    return "".join(map(_outline, nodes))


def _outline(node: Node) -> str:
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Mention):
        return f"{{{node.name}}}"
    start = " ".join(filter(None, [node.tag, node.url, node.alt]))
    if node.tag in ("br", "img"):
        return f"<{start}>"
    return f"<{start}>{outline(node.children)}</{node.tag}>"
