"""One reader's stream of events: what waits to be sent to it, and what ends it.

An event with an id holds one rendered message, and the id is its timestamp: a browser that
reconnects sends the last id that it has, and so misses none. Other events hold unread
counts, and name what else has changed. Read next: `feed.py` and `updates.py`, which fill the
streams.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from time import monotonic

from hipkit.server.http.requests import Receive, Send
from hipkit.server.http.responses import Answer, header
from hipkit.server.page.history import ConversationView

__all__ = ["EventStreamAnswer", "FeedTiming", "Reader", "Stream", "message_event"]

log = logging.getLogger("hipkit.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTiming:
    """Intervals and time limits, in seconds."""

    poll: float = 3.0
    """How soon a message appears that another process wrote, such as `hipkit admin`."""
    keep_alive: float = 15.0
    """After how long without an event a comment is sent, so that proxies keep the connection."""
    check: float = 15.0
    """How often access is checked again, besides when it changes: sessions expire by themselves.
    It happens with the first event or comment after that time."""
    send: float = 20.0
    """How long a reader may take to receive what was sent."""
    update: float = 1.0
    """How often streams are sent what changed besides the messages of their conversation."""
    pause: float = 0.00004
    """How long a feed collects messages after a round, for each of its streams: the more there
    are, the more a round costs, and the more messages it should carry."""


MOST_WAITING_BYTES = 512 * 1024
MOST_OF_USER = 20
"""Streams that one user may have open, in all their sessions together."""
MOST_OF_GUESTS = 50
"""Streams that guests of a room may have open in one network: nothing else distinguishes them."""

AccessCheck = Callable[[], Awaitable[bool]]

KEEP_ALIVE = b":\n\n"
GAP = b"event: gap\ndata:\n\n"
"""Too many messages were missed: the browser has to load the page again."""
HELLO = b"retry: 2000\n\n"
REPLACED = b"event: replaced\ndata:\n\n"
"""A newer stream took this one's place: the browser must not reconnect by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who opens streams: a user, or the guests of a room in one network."""

    user_id: int | None = None
    guest_key: str | None = field(default=None, repr=False)
    network: str | None = None

    @property
    def most_streams(self) -> int:
        """How many they may have open at a time."""
        return MOST_OF_GUESTS if self.user_id is None else MOST_OF_USER


class Stream:
    """The events that wait for one reader, until the reader is too slow, gone or without access."""

    def __init__(
        self,
        reader: Reader,
        conversation: ConversationView | None,
        may_read: AccessCheck,
        changes_seen: int | None = None,
    ) -> None:
        self.reader = reader
        self.changes_seen = changes_seen
        """The number of the last change of a part that its page has seen, if it says so."""
        self.room_id = None if conversation is None else conversation.room_id
        self.address = None if conversation is None else conversation.address
        self.last_event = b""
        self.is_ended = False
        self._may_read = may_read
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = asyncio.Event()

    def offer(self, events: bytes) -> None:
        """Add events. A stream with too many waiting ends: its reader reconnects for them."""
        self._waiting.append(events)
        self._waiting_bytes += len(events)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self.end()
        self._changed.set()

    def offer_later(self, events: bytes) -> None:
        """Add events that are sent with the next ones, or when `flush` is called."""
        # The reader is not woken, and `offer` checks the bytes of both.
        self._waiting.append(events)
        self._waiting_bytes += len(events)

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._changed.set()

    def offer_first(self, events: bytes) -> None:
        """Add events that precede those that wait."""
        # Their bytes do not count as waiting: a reader with a long backlog would never get it.
        self._waiting.appendleft(events)
        self._changed.set()

    def end(self, last_event: bytes = b"") -> None:
        """Send nothing more but a last event."""
        if not self.is_ended:
            self.last_event = last_event
        self.is_ended = True
        self._changed.set()

    async def check(self) -> None:
        """End the stream if its reader has lost access."""
        if not self.is_ended and not await self._may_read():
            self.end()

    async def take(self, seconds: float) -> bytes:
        """Return the events that wait; nothing if none arrives in time, or the stream ends."""
        if not self._waiting and not self.is_ended:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
        if self.is_ended:
            return b""
        events = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        return events


HEADERS = (
    header("Content-Type", "text/event-stream; charset=utf-8"),
    header("Cache-Control", "no-store"),
    header("X-Accel-Buffering", "no"),
)


class EventStreamAnswer(Answer):
    """An answer that sends a stream's events until the stream or the connection ends."""

    def __init__(
        self, opening: AbstractAsyncContextManager[Stream], timing: FeedTiming
    ) -> None:
        super().__init__(200, list(HEADERS))
        self._opening = opening
        self._timing = timing

    async def send(self, receive: Receive, send: Send) -> None:
        """Send events as they arrive."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": self.headers,
            }
        )
        async with self._opening as stream:
            leaving = asyncio.create_task(_end_on_disconnect(receive, stream))
            try:
                async with asyncio.timeout(None) as time_limit:
                    await self._send_events(stream, send, time_limit)
            except TimeoutError:
                log.info("page feed: a reader stopped reading")
                return
            finally:
                leaving.cancel()
        await send({"type": "http.response.body", "body": stream.last_event})

    async def _send_events(
        self, stream: Stream, send: Send, time_limit: asyncio.Timeout
    ) -> None:
        timing, events, checked = self._timing, HELLO, monotonic()
        while not stream.is_ended:
            # Only sending is limited: a reader who does not read would hold the stream for good.
            time_limit.reschedule(asyncio.get_running_loop().time() + timing.send)
            body = {"type": "http.response.body", "body": events, "more_body": True}
            await send(body)
            time_limit.reschedule(None)
            events = await stream.take(timing.keep_alive) or KEEP_ALIVE
            if monotonic() - checked >= timing.check:
                await stream.check()
                checked = monotonic()


async def _end_on_disconnect(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


def message_event(sent_us: int, html: str) -> bytes:
    """Return a rendered message as an event, whose id is the message's timestamp."""
    lines = html.replace("\r", "").split("\n")
    data = "\n".join(f"data: {line}" for line in lines)
    return f"id: {sent_us}\n{data}\n\n".encode()
