"""The tree as HTML, for Matrix and mail (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from hipkit.relay.markup.tree import Element, Mention, Node, Tag, Text

__all__ = ["write_html"]

NAMES: Mapping[Tag, str] = {"b": "strong", "i": "em", "s": "del"}
"""Where today's HTML has another name than the tree."""


def write_html(
    nodes: Sequence[Node],
    *,
    write_text: Callable[[str], str] = escape,
    write_mention: Callable[[str], str] | None = None,
    shows_pictures: bool = False,
) -> str:
    """Return a tree as HTML, with every text in it escaped.

    Args:
        nodes: The tree.
        write_text: Returns the HTML for a text.
        write_mention: Returns the HTML for a mention name. Default: it is text, with its `@`.
        shows_pictures: Whether a picture becomes `<img>`. Otherwise it becomes a link: its
            reader's program calls no foreign host before the reader does.
    """
    written: list[str] = []
    mention = write_mention or (lambda name: write_text(f"@{name}"))

    def write(node: Node) -> None:
        if isinstance(node, Text):
            written.append(write_text(node.text))
        elif isinstance(node, Mention):
            written.append(mention(node.name))
        elif node.tag == "br":
            written.append("<br>")
        elif node.tag == "img":
            written.append(_picture(node, shows_pictures=shows_pictures))
        else:
            name = NAMES.get(node.tag, node.tag)
            href = f' href="{escape(node.url)}"' if node.tag == "a" else ""
            written.append(f"<{name}{href}>")
            for child in node.children:
                write(child)
            written.append(f"</{name}>")

    for node in nodes:
        write(node)
    return "".join(written)


def _picture(node: Element, *, shows_pictures: bool) -> str:
    url, text = escape(node.url), escape(node.alt)
    if shows_pictures:
        return f'<img src="{url}" alt="{text}">'
    return f'<a href="{url}">{text or url}</a>'
