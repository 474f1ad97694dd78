"""What a summary says: how many messages of which kinds waited, and a link to each (pure)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hipkit.relay.markup.tree import Element, Node, Text
from hipkit.relay.message import RelayMessage
from hipkit.server.events.posted import PostedMessage

__all__ = ["SUMMARY_SENDER", "SummaryWriter"]

SUMMARY_SENDER = "Relay"

MOST_NAMED = 10
"""Rooms and senders that are named; the others are counted together."""
MOST_COUNTED = 1_000
"""Names that are told apart: strangers choose them."""
MOST_LINKS = 500
"""Links that are kept; targets cut them further, by their limits."""
LONGEST_NAME = 64
PRIVATE = "private messages"
NO_COLOR = "no color"


class SummaryWriter:
    """Counts messages, one after the other, and writes their summary.

    It takes no more memory for many messages than for a thousand.
    """

    def __init__(self) -> None:
        self.count = 0
        self._has_private = False
        self._rooms = _Names()
        self._colors = _Names()
        self._senders = _Names()
        self._links: list[Node] = []
        self._first_us = self._last_us = 0

    def add(self, message: PostedMessage, link: str | None) -> None:
        """Count a message. `link` is its signed link, where there is a public address."""
        if self.count == 0:
            self._first_us = message.sent_us
        self.count += 1
        self._last_us = message.sent_us
        self._has_private = self._has_private or message.room is None
        self._rooms.add(PRIVATE if message.room is None else message.room)
        self._colors.add(message.color or NO_COLOR)
        self._senders.add(message.sender)
        if link is not None and len(self._links) < MOST_LINKS:
            where = "" if message.room is None else f" in {message.room[:LONGEST_NAME]}"
            text = f"{_time(message.sent_us)} {message.sender[:LONGEST_NAME]}{where}"
            anchor = Element(tag="a", url=link, children=(Text(text),))
            self._links.append(Element(tag="li", children=(anchor,)))

    def write(self, message_id: str, sent_us: int) -> RelayMessage:
        """Return the summary.

        Args:
            message_id: Its id, the same for every try.
            sent_us: When its range was stored.
        """
        span = f"{_day(self._first_us)} to {_day(self._last_us)} UTC"
        text = (
            f"{self.count:,} messages waited for this chat, from {span}. "
            "They are not sent one by one; red ones are."
        )
        counts = (
            _item("Rooms", self._rooms),
            _item("Colors", self._colors),
            _item("Senders", self._senders),
        )
        body: list[Node] = [
            Element(tag="p", children=(Text(text),)),
            Element(tag="ul", children=counts),
        ]
        if self._links:
            body.append(Element(tag="ul", children=tuple(self._links)))
            left = self.count - len(self._links)
            if left:
                more = Text(f"and {left:,} more")
                body.append(Element(tag="p", children=(more,)))
        return RelayMessage(
            id=message_id,
            sent_at=datetime.fromtimestamp(sent_us / 1_000_000, UTC),
            kind="summary",
            room=None if self._has_private else self._rooms.only,
            sender=SUMMARY_SENDER,
            label=SUMMARY_SENDER,
            title=f"{self.count:,} messages waited",
            body=tuple(body),
        )


class _Names:
    """How often each name came."""

    def __init__(self) -> None:
        self._counter: Counter[str] = Counter()
        self._others = 0

    def add(self, name: str) -> None:
        name = name[:LONGEST_NAME]
        if name in self._counter or len(self._counter) < MOST_COUNTED:
            self._counter[name] += 1
        else:
            self._others += 1

    @property
    def only(self) -> str | None:
        """The only name that came, if there is but one."""
        return next(iter(self._counter)) if len(self._counter) == 1 else None

    def __str__(self) -> str:
        named = self._counter.most_common(MOST_NAMED)
        others = self._counter.total() - sum(count for _, count in named) + self._others
        parts = [f"{name} {count:,}" for name, count in named]
        return ", ".join([*parts, f"others {others:,}"] if others else parts)


def _item(what: str, names: _Names) -> Node:
    return Element(tag="li", children=(Text(f"{what}: {names}"),))


def _time(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / 1_000_000, UTC):%H:%M}"


def _day(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / 1_000_000, UTC):%Y-%m-%d %H:%M}"
