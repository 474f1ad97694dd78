"""What is relayed: one value for a notification, a message, a file, a topic or a card (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hipkit.relay.markup.tree import Node

__all__ = [
    "Attribute",
    "CardStyle",
    "Color",
    "Kind",
    "Level",
    "RelayCard",
    "RelayFile",
    "RelayMessage",
    "RelayPicture",
]

Kind = Literal["notification", "message", "topic", "summary"]
"""A summary stands for many messages of a backlog."""
Color = Literal["yellow", "green", "red", "purple", "gray"]
Level = Literal["success", "warning", "failure", "accent", "quiet"]
CardStyle = Literal["application", "file", "image", "link", "media"]

LEVELS: dict[Color, Level] = {
    "green": "success",
    "yellow": "warning",
    "red": "failure",
    "purple": "accent",
    "gray": "quiet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFile:
    """A file that was shared."""

    key: str
    """By which the server finds its bytes."""
    name: str
    size_bytes: int
    content_type: str
    url: str | None = None
    """A signed link to it, where the server has a public address."""

    @property
    def is_picture(self) -> bool:
        """Whether chats show it as a picture."""
        return self.content_type in {"image/gif", "image/jpeg", "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPicture:
    """A picture elsewhere, by its address."""

    url: str
    url_2x: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A label and its value on a card."""

    label: str
    """Empty where the card has none."""
    value: str
    url: str | None = None
    icon: RelayPicture | None = None
    level: Level | None = None
    """Of its lozenge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayCard:
    """A card of any of HipChat's five styles."""

    id: str
    style: CardStyle
    title: str
    url: str | None = None
    description: tuple[Node, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    activity: tuple[Node, ...] = ()
    """What compact clients showed in place of the card."""
    icon: RelayPicture | None = None
    thumbnail: RelayPicture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayMessage:
    """A message on its way to a target, the same for all of them."""

    id: str
    """The message's own, a UUID. What a target is sent once more has the same."""
    sent_at: datetime
    """In UTC."""
    kind: Kind
    room: str | None
    """The room's name; `None` for a private message."""
    sender: str
    """The name that HipChat showed."""
    label: str
    """The name to show, by the route's template."""
    title: str | None = None
    """A title above the text, by the route's template."""
    avatar_url: str | None = None
    color: Color | None = None
    """Of notifications."""
    loud: bool = False
    """Whether HipChat notified the room (`notify`)."""
    body: tuple[Node, ...]
    """The text, sanitised."""
    card: RelayCard | None = None
    files: tuple[RelayFile, ...] = ()
    link: str | None = None
    """A signed link to this message, where the server has a public address."""
    thread: str | None = None
    """The id of the message or card that this one belongs to (`attach_to`)."""

    @property
    def level(self) -> Level | None:
        """What the colour means."""
        return None if self.color is None else LEVELS[self.color]
