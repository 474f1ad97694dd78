"""Renders messages of the format `text`: mentions, emoticons, links and slash commands (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from markupsafe import Markup, escape

from hipkit.api.messages.mentions_and_links import (
    EVERYBODY,
    Piece,
    split_text,
)
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["TypedText", "typed_text"]

Kind = Literal["text", "code", "quote", "me"]

COMMAND = re.compile(r"/(code|quote|me)[ \n]")
LINK = Markup(
    '<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>'
)
MENTION = Markup('<span class="mention" data-person="{1}">{0}</span>')
MENTION_OF_ALL = Markup('<span class="mention" data-everybody>{0}</span>')
EMOTICON = Markup(
    '<img class="emoticon" src="/pictures/{1.file_key}" alt="{0}" title="{0}"'
    ' width="{1.width}" height="{1.height}">'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedText:
    """A text as HTML, and the slash command that it began with."""

    kind: Kind
    html: Markup


People = Mapping[str, UserRecord]
Emoticons = Mapping[str, EmoticonRecord]


def typed_text(text: str, *, people: People, emoticons: Emoticons) -> TypedText:
    """Return a text as HTML; HTML in the text is escaped.

    Args:
        text: As it was sent.
        people: The users that the message mentions, by folded mention name.
        emoticons: By folded shortcut.
    """
    # A lone carriage return would end a line of an event stream.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    command = COMMAND.match(text)
    if command is None:
        return TypedText(kind="text", html=_pieces(text, people, emoticons))
    kind, rest = cast("Kind", command[1]), text[command.end() :]
    if kind == "code":
        return TypedText(kind=kind, html=escape(rest.removeprefix("\n")))
    return TypedText(kind=kind, html=_pieces(rest, people, emoticons))


def _pieces(text: str, people: People, emoticons: Emoticons) -> Markup:
    pieces = (_piece(piece, people, emoticons) for piece in split_text(text))
    return Markup("").join(pieces)


def _piece(piece: Piece, people: People, emoticons: Emoticons) -> Markup:
    if piece.kind == "link":
        return LINK.format(piece.text)
    if piece.kind == "emoticon":
        emoticon = emoticons.get(piece.name.casefold())
        if emoticon is not None:
            return EMOTICON.format(piece.text, emoticon)
    if piece.kind == "mention":
        if piece.name.lower() in EVERYBODY:
            return MENTION_OF_ALL.format(piece.text)
        person = people.get(piece.name.casefold())
        if person is not None:
            return MENTION.format(piece.text, person.id)
    return escape(piece.text)
