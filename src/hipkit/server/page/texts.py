"""Shows texts as people typed them: mentions, emoticons, links, `/me`, `/code`, `/quote` (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

from hipkit.server.services.messages.markup import EVERYBODY, Piece, split_text
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["Known", "TypedText", "typed_text"]

COMMANDS = ("/code", "/quote", "/me")
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
    """A text and the way it is set."""

    kind: Literal["words", "code", "quote", "me"]
    html: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the pieces of a text may stand for, by folded names."""

    people: Mapping[str, UserRecord] = field(default_factory=dict)
    """Those whom the message calls."""
    emoticons: Mapping[str, EmoticonRecord] = field(default_factory=dict)


def typed_text(text: str, known: Known) -> TypedText:
    """Return a text as HTML. Nothing of it is read as HTML."""
    # A lone carriage return would end a line of an event stream.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    command = next((name for name in COMMANDS if _begins_with(text, name)), None)
    if command is None:
        return TypedText(kind="words", html=_pieces(text, known))
    rest = text[len(command) + 1 :]
    if command == "/code":
        return TypedText(kind="code", html=escape(rest.removeprefix("\n")))
    kind: Literal["quote", "me"] = "quote" if command == "/quote" else "me"
    return TypedText(kind=kind, html=_pieces(rest, known))


def _begins_with(text: str, command: str) -> bool:
    after = text[len(command) : len(command) + 1]
    return text.startswith(command) and after in (" ", "\n")


def _pieces(text: str, known: Known) -> Markup:
    return Markup("").join(_piece(piece, known) for piece in split_text(text))


def _piece(piece: Piece, known: Known) -> Markup:
    if piece.kind == "link":
        return LINK.format(piece.text)
    if piece.kind == "emoticon":
        emoticon = known.emoticons.get(piece.name.casefold())
        if emoticon is not None:
            return EMOTICON.format(piece.text, emoticon)
    if piece.kind == "mention":
        if piece.name.lower() in EVERYBODY:
            return MENTION_OF_ALL.format(piece.text)
        person = known.people.get(piece.name.casefold())
        if person is not None:
            return MENTION.format(piece.text, person.id)
    return escape(piece.text)
