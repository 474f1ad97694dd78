"""A route as the file describes it, and which routes take a message (pure)."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from hipkit.descriptors.patterns import is_found
from hipkit.relay.message import Color, Kind
from hipkit.relay.targets.protocol import Notify, Settings, Target
from hipkit.server.events.posted import PostedMessage

__all__ = ["Backlog", "Conditions", "Route", "is_like", "takers"]

Backlog = Literal["summarise", "send"]
"""What becomes of many messages that waited long: one summary, or each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a message must be for a route to take it. What is empty is no condition."""

    color: frozenset[Color] = frozenset()
    """The colours of notifications; nothing else has one."""
    sender: tuple[str, ...] = ()
    """Patterns for the name that is shown (`from`)."""
    text: str | None = None
    """A regular expression without a problem (`find_problem`), found anywhere in the text."""
    kind: frozenset[Kind] = frozenset()

    def hold(self, message: PostedMessage) -> bool:
        """Return whether they hold, but for the text, which takes longer."""
        return (
            (not self.color or message.color in self.color)
            and (not self.kind or message.kind in self.kind)
            and (not self.sender or is_like(self.sender, message.sender))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route: which messages it takes, and where it puts them."""

    name: str
    """By which it is known, also after the file was read again. Never empty."""
    rooms: tuple[str, ...] = ("*",)
    """Patterns for names of rooms, as `fnmatch` has them, in any case of letters."""
    when: Conditions = field(default_factory=Conditions)
    private: bool = False
    """Whether it takes private messages too, from everybody to everybody."""
    label: str = "{from}"
    """Who is shown as the author: a template of `{room}`, `{from}` and `{color}`."""
    title: str | None = None
    """A title above the text: the same kind of template."""
    mentions: Mapping[str, str] = field(default_factory=dict)
    """HipChat's mention names, without the `@`, and whom they are at the target."""
    notify: Notify = "normal"
    stop: bool = False
    """Whether later routes do not get what this one takes."""
    backlog: Backlog = "summarise"
    drop_older_than_seconds: float | None = None
    """The age at which waiting messages are dropped; `None` for never."""
    target: Target[Any] = field(repr=False)
    settings: Settings = field(repr=False)
    """The target's. They hold secrets."""
    _place: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note where it leads, but for what is secret: a new token leads to the same place."""
        place = (
            self.target.name,
            self.target.host(self.settings),
            self.settings.public,
        )
        digest = hashlib.sha256(msgspec.json.encode(place)).hexdigest()
        object.__setattr__(self, "_place", digest[:16])

    def key(self, name: str) -> str:
        """Return the key under which a reference to the target is stored.

        It is another one once the route leads elsewhere, where nobody knows that reference.

        Args:
            name: The id of a message or card, or the key of a file.
        """
        return f"{self._place}/{name}"


def takers(
    routes: Iterable[Route],
    message: PostedMessage,
    *,
    text: str | None = None,
    bridge: str | None = None,
) -> tuple[Route, ...]:
    """Return the routes that take a message, in their order.

    A text that takes too long to search counts as found, but ends no search: one message too many
    is better than a lost alert.

    Args:
        routes: All routes, in the order of the file.
        message: The message.
        text: Its text without markup, in which patterns are searched for; else its body.
        bridge: The name of the route whose bridge sent it. That one never takes it.
    """
    found: list[Route] = []
    for route in routes:
        if route.name == bridge or not _is_of_room(route, message.room):
            continue
        if not route.when.hold(message):
            continue
        is_found_text = _find_text(route.when, message.body if text is None else text)
        if is_found_text is False:
            continue
        found.append(route)
        if route.stop and is_found_text:
            break
    return tuple(found)


def _is_of_room(route: Route, room: str | None) -> bool:
    return route.private if room is None else is_like(route.rooms, room)


def _find_text(when: Conditions, text: str) -> bool | None:
    """Return whether a text is as it must be; `None` where that takes too long to see."""
    if when.text is None:
        return True
    try:
        return is_found(when.text, text)
    except TimeoutError:
        return None


def is_like(patterns: tuple[str, ...], name: str) -> bool:
    """Return whether a name is as one of some patterns, in any case of letters."""
    name = name.lower()
    return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in patterns)
