"""Turns stored messages into HTML that is the same for everybody who looks at them.

So a message is rendered once, however many watch its room: addresses in it are relative, and
moments are in UTC until the browser writes them in its own time zone. What somebody sent is
escaped, or sanitised where it is HTML (`sanitizing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import jinja2
import msgspec
from markupsafe import Markup

from hipkit.server.page.cards import card_view
from hipkit.server.page.plain import machine_moment, one_line, size_in_words
from hipkit.server.page.sanitizing import sanitize
from hipkit.server.page.texts import Known, TypedText, typed_text
from hipkit.server.services.files.pictures import PICTURE_TYPES
from hipkit.server.services.messages.markup import find_in_text
from hipkit.server.services.messages.message import Mentions, people_in
from hipkit.server.services.messages.posting import COLORS
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.server.storage.stores.message_text import without_tags
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "Renderer",
    "SenderView",
    "Surroundings",
    "gather",
    "plain_text",
    "sender_view",
]


LONG_CHARACTERS = 2_000
LONG_LINES = 30
"""Beyond either a message is folded."""
PREVIEW_CHARACTERS = 240
ANSWERED_CHARACTERS = 100
MOST_SHORTCUTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What messages refer to."""

    people: Mapping[int, UserRecord]
    emoticons: Mapping[str, EmoticonRecord]
    """By their folded shortcuts."""
    answered: Mapping[str, MessageRecord]
    """The messages that others answer, by id."""


async def gather(
    stores: Stores, group_id: int, messages: Sequence[MessageRecord]
) -> Surroundings:
    """Look up what messages of one group refer to."""
    answered = {}
    for message in messages:
        if message.attach_to is not None:
            parent = await stores.messages.get(
                message.conversation_id, message.attach_to
            )
            if parent is not None:
                answered[parent.id] = parent
    shortcuts = {
        shortcut
        for message in messages
        if message.format == "text" and "(" in message.body
        for shortcut in find_in_text(message.body).shortcuts
    }
    emoticons = await stores.emoticons.by_shortcuts(
        group_id, sorted(shortcuts)[:MOST_SHORTCUTS]
    )
    return Surroundings(
        people=await people_in(stores, [*messages, *answered.values()]),
        emoticons={one.shortcut.casefold(): one for one in emoticons},
        answered=answered,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderView:
    """Who sent a message."""

    name: str
    key: str
    """Equal for messages of one sender, so that the page may show them as one block."""
    picture: str | None = None
    mention_name: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A shared file."""

    path: str
    name: str
    size: str
    is_picture: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredView:
    """The message that another answers, in short."""

    id: str
    name: str
    text: str


class Renderer:
    """Renders messages with the template `message.html`."""

    def __init__(
        self, environment: jinja2.Environment, *, outside_pictures: bool = False
    ) -> None:
        self._template = environment.get_template("message.html")
        self._outside_pictures = outside_pictures

    def render(self, message: MessageRecord, around: Surroundings) -> str:
        """Return one message as HTML."""
        moment = Timestamp.from_us(message.sent_us)
        values: dict[str, object] = {
            "message": message,
            "color": message.color if message.color in COLORS else None,
            "sender": sender_view(message, around.people),
            "iso": machine_moment(message.sent_us),
            "utc": moment.strftime("%Y-%m-%d %H:%M UTC"),
            "answered": _answered(message, around),
            "card": None,
            "text": None,
            "html": None,
            "file": None,
            "preview": None,
        }
        if not message.is_deleted:
            values |= self._content(message, around)
        return self._template.render(values)

    def _content(
        self, message: MessageRecord, around: Surroundings
    ) -> dict[str, object]:
        file = _file(message)
        if message.card is not None:
            card = card_view(message.card, outside_pictures=self._outside_pictures)
            if card is not None:
                return {"card": card, "file": file}
        return {
            "html": self._html(message) if message.format == "html" else None,
            "text": _text(message, around) if message.format != "html" else None,
            "preview": _preview(message),
            "file": file,
        }

    def _html(self, message: MessageRecord) -> Markup:
        return sanitize(message.body, outside_pictures=self._outside_pictures)


def sender_view(message: MessageRecord, people: Mapping[int, UserRecord]) -> SenderView:
    """Return who sent a message: a person, or a name that a program or a guest gave."""
    user = people.get(message.sender_id or 0)
    if message.kind == "notification" or user is None:
        name = one_line(message.sender_label) or "Somebody"
        remark = "guest" if message.kind == "message" else None
        if message.client_id is not None:
            remark = "add-on"
        return SenderView(name=name, key=f"label {name}", remark=remark)
    return SenderView(
        name=one_line(user.name) or "Somebody",
        key=f"user {user.id}",
        picture=None if user.photo_key is None else f"/pictures/{user.photo_key}",
        mention_name=user.mention_name,
        remark="guest" if user.is_guest else None,
    )


def _text(message: MessageRecord, around: Surroundings) -> TypedText:
    called = msgspec.json.decode(message.mentions, type=Mentions).users
    people = [around.people[key] for key in called if key in around.people]
    by_name = {person.mention_name.casefold(): person for person in people}
    return typed_text(message.body, Known(people=by_name, emoticons=around.emoticons))


def _preview(message: MessageRecord) -> str | None:
    """Return the beginning of a message that is long enough to be folded."""
    text = plain_text(message)
    if len(text) <= LONG_CHARACTERS and text.count("\n") <= LONG_LINES:
        return None
    return _shortened(text, PREVIEW_CHARACTERS)


def plain_text(message: MessageRecord) -> str:
    """Return what a message says, without anything but its words."""
    text = without_tags(message.body) if message.format == "html" else message.body
    card = None if message.card is None else card_view(message.card)
    if card is not None:
        values = " ".join(f"{one.label} {one.value}" for one in card.attributes)
        text = f"{card.title}\n{card.description_text}\n{values}"
    return text or message.file_name or ""


def _shortened(text: str, most: int) -> str:
    line = one_line(text[: 4 * most])
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _file(message: MessageRecord) -> FileView | None:
    if message.file_key is None:
        return None
    name = message.file_name or "file"
    return FileView(
        path=f"/files/{message.file_key}/{quote(name, safe='')}",
        name=one_line(name) or "file",
        size=size_in_words(message.file_size_bytes or 0),
        is_picture=message.file_content_type in PICTURE_TYPES,
    )


def _answered(message: MessageRecord, around: Surroundings) -> AnsweredView | None:
    parent = around.answered.get(message.attach_to or "")
    if parent is None:
        return None
    text = "a deleted message" if parent.is_deleted else plain_text(parent)
    return AnsweredView(
        id=parent.id,
        name=sender_view(parent, around.people).name,
        text=_shortened(text, ANSWERED_CHARACTERS) or parent.file_name or "a message",
    )
