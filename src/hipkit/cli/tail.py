"""`hipkit tail`: show a room's latest messages, then follow new ones."""

from __future__ import annotations

import time
from collections.abc import Iterable

import click
import msgspec

from hipkit.api.errors import RateLimitError, RequestError, ResponseError, ServerError
from hipkit.api.limits import Limits
from hipkit.api.unreadable import UnreadableItem
from hipkit.cli.call.unreadable import UnreadableItems
from hipkit.cli.connect import open_client, report_wait
from hipkit.cli.inputs import Text
from hipkit.cli.message_text import message_text
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json
from hipkit.client.client import HipChat
from hipkit.v2.models import Message, MessagePage
from hipkit.v2.rooms import GetRecentRoomHistory

__all__ = ["Tail", "seconds_to_next", "tail"]

MOST_MESSAGES = 1_000
"""The server's limit for `max-results`."""
LONGEST_PAUSE_SECONDS = 60.0
PASSING_ERRORS = (RequestError, RateLimitError, ServerError, ResponseError)
"""Errors that may be over by the next request; any other ends the command."""


class Tail:
    """Decides what to request next, and which messages of a response are new."""

    def __init__(self, room_id_or_name: str, lines: int) -> None:
        self._room = room_id_or_name
        self._lines = lines
        self._last: Message | None = None
        self._seen: frozenset[str] = frozenset()
        self._unreadable: set[bytes] = set()
        self._is_wide = False
        self.started = False
        """Whether a response has shown which messages are old."""

    def operation(self) -> GetRecentRoomHistory:
        """Return the next request."""
        count = MOST_MESSAGES
        if not (self._last or self.started or self._is_wide):
            # With no lines too, one message is needed: those after it are new.
            count = max(self._lines, 1)
        last_id = self._last.id if self._last else None
        return GetRecentRoomHistory(self._room, max_results=count, not_before=last_id)

    def is_new(self, item: UnreadableItem) -> bool:
        """Return whether no earlier response held this unreadable message."""
        raw = msgspec.json.encode(item.raw)
        is_new = raw not in self._unreadable
        self._unreadable.add(raw)
        return is_new

    def take(self, page: MessagePage) -> list[Message]:
        """Return the new messages of a response, oldest first."""
        if self._unreadable and not (page.items or self.started or self._is_wide):
            self._is_wide = True
            return []
        messages = sorted(page.items or (), key=lambda message: message.date)
        last, seen = self._last, self._seen
        self._seen = frozenset(message.id for message in messages)
        if messages:
            self._last = messages[-1]
        if not self.started:
            self.started = True
            return messages[-self._lines :] if self._lines else []
        # After a message is deleted, the response holds an older one that was not in it before.
        return [
            message
            for message in messages
            if message.id not in seen and (last is None or message.date >= last.date)
        ]


def seconds_to_next(limits: Limits, interval: float, now: float) -> float:
    """Return the seconds to wait, so that the remaining calls last until the rate limit resets.

    While more than half of them remain, this is the interval.
    """
    rate = limits.rate
    if rate is None or rate.reset_at is None or rate.remaining > rate.limit / 2:
        return interval
    left = max(rate.reset_at.timestamp() - now, 0.0)
    return max(interval, left / max(rate.remaining, 1))


@click.command(cls=Command)
@click.argument("room_id_or_name", metavar="ROOM", type=Text())
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, MOST_MESSAGES),
    default=10,
    help="Number of latest messages to show first.",
)
@click.option(
    "--follow/--no-follow",
    default=True,
    help="Keep running and show new messages.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=5.0,
    metavar="SECONDS",
    help="Time between requests; longer when the rate limit requires it.",
)
@click.pass_obj
def tail(
    settings: Settings,
    /,
    *,
    room_id_or_name: str,
    lines: int,
    follow: bool,
    interval: float,
) -> int:
    """Show a room's latest messages, then follow new ones.

    ROOM is an id or a name. Press Ctrl-C to stop. With --json, each message is one line.

    Scope: view_messages.
    """
    seen = Tail(room_id_or_name, lines)
    report_item = UnreadableItems(settings)

    def report_new(item: UnreadableItem) -> None:
        # With no lines, what the first response holds is old.
        if seen.is_new(item) and (lines or seen.started):
            report_item(item)

    with open_client(settings) as opened:
        client = opened.with_options(on_unreadable=report_new)
        while not seen.started:
            _show(settings, seen.take(client.send(seen.operation())))
        if follow:
            if settings.deadline is None:
                client = client.with_options(deadline=None)
            _follow(settings, client.with_options(pace=True), seen, interval)
    return report_item.exit_code


def _follow(settings: Settings, client: HipChat, seen: Tail, interval: float) -> None:
    failures, was_slow = 0, False
    while True:
        wait = seconds_to_next(client.limits, interval, time.time())
        is_slow = wait > 2 * interval
        if is_slow and not was_slow:
            report_wait(settings, wait, "to stay within the rate limit")
        was_slow = is_slow
        time.sleep(wait)
        try:
            page = client.send(seen.operation())
        except PASSING_ERRORS as error:
            failures += 1
            pause = min(interval * 2**failures, LONGEST_PAUSE_SECONDS)
            report_wait(settings, pause, str(error))
            time.sleep(pause)
            continue
        failures = 0
        _show(settings, seen.take(page))


def _show(settings: Settings, messages: Iterable[Message]) -> None:
    for message in messages:
        if settings.json:
            write_json(message)
        else:
            write(message_text(message))
