"""`hipkit tail`: show the latest messages of rooms and private chats, then follow new ones."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import click
import msgspec

from hipkit.api.calling import CallOptions
from hipkit.api.errors import (
    ForbiddenError,
    HipkitError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ResponseError,
    ServerError,
    UnauthorizedError,
)
from hipkit.api.limits import Limits
from hipkit.api.unreadable import OnUnreadable, UnreadableItem
from hipkit.cli.call.unreadable import UnreadableItems
from hipkit.cli.connect import open_client, report_wait
from hipkit.cli.failures import ExitCode, report
from hipkit.cli.inputs import Since, Text
from hipkit.cli.message_text import message_text
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json
from hipkit.client.hipchat import HipChat
from hipkit.client.history import HistoryOperation
from hipkit.v2.models import Message, MessagePage
from hipkit.v2.rooms import GetRecentRoomHistory, GetRoomHistory
from hipkit.v2.users import GetPrivatechatHistory, GetRecentPrivatechatHistory

__all__ = ["Tail", "seconds_to_next", "tail"]

MOST_MESSAGES = 1_000
"""The server's limit for `max-results`."""
DEFAULT_LINES = 10
LONGEST_PAUSE_SECONDS = 60.0
PASSING_ERRORS = (RequestError, RateLimitError, ServerError, ResponseError)
"""Errors that may be over by the next request."""
ENDING_ERRORS = (UnauthorizedError, ForbiddenError, NotFoundError)
"""Errors that end a room or chat, and the others go on. Any further one ends the command."""


class Tail:
    """Decides what to request next of one room or chat, and which messages are new.

    Args:
        place: A room's id or name, or `@` and a user's mention name for the private chat with
            them.
        lines: How many of the messages before the start are new; `None` for all.
        since: The earliest timestamp of these messages.
    """

    def __init__(
        self, place: str, lines: int | None, since: datetime | None = None
    ) -> None:
        self.place = place
        self._lines = lines
        self._since = since
        self._last: Message | None = None
        self._seen: frozenset[str] = frozenset()
        self._unreadable: set[bytes] = set()
        self._is_wide = since is not None
        self.shows_old = since is not None or lines != 0
        self.started = False
        """Whether a response has shown which messages are old."""

    @property
    def is_chat(self) -> bool:
        """Whether this is a private chat."""
        return self.place.startswith("@")

    def operation(self) -> GetRecentRoomHistory | GetRecentPrivatechatHistory:
        """Return the next request."""
        count = MOST_MESSAGES
        if not (self._last or self.started or self._is_wide):
            # With no lines too, one message is needed: those after it are new.
            count = max(self._lines or 0, 1)
        last_id = self._last.id if self._last else None
        kind = GetRecentPrivatechatHistory if self.is_chat else GetRecentRoomHistory
        return kind(self.place, max_results=count, not_before=last_id)

    def gap(self, page: MessagePage) -> tuple[HistoryOperation, datetime] | None:
        """Return the history that a response does not reach back to, and where it begins.

        A response holds the latest messages only, so a busy room may have sent more.
        """
        items = page.items or []
        reach = self._since if self._last is None else self._last.date
        if not items or reach is None or (self._last is None and self.started):
            return None
        if self._last is not None and self._last.id in {one.id for one in items}:
            return None
        oldest = min(message.date for message in items)
        if oldest < reach:
            return None
        kind = GetPrivatechatHistory if self.is_chat else GetRoomHistory
        return kind(self.place, date=oldest), reach

    def is_new(self, item: UnreadableItem) -> bool:
        """Return whether no earlier response held this unreadable message."""
        raw = msgspec.json.encode(item.raw)
        is_new = raw not in self._unreadable
        self._unreadable.add(raw)
        return is_new

    def take(self, page: MessagePage, older: Iterable[Message] = ()) -> list[Message]:
        """Return the new messages of a response and of its gap, oldest first."""
        if self._unreadable and not (page.items or self.started or self._is_wide):
            self._is_wide = True
            return []
        # A history comes newest first; messages of one timestamp keep their order. Those that it
        # returns after the last one may have its timestamp, and are older.
        last_id = self._last.id if self._last else None
        missed = [*takewhile(lambda message: message.id != last_id, older)]
        in_order = [*reversed(missed), *(page.items or ())]
        found = {message.id: message for message in in_order}
        messages = sorted(found.values(), key=lambda message: message.date)
        last, seen = self._last, self._seen
        self._seen = frozenset(found)
        if messages:
            self._last = messages[-1]
        if not self.started:
            self.started = True
            since, lines = self._since, self._lines
            if since is not None:
                messages = [one for one in messages if one.date >= since]
            return messages[0 if lines is None else max(0, len(messages) - lines) :]
        # After a message is deleted, the response holds an older one that was not in it before.
        return [
            message
            for message in messages
            if message.id not in seen and (last is None or message.date >= last.date)
        ]


def seconds_to_next(
    limits: Limits, interval: float, now: float, calls: int = 1
) -> float:
    """Return the seconds to wait, so that the remaining calls last until the rate limit resets.

    While more than half of them remain, this is the interval.

    Args:
        limits: The limits as the last response showed them.
        interval: The seconds to wait at least.
        now: The time, in UNIX seconds.
        calls: How many calls follow the wait.
    """
    rate = limits.rate
    if rate is None or rate.reset_at is None or rate.remaining > rate.limit / 2:
        return interval
    left = max(rate.reset_at.timestamp() - now, 0.0)
    return max(interval, left * calls / max(rate.remaining, 1))


@click.command(cls=Command)
@click.argument("places", metavar="ROOM...", type=Text(), nargs=-1, required=True)
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, MOST_MESSAGES),
    help="Number of latest messages of each room to show first.  [default: 10, with --since all]",
)
@click.option(
    "--since",
    type=Since(),
    metavar="TIME",
    help="Show the messages since then first: 90s, 30m, 2h, 1d, or a date.",
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
    places: tuple[str, ...],
    lines: int | None,
    since: datetime | timedelta | None,
    follow: bool,
    interval: float,
) -> int:
    """Show the latest messages of rooms and private chats, then follow new ones.

    ROOM is an id or a name, or @ and a mention name for your private chat with that user. Several
    are shown together, by date. Press Ctrl-C to stop. With --json, each message is one line.

    Scope: view_messages. Private chats need a user's token.
    """
    if isinstance(since, timedelta):
        since = _before_now(since)
    elif lines is None and since is None:
        lines = DEFAULT_LINES
    report_item = UnreadableItems(settings)
    with open_client(settings) as client:
        watched = [
            _Watched(client, Tail(place, lines, since), report_item)
            for place in dict.fromkeys(places)
        ]
        group = _Group(settings, watched)
        while waiting := [one for one in group.left if not one.tail.started]:
            group.show(waiting)
        if follow:
            group.follow(interval)
    return group.exit_code or report_item.exit_code


def _before_now(duration: timedelta) -> datetime:
    try:
        return datetime.now(UTC) - duration
    except OverflowError:  # Longer ago than any date.
        return datetime.min.replace(tzinfo=UTC)


class _Watched:
    """A room or chat, and the client that reads it."""

    def __init__(self, client: HipChat, tail: Tail, report: OnUnreadable) -> None:
        def report_new(item: UnreadableItem) -> None:
            # Where nothing old is shown, what the first response holds is not reported.
            if tail.is_new(item) and (tail.shows_old or tail.started):
                report(item)

        self.tail = tail
        self._client = client.with_options(on_unreadable=report_new)

    def begin_to_follow(self, settings: Settings) -> None:
        """Pace the calls from now on, without a deadline unless the user set one."""
        options: CallOptions = {"pace": True}
        if settings.deadline is None:
            options["deadline"] = None
        self._client = self._client.with_options(**options)

    @property
    def limits(self) -> Limits:
        """The limits as the last response showed them, of whichever room."""
        return self._client.limits

    def read(self) -> list[tuple[str, Message]]:
        """Return the new messages, each with the name of its room or chat."""
        page = self._client.send(self.tail.operation())
        older: Iterable[Message] = ()
        gap = self.tail.gap(page)
        if gap is not None:
            history, since = gap
            older = self._client.history(history, since=since)
        return [(self.tail.place, one) for one in self.tail.take(page, older)]


class _Group:
    """The rooms and chats that are shown together, until each of them ends.

    Attributes:
        left: Those that have not ended.
        exit_code: That of the first that ended.
    """

    def __init__(self, settings: Settings, watched: Sequence[_Watched]) -> None:
        self.left = [*watched]
        self.exit_code = ExitCode.OK
        self._settings = settings
        self._has_several = len(watched) > 1

    def follow(self, interval: float) -> None:
        """Show new messages until the last room or chat has ended."""
        for one in self.left:
            one.begin_to_follow(self._settings)
        failures, was_slow = 0, False
        while self.left:
            limits = self.left[0].limits
            wait = seconds_to_next(limits, interval, time.time(), len(self.left))
            is_slow = wait > 2 * interval
            if is_slow and not was_slow:
                report_wait(self._settings, wait, "to stay within the rate limit")
            was_slow = is_slow
            time.sleep(wait)
            error = self.show([*self.left], passing=PASSING_ERRORS)
            failures = failures + 1 if error else 0
            if error:
                pause = min(interval * 2**failures, LONGEST_PAUSE_SECONDS)
                report_wait(self._settings, pause, str(error))
                time.sleep(pause)

    def show(
        self,
        watched: Iterable[_Watched],
        *,
        passing: tuple[type[HipkitError], ...] = (),
    ) -> HipkitError | None:
        """Show the new messages of rooms and chats by date, and return the last passing error.

        The messages that were read are shown whatever happens in the next room: they are not read
        again.
        """
        found: list[tuple[str, Message]] = []
        last_error = None
        try:
            for one in watched:
                try:
                    found += one.read()
                except passing as error:
                    last_error = error
                except ENDING_ERRORS as error:
                    if not self._has_several:
                        raise
                    self._end(one, error)
        finally:
            for place, message in sorted(found, key=lambda pair: pair[1].date):
                _write(self._settings, message, place if self._has_several else None)
        return last_error

    def _end(self, one: _Watched, error: HipkitError) -> None:
        """Report that a room or chat was deleted, or may not be read, and go on without it."""
        self.left.remove(one)
        code = report(error, as_json=self._settings.json, room=one.tail.place)
        self.exit_code = self.exit_code or code


def _write(settings: Settings, message: Message, place: str | None) -> None:
    if not settings.json:
        write(message_text(message, place=place))
    elif place is None:
        write_json(message)
    else:
        write_json({"room": place, **message.to_dict()})
