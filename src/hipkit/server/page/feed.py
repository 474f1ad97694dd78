"""New messages as a stream of events, for everybody who has a room's page open.

A room that is watched has one task. It hears that something was said, reads what is new,
renders it once, and hands the same bytes to every stream. Each event's id is the moment of its
message, so a browser that comes back says where it stood and misses nothing.

Before it hands anything out, those who lost their access meanwhile are let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hipkit.api.errors import StorageError
from hipkit.server.logs import log_task_error
from hipkit.server.page.rendering import Renderer, gather
from hipkit.server.page.views.history import Place
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.shared.signals import ACCESS, Signals, conversation_topic
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.messages import MessageRecord

__all__ = ["FeedResponse", "FeedTiming", "Feeds", "Reader", "Watcher"]

log = logging.getLogger("hipkit.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTiming:
    """How often things are looked at, in seconds."""

    poll: float = 3.0
    """How soon a message shows that another process wrote, such as `hipkit admin`."""
    keep_alive: float = 15.0
    """After how long a silence a stream shows that it is there."""
    check: float = 15.0
    """How often is asked whether a reader may still read, apart from when that changes: sessions
    end by themselves too. At the next message or sign of life after that."""
    send: float = 20.0
    """How long a reader may keep a message waiting on the wire."""
    pause: float = 0.00004
    """For each stream, how long a feed gathers messages after it handed some out: the more
    watch, the dearer is each round, and the more it should carry."""


MOST_READ = 100
MOST_BACKLOG = 200
"""Who missed more is told to load the page anew."""
MOST_WAITING_BYTES = 512 * 1024
MOST_STREAMS = 5_000
MOST_OF_PERSON = 20
"""Streams that one person may have open, in all their sessions together."""
MOST_OF_GUESTS = 50
"""Streams that guests of a room may have open in one network: nothing else tells them apart."""

Check = Callable[[], Awaitable[bool]]

KEEP_ALIVE = b":\n\n"
TOO_FAR = b"event: gap\ndata:\n\n"
HELLO = b"retry: 2000\n\n"
REPLACED = b"event: replaced\ndata:\n\n"
"""Tells a browser that a newer stream took this one's place, and not to come back by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who opens streams: a person, or the guests of a room in one network."""

    user_id: int | None = None
    guest_key: str | None = field(default=None, repr=False)
    network: str | None = None

    @property
    def most_streams(self) -> int:
        """How many they may have open at a time."""
        return MOST_OF_GUESTS if self.user_id is None else MOST_OF_PERSON


class Watcher:
    """What waits for one stream. It ends when its reader is too slow, gone, or to be let go."""

    def __init__(self, reader: Reader, room_id: int | None, may_stay: Check) -> None:
        self.reader = reader
        self.room_id = room_id
        self.farewell = b""
        """What is sent last."""
        self._may_stay = may_stay
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self.is_ended = False

    def offer(self, events: bytes) -> None:
        """Add events; a reader who is too slow has to come back for them."""
        self._waiting.append(events)
        self._waiting_bytes += len(events)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self.end()
        self._changed.set()

    def offer_first(self, events: bytes) -> None:
        """Add what came before anything that waits."""
        self._waiting.appendleft(events)
        self._changed.set()

    def end(self, farewell: bytes = b"") -> None:
        """Give out nothing more than a farewell."""
        if not self.is_ended:
            self.farewell = farewell
        self.is_ended = True
        self._changed.set()

    async def check(self) -> None:
        """End if the reader may not read any more."""
        if not self.is_ended and not await self._may_stay():
            self.end()

    async def take(self, seconds: float) -> bytes:
        """Return what waits, or nothing if nothing comes in time or the end does."""
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


class Feeds:
    """The feeds of the rooms that somebody watches."""

    def __init__(
        self,
        database: Database,
        signals: Signals,
        renderer: Renderer,
        timing: FeedTiming | None = None,
    ) -> None:
        self.timing = timing or FeedTiming()
        self._database = database
        self._signals = signals
        self._renderer = renderer
        self._feeds: dict[int, _Feed] = {}
        self._of_readers: dict[Reader, list[Watcher]] = {}
        self._access_seen = 0
        """The last change of access that was looked at."""
        self._checking = asyncio.Lock()
        self._is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more stream."""
        return self._is_closed or self.streams >= MOST_STREAMS

    @property
    def is_half_full(self) -> bool:
        """Whether what is left is for people who signed in: guests are known to nobody."""
        return self.streams >= MOST_STREAMS // 2

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(len(feed.watchers) for feed in self._feeds.values())

    def close(self) -> None:
        """End every stream, now and from now on: their readers come back to the next process."""
        self._is_closed = True
        for feed in self._feeds.values():
            feed.end()

    @contextlib.asynccontextmanager
    async def watching(
        self, place: Place, after_us: int, reader: Reader, may_stay: Check
    ) -> AsyncIterator[Watcher]:
        """Watch a conversation from just after a moment on while the block runs.

        Where the reader has as many streams as they may have, their oldest one ends.
        """
        feed = self._feeds.get(place.conversation_id)
        if feed is None:
            newest = await self._newest(place)
            # Another stream may have been faster meanwhile, where the database makes wait.
            feed = self._feeds.setdefault(place.conversation_id, _Feed(place, newest))
        watcher = Watcher(reader, place.room_id, may_stay)
        feed.watchers.add(watcher)
        self._enter(watcher)
        if feed.task is None or feed.task.done():
            feed.task = asyncio.create_task(self._run(feed), name="page feed")
            feed.task.add_done_callback(log_task_error)
            feed.task.add_done_callback(lambda _: feed.end())
        try:
            if self._is_closed:
                watcher.end()
            # It was checked before it watched: what changed in between was told to others.
            await watcher.check()
            await self._offer_missed(watcher, place, after_us, feed.last_us)
            yield watcher
        finally:
            feed.watchers.discard(watcher)
            self._leave(watcher)
            if not feed.watchers and feed.task is not None:
                feed.task.cancel()
                self._feeds.pop(place.conversation_id, None)

    def _enter(self, watcher: Watcher) -> None:
        others = self._of_readers.setdefault(watcher.reader, [])
        while len(others) >= watcher.reader.most_streams:
            others.pop(0).end(REPLACED)
        others.append(watcher)

    def _leave(self, watcher: Watcher) -> None:
        others = self._of_readers.get(watcher.reader, [])
        if watcher in others:
            others.remove(watcher)
        if not others:
            self._of_readers.pop(watcher.reader, None)

    async def _let_go(self) -> None:
        """End the streams of those who lost their access, whichever process took it."""
        async with self._checking:
            changes = await self._database.stores.access_changes.after(
                self._access_seen
            )
            if not changes:
                return
            is_complete = changes[0].id == self._access_seen + 1
            people = {change.user_id for change in changes} - {None}
            rooms = {change.room_id for change in changes} - {None}
            watchers = self._all_watchers()
            if is_complete:
                watchers = [
                    one
                    for one in watchers
                    if one.reader.user_id in people or one.room_id in rooms
                ]
            for watcher in watchers:
                await watcher.check()
                await asyncio.sleep(0)  # There may be thousands, and others wait.
            self._access_seen = changes[-1].id

    def _all_watchers(self) -> list[Watcher]:
        return [one for feed in self._feeds.values() for one in feed.watchers]

    async def _newest(self, place: Place) -> int:
        found = await self._database.stores.messages.page(
            place.conversation_id,
            newest_us=LATEST_US,
            oldest_us=0,
            include_deleted=True,
            start=0,
            count=1,
        )
        return found[0].sent_us if found else 0

    async def _offer_missed(
        self, watcher: Watcher, place: Place, after_us: int, until_us: int
    ) -> None:
        if after_us >= until_us:
            return
        messages = await self._database.stores.messages.after(
            place.conversation_id, after_us, count=MOST_BACKLOG + 1
        )
        if len(messages) > MOST_BACKLOG:
            watcher.offer_first(TOO_FAR)
            return
        missed = [one for one in messages if one.sent_us <= until_us]
        if missed:
            watcher.offer_first(await self._events(place, missed))

    async def _run(self, feed: _Feed) -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(heard.set)

        topic = conversation_topic(feed.place.conversation_id)
        with (
            self._signals.listening(topic, wake),
            self._signals.listening(ACCESS, wake),
        ):
            while True:
                heard.clear()
                try:
                    await self._read(feed)
                except StorageError as error:
                    log.error("page feed: %s", error)
                await asyncio.sleep(len(feed.watchers) * self.timing.pause)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.timing.poll):
                        await heard.wait()

    async def _read(self, feed: _Feed) -> None:
        """Hand out what is new."""
        while True:
            found = await self._database.stores.messages.after(
                feed.place.conversation_id, feed.last_us, count=MOST_READ
            )
            # After the messages: whoever may not see one of them lost their access before it.
            await self._let_go()
            if not found:
                return
            events = await self._events(feed.place, found)
            feed.last_us = found[-1].sent_us
            for watcher in feed.watchers:
                watcher.offer(events)

    async def _events(self, place: Place, messages: Sequence[MessageRecord]) -> bytes:
        around = await gather(self._database.stores, place.group_id, messages)
        return b"".join(
            _event(message.sent_us, self._renderer.render(message, around))
            for message in messages
        )


class _Feed:
    """One conversation's feed: how far it has read, and who gets it."""

    def __init__(self, place: Place, last_us: int) -> None:
        self.place = place
        self.last_us = last_us
        self.watchers: set[Watcher] = set()
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """End its streams: their readers come back and begin a new one."""
        for watcher in self.watchers:
            watcher.end()


class FeedResponse(Response):
    """Answers with the events of a conversation until one side ends it."""

    def __init__(
        self,
        feeds: Feeds,
        place: Place,
        *,
        after_us: int,
        reader: Reader,
        may_stay: Check,
    ) -> None:
        super().__init__(
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        del self.headers["Content-Length"]
        self._feeds = feeds
        self._place = place
        self._after_us = after_us
        self._reader = reader
        self._may_stay = may_stay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events as they come."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        async with self._feeds.watching(
            self._place, self._after_us, self._reader, self._may_stay
        ) as watcher:
            leaving = asyncio.create_task(_wait_for_end(receive, watcher))
            try:
                async with asyncio.timeout(None) as patience:
                    await self._send_events(watcher, send, patience)
            except TimeoutError:
                log.info("page feed: a reader did not read")
                return
            finally:
                leaving.cancel()
        last = {
            "type": "http.response.body",
            "body": watcher.farewell,
            "more_body": False,
        }
        await send(last)

    async def _send_events(
        self, watcher: Watcher, send: Send, patience: asyncio.Timeout
    ) -> None:
        timing, events, checked = self._feeds.timing, HELLO, monotonic()
        while not watcher.is_ended:
            patience.reschedule(asyncio.get_running_loop().time() + timing.send)
            body = {"type": "http.response.body", "body": events, "more_body": True}
            await send(body)
            patience.reschedule(None)
            events = await watcher.take(timing.keep_alive) or KEEP_ALIVE
            if monotonic() - checked >= timing.check:
                await watcher.check()
                checked = monotonic()


async def _wait_for_end(receive: Receive, watcher: Watcher) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watcher.end()


def _event(moment_us: int, html: str) -> bytes:
    lines = html.replace("\r", "").split("\n")
    data = "\n".join(f"data: {line}" for line in lines)
    return f"id: {moment_us}\n{data}\n\n".encode()
