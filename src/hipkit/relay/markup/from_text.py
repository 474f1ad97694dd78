"""Reads messages of the format `text` into a tree: mentions, links, slash commands (pure).

They are found as the server finds them. Emoticons such as `(thumbsup)` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hipkit.api.messages.mentions_and_links import EVERYBODY, split_text
from hipkit.relay.markup.cleaning import clean_text
from hipkit.relay.markup.from_html import LONGEST_SOURCE
from hipkit.relay.markup.links import typed_link
from hipkit.relay.markup.tree import Element, Mention, Node, Text

__all__ = ["read_text_tree"]

COMMAND = re.compile(r"/(code|quote|me)[ \n]")
BREAK = Element(tag="br")


def read_text_tree(
    text: str,
    *,
    mentions: Iterable[str] = (),
    sender: str = "",
    commands: bool = True,
) -> tuple[Node, ...]:
    """Return a text as a tree.

    Args:
        text: As it was sent. Of more than `LONGEST_SOURCE` characters the rest is left out, and
            said so.
        mentions: Names of users whom the text mentions, and `all` and `here`. An `@name` of
            nobody is text.
        sender: Whose name stands for `/me`.
        commands: Whether slash commands have their effect, as in messages.
    """
    rest = len(text) - LONGEST_SOURCE
    text = clean_text(text[:LONGEST_SOURCE]).strip("\n")
    if rest > 0:
        text += f" … ({rest:,} more characters)"
    names = {name.casefold(): name for name in mentions}
    command = COMMAND.match(text) if commands else None
    if command is None:
        return tuple(_nodes(text, names))
    kind, text = command[1], text[command.end() :]
    if kind == "code":
        return (Element(tag="pre", children=(Text(text.removeprefix("\n")),)),)
    if kind == "quote":
        return (Element(tag="blockquote", children=tuple(_nodes(text, names))),)
    nodes = _nodes(f"{sender} {text}".strip(), names)
    return (Element(tag="i", children=tuple(nodes)),)


def _nodes(text: str, names: dict[str, str]) -> Iterator[Node]:
    held = ""
    for piece in split_text(text):
        node: Node | None = None
        if piece.kind == "link":
            node = typed_link(piece.text)
        elif piece.kind == "mention":
            name = names.get(piece.name.casefold())
            if name is not None:
                everybody = name.lower() in EVERYBODY
                node = Mention(name.lower() if everybody else name)
        if node is None:
            held += piece.text
            continue
        yield from _lines(held)
        held = ""
        yield node
    yield from _lines(held)


def _lines(text: str) -> Iterator[Node]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield BREAK
        if line:
            yield Text(line)
