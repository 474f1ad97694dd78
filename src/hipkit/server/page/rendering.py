"""Renders stored messages as HTML that is the same for every user, and for every guest of a room.

So a message is rendered once, however many streams it goes to: addresses in it are relative, and
times are in UTC until the browser shows them in its own time zone. Text is escaped; HTML is
sanitized (`sanitizer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import jinja2

from hipkit.api.messages.mentions_and_links import find_in_text
from hipkit.api.messages.message_html import plain_text as without_tags
from hipkit.server.page.cards import card_view
from hipkit.server.page.formatting import format_size, iso_timestamp
from hipkit.server.page.sanitizer import sanitize
from hipkit.server.page.typed_text import TypedText, typed_text
from hipkit.server.services.files.pictures import PICTURE_TYPES
from hipkit.server.services.messages.mentions import read_mentions
from hipkit.server.services.messages.message import users_of
from hipkit.server.services.messages.posting import COLORS
from hipkit.server.services.representations.lines import one_line, shortened
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "References",
    "Renderer",
    "SenderView",
    "abridged",
    "plain_text",
    "sender_view",
]


LONG_CHARACTERS = 2_000
LONG_LINES = 30
"""A message that exceeds either is folded."""
PREVIEW_CHARACTERS = 240
PARENT_CHARACTERS = 100
MOST_SHORTCUTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The records that messages refer to.

    Attributes:
        people: Senders and mentioned users, by id.
        emoticons: By their folded shortcuts.
        parents: The messages that others reply to, by id.
    """

    people: Mapping[int, UserRecord]
    emoticons: Mapping[str, EmoticonRecord]
    parents: Mapping[str, MessageRecord]


async def _load_references(
    stores: Stores, group_id: int, messages: Sequence[MessageRecord], oldest_us: int
) -> References:
    """Return the records that messages of one group refer to, as far as they may be shown."""
    parents = {}
    for message in messages:
        if message.attach_to is not None:
            parent = await stores.messages.get(
                message.conversation_id, message.attach_to
            )
            if parent is not None and parent.sent_us >= oldest_us:
                parents[parent.id] = parent
    shortcuts = {
        shortcut
        for message in messages
        if message.format == "text" and "(" in message.body
        for shortcut in find_in_text(message.body).shortcuts
    }
    emoticons = await stores.emoticons.by_shortcuts(
        group_id, sorted(shortcuts)[:MOST_SHORTCUTS]
    )
    return References(
        people=await users_of(stores, [*messages, *parents.values()]),
        emoticons={one.shortcut.casefold(): one for one in emoticons},
        parents=parents,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderView:
    """A message's sender.

    Attributes:
        key: Equal for messages of one sender, which the page shows as one block.
        remark: `guest` or `add-on`.
    """

    name: str
    key: str
    picture: str | None = None
    mention_name: str | None = None
    remark: str | None = None


CONTENT = ("card", "text", "html", "file", "preview")
"""What the template shows of a message that was not deleted."""


class Renderer:
    """Renders messages with the template `message.html`."""

    def __init__(
        self, environment: jinja2.Environment, *, outside_pictures: bool = False
    ) -> None:
        self._template = environment.get_template("message.html")
        self._outside_pictures = outside_pictures

    async def render_all(
        self,
        stores: Stores,
        group_id: int,
        messages: Sequence[MessageRecord],
        *,
        oldest_us: int = 0,
        file_path: str | None = None,
    ) -> list[str]:
        """Return messages of one group as HTML, each by itself.

        Replies do not quote messages before `oldest_us`, which their readers may not see. Files
        are at `file_path`, where readers may not learn their permanent addresses.
        """
        references = await _load_references(stores, group_id, messages, oldest_us)
        return [self.render(message, references, file_path) for message in messages]

    def render(
        self,
        message: MessageRecord,
        references: References,
        file_path: str | None = None,
    ) -> str:
        """Return one message as HTML."""
        sent = Timestamp.from_us(message.sent_us)
        values: dict[str, object] = {
            "message": message,
            "color": message.color if message.color in COLORS else None,
            "sender": sender_view(message, references.people),
            "iso": iso_timestamp(message.sent_us),
            "utc": sent.strftime("%Y-%m-%d %H:%M UTC"),
            "parent": _parent(message, references),
            **dict.fromkeys(CONTENT),
        }
        if not message.is_deleted:
            values |= self._content(message, references, file_path)
        return self._template.render(values)

    def _content(
        self,
        message: MessageRecord,
        references: References,
        file_path: str | None,
    ) -> dict[str, object]:
        file = _file(message, file_path)
        if message.card is not None:
            card = card_view(message.card, outside_pictures=self._outside_pictures)
            if card is not None:
                return {"card": card, "file": file}
        content: dict[str, object] = {"preview": _preview(message), "file": file}
        if message.format == "html":
            html = sanitize(message.body, outside_pictures=self._outside_pictures)
            return {"html": html, **content}
        return {"text": _text(message, references), **content}


def sender_view(message: MessageRecord, people: Mapping[int, UserRecord]) -> SenderView:
    """Return a message's sender: a user, or the name that a program or a guest gave."""
    user = people.get(message.sender_id or 0)
    if message.kind == "notification" or user is None:
        name = one_line(message.sender_label) or "Unknown sender"
        remark = "guest" if message.kind == "message" else None
        if message.client_id is not None:
            remark = "add-on"
        return SenderView(name=name, key=f"label {name}", remark=remark)
    return SenderView(
        name=one_line(user.name) or "Unknown sender",
        key=f"user {user.id}",
        picture=None if user.photo_key is None else f"/pictures/{user.photo_key}",
        mention_name=user.mention_name,
        remark="guest" if user.is_guest else None,
    )


def _text(message: MessageRecord, references: References) -> TypedText:
    called = read_mentions(message.mentions).users
    people = [references.people[key] for key in called if key in references.people]
    return typed_text(
        message.body,
        people={person.mention_name.casefold(): person for person in people},
        emoticons=references.emoticons,
    )


def _preview(message: MessageRecord) -> str | None:
    """Return the beginning of a message; `None` for one that is too short to be folded."""
    text = plain_text(message)
    if len(text) <= LONG_CHARACTERS and text.count("\n") <= LONG_LINES:
        return None
    return shortened(text, PREVIEW_CHARACTERS)


def plain_text(message: MessageRecord) -> str:
    """Return a message as plain text: a card by its title, description and attributes."""
    text = without_tags(message.body) if message.format == "html" else message.body
    card = None if message.card is None else card_view(message.card)
    if card is not None:
        values = " ".join(f"{one.label} {one.value}" for one in card.attributes)
        text = f"{card.title}\n{card.description_text}\n{values}"
    return text or message.file_name or ""


def abridged(message: MessageRecord) -> str:
    """Return the beginning of a message in one line."""
    text = shortened(plain_text(message), PARENT_CHARACTERS)
    return text or message.file_name or "a message"


def _file(message: MessageRecord, path: str | None) -> dict[str, object] | None:
    """Return a shared file as the template shows it."""
    if message.file_key is None:
        return None
    name = message.file_name or "file"
    return {
        "path": path or f"/files/{message.file_key}/{quote(name, safe='')}",
        "name": one_line(name) or "file",
        "size": format_size(message.file_size_bytes or 0),
        "is_picture": message.file_content_type in PICTURE_TYPES,
    }


def _parent(message: MessageRecord, references: References) -> dict[str, object] | None:
    """Return the message that another replies to, abridged, as the template shows it."""
    parent = references.parents.get(message.attach_to or "")
    if parent is None:
        return None
    text = "a deleted message" if parent.is_deleted else abridged(parent)
    return {
        "id": parent.id,
        "name": sender_view(parent, references.people).name,
        "text": text,
    }
