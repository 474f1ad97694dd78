"""Parts of a message that targets show alike: colours, and cards and files as nodes (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hipkit.relay.markup.marked_text import text_of
from hipkit.relay.markup.tree import Element, Mention, Node, Text
from hipkit.relay.message import (
    LEVELS,
    Attribute,
    Color,
    Level,
    RelayCard,
    RelayFile,
    RelayMessage,
)
from hipkit.relay.targets.protocol import RenderOptions

__all__ = [
    "COLORS",
    "EMOJI",
    "attribute_value",
    "card_nodes",
    "card_picture",
    "emoji_of",
    "file_nodes",
    "mentioned",
    "message_nodes",
    "room_beside",
    "size_text",
    "text_nodes",
    "with_sent_files",
]

COLORS: Mapping[Color, str] = {
    "green": "#14892C",
    "yellow": "#F6C342",
    "red": "#D04437",
    "purple": "#654982",
    "gray": "#CCCCCC",
}
"""HipChat's colours, from Atlassian's palette of its time."""
EMOJI: Mapping[Level, str] = {
    "success": "🟢",
    "warning": "🟡",
    "failure": "🔴",
    "accent": "🟣",
    "quiet": "⚪",
}
"""A level where there is no colour."""


def emoji_of(color: Color) -> str:
    """Return the emoji of a colour."""
    return EMOJI[LEVELS[color]]


def message_nodes(
    message: RelayMessage, files: Iterable[RelayFile] | None = None
) -> tuple[Node, ...]:
    """Return all that a message says as one tree, for targets without cards.

    Args:
        message: The message.
        files: Its files that are linked. Default: all of them.
    """
    linked = message.files if files is None else files
    if message.card is None:
        return (*message.body, *file_nodes(linked))
    first = text_nodes(message)
    start = (Element(tag="p", children=first),) if first else ()
    return (*start, *card_nodes(message.card), *file_nodes(linked))


def text_nodes(message: RelayMessage) -> tuple[Node, ...]:
    """Return the text of a message; with a card, what stands beside it."""
    card = message.card
    if card is None:
        return message.body
    # Old programs repeat the card in the text beside it, for clients without cards.
    text = text_of(message.body).strip()
    repeats = text in {card.title, text_of(card.description).strip()}
    return card.activity or (() if repeats else message.body)


def card_nodes(card: RelayCard) -> tuple[Node, ...]:
    """Return a card: its title as a link, description, attributes as a table, its picture."""
    title: Node = Element(tag="b", children=(Text(card.title),))
    if card.url is not None:
        title = Element(tag="a", url=card.url, children=(title,))
    nodes: list[Node] = [Element(tag="p", children=(title,))]
    if card.description:
        nodes.append(Element(tag="p", children=card.description))
    if card.attributes:
        rows = tuple(_row(attribute) for attribute in card.attributes)
        nodes.append(Element(tag="table", children=rows))
    if card.thumbnail is not None:
        nodes.append(Element(tag="img", url=card.thumbnail.url, alt="picture"))
    return tuple(nodes)


def file_nodes(files: Iterable[RelayFile]) -> tuple[Node, ...]:
    """Return files: the size and name of each, as a link if the server has a public address."""
    return tuple(Element(tag="p", children=_file(file)) for file in files)


def with_sent_files(message: RelayMessage, options: RenderOptions) -> RelayMessage:
    """Return a message whose files have no links where they were sent before it.

    Args:
        message: The message.
        options: What is known of the target. Refused before, a message links all of its files.
    """
    known = {} if options.plain else options.references
    files = tuple(
        replace(file, url=None) if file.key in known else file for file in message.files
    )
    return replace(message, files=files)


def attribute_value(attribute: Attribute) -> tuple[Node, ...]:
    """Return the value of an attribute: the emoji of its lozenge, and its text as a link."""
    level = attribute.level
    shown = attribute.value if level is None else f"{EMOJI[level]} {attribute.value}"
    value: Node = Text(shown)
    if attribute.url is not None:
        value = Element(tag="a", url=attribute.url, children=(value,))
    return (value,)


def card_picture(card: RelayCard) -> str | None:
    """Return the address of a card's picture, in its better resolution."""
    if card.thumbnail is None:
        return None
    return card.thumbnail.url_2x or card.thumbnail.url


def room_beside(message: RelayMessage) -> str:
    """Return the room for the small print; empty where the title names it."""
    room = message.room or ""
    return "" if message.title and room in message.title else room


def size_text(size_bytes: int) -> str:
    """Return a size for people."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def mentioned(nodes: Iterable[Node]) -> Iterator[str]:
    """Yield the names that a tree mentions."""
    for node in nodes:
        if isinstance(node, Mention):
            yield node.name
        elif isinstance(node, Element):
            yield from mentioned(node.children)


def _row(attribute: Attribute) -> Node:
    label = Element(tag="th", children=(Text(attribute.label),))
    value = Element(tag="td", children=attribute_value(attribute))
    return Element(tag="tr", children=(label, value))


def _file(file: RelayFile) -> tuple[Node, ...]:
    name: Node = Text(file.name)
    if file.url is not None:
        name = Element(tag="a", url=file.url, children=(name,))
    return (Text("📎 "), name, Text(f" ({size_text(file.size_bytes)})"))
