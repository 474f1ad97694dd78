"""The streams of all open pages, and new messages for those that show a conversation.

A conversation that somebody watches has one task, and another one for guests, who see less of it.
A signal wakes it; it reads the new messages, renders each once, and offers the same bytes to
every stream. Before it offers anything, it ends the streams of those who have lost their access.
What else they are sent is in `updates.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from hipkit.api.errors import StorageError
from hipkit.server.logs import log_task_error
from hipkit.server.page.history import ConversationView
from hipkit.server.page.rendering import Renderer
from hipkit.server.page.streams.stream import (
    GAP,
    MOST_WAITING_BYTES,
    REPLACED,
    AccessCheck,
    FeedTiming,
    Reader,
    Stream,
    message_event,
)
from hipkit.server.page.streams.updates import Updates
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.shared.protocol import ACCESS, Signals
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.messages import MessageRecord

__all__ = ["Feeds"]

log = logging.getLogger("hipkit.server")

MOST_READ = 100
MOST_BACKLOG = 200
"""A reader who missed more has to load the page again."""
MOST_STREAMS = 5_000


class Feeds:
    """Every open stream, and the feeds of the conversations that are watched."""

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
        self.renderer = renderer
        self._feeds: dict[tuple[int, int], _Feed] = {}
        """By conversation and earliest timestamp: guests see less of a room than its users do."""
        self._of_readers: dict[Reader, list[Stream]] = {}
        self.updates = Updates(database, self.timing, self._end_without_access)
        self._gaps = 0
        self._access_seen = 0
        """The number of the last change of access that was handled."""
        self._checking = asyncio.Lock()
        self._is_closed = False

    def is_full_for(self, reader: Reader) -> bool:
        """Return whether a reader gets no stream: half of them are reserved for users.

        Guests need no account, so anybody with a guest address could take all of them.
        """
        most = MOST_STREAMS if reader.user_id is not None else MOST_STREAMS // 2
        return self._is_closed or self.streams >= most

    @property
    def streams(self) -> int:
        """The number of open streams."""
        return sum(map(len, self._of_readers.values()))

    def close(self) -> None:
        """End every stream, now and from now on: readers reconnect to the next process."""
        self._is_closed = True
        for stream in self._all():
            stream.end()

    @contextlib.asynccontextmanager
    async def streaming(
        self,
        conversation: ConversationView | None,
        after_us: int,
        reader: Reader,
        may_read: AccessCheck,
        *,
        changes_seen: int | None = None,
    ) -> AsyncIterator[Stream]:
        """Open a stream for as long as the block runs.

        Without a conversation it carries only what changes elsewhere, for users; with one also its
        messages after a timestamp. A reader who has the maximum of streams loses the oldest one.

        Args:
            conversation: The one that is open.
            after_us: The timestamp of the last message that its page shows.
            reader: Who opens it.
            may_read: Checks again and again whether they may.
            changes_seen: The number of the last change of a part that the page shows.
        """
        stream = Stream(reader, conversation, may_read, changes_seen)
        async with contextlib.AsyncExitStack() as stack:
            if conversation is not None:
                feed = await stack.enter_async_context(
                    self._following(stream, conversation)
                )
            self._enter(stream)
            stack.callback(self._leave, stream)
            if self._is_closed:
                stream.end()
            if conversation is not None:
                await self._offer_missed(stream, feed, after_us)
            # Access was checked before the stream was in the list, and before missed messages
            # were read: a change in between was handled without it.
            await stream.check()
            yield stream

    @contextlib.asynccontextmanager
    async def _following(
        self, stream: Stream, conversation: ConversationView
    ) -> AsyncIterator[_Feed]:
        """Offer a stream the messages of a conversation while the block runs."""
        key = conversation.conversation_id, conversation.oldest_us
        feed = self._feeds.get(key)
        if feed is None:
            newest = await self._newest(conversation.conversation_id)
            # While that was read, another stream may have created the feed.
            feed = self._feeds.setdefault(key, _Feed(conversation, newest))
        feed.streams.add(stream)
        if feed.task is None or feed.task.done():
            feed.task = asyncio.create_task(self._run(feed), name="page feed")
            feed.task.add_done_callback(log_task_error)
            feed.task.add_done_callback(lambda _: feed.end())
        try:
            yield feed
        finally:
            feed.streams.discard(stream)
            if not feed.streams:
                feed.task.cancel()
                self._feeds.pop(key, None)

    def _enter(self, stream: Stream) -> None:
        others = self._of_readers.setdefault(stream.reader, [])
        while len(others) >= stream.reader.most_streams:
            others.pop(0).end(REPLACED)
        others.append(stream)
        self.updates.enter(stream)

    def _leave(self, stream: Stream) -> None:
        self.updates.leave(stream)
        others = self._of_readers.get(stream.reader, [])
        if stream in others:
            others.remove(stream)
        if not others:
            self._of_readers.pop(stream.reader, None)

    def _all(self) -> list[Stream]:
        return [one for streams in self._of_readers.values() for one in streams]

    async def _end_without_access(self) -> int:
        """End the streams of readers who lost access, whichever process took it away.

        Return how often so far it was not known what changed, as after a restore.
        """
        async with self._checking:
            changes = await self._database.stores.access_changes.after(
                self._access_seen
            )
            if not changes:
                return self._gaps
            # Only the latest changes are stored: after a gap everybody is checked.
            is_complete = changes[0].id == self._access_seen + 1
            people = {change.user_id for change in changes} - {None}
            rooms = {change.room_id for change in changes} - {None}
            for stream in self._all():
                is_affected = stream.reader.user_id in people or stream.room_id in rooms
                if is_affected or not is_complete:
                    await stream.check()
                    # There may be thousands, and other tasks wait.
                    await asyncio.sleep(0)
            self._access_seen = changes[-1].id
            self._gaps += not is_complete
            return self._gaps

    async def _newest(self, conversation_id: int) -> int:
        found = await self._database.stores.messages.page(
            conversation_id,
            newest_us=LATEST_US,
            oldest_us=0,
            include_deleted=True,
            start=0,
            count=1,
        )
        return found[0].sent_us if found else 0

    async def _offer_missed(self, stream: Stream, feed: _Feed, after_us: int) -> None:
        # The feed itself offers what is newer than it is now.
        conversation, until_us = feed.conversation, feed.last_us
        if after_us >= until_us:
            return
        messages = await self._database.stores.messages.after(
            conversation.conversation_id, after_us, count=MOST_BACKLOG + 1
        )
        if len(messages) > MOST_BACKLOG:
            stream.offer_first(GAP)
            return
        missed = [one for one in messages if one.sent_us <= until_us]
        if missed:
            events = await self._events(conversation, missed)
            # Long messages, held for a reader who does not read, would fill the memory.
            is_short = len(events) <= MOST_WAITING_BYTES
            stream.offer_first(events if is_short else GAP)

    async def _run(self, feed: _Feed) -> None:
        loop = asyncio.get_running_loop()
        signalled = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(signalled.set)

        topic = feed.conversation.conversation_id
        with (
            self._signals.listening(topic, wake),
            self._signals.listening(ACCESS, wake),
        ):
            while True:
                # Cleared before reading: a signal that arrives meanwhile starts another round.
                signalled.clear()
                try:
                    await self._read(feed)
                except StorageError as error:
                    log.error("page feed: %s", error)
                await asyncio.sleep(len(feed.streams) * self.timing.pause)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.timing.poll):
                        await signalled.wait()

    async def _read(self, feed: _Feed) -> None:
        """Offer the new messages."""
        while True:
            found = await self._database.stores.messages.after(
                feed.conversation.conversation_id, feed.last_us, count=MOST_READ
            )
            # After the read: who may not see one of these messages lost access before it was sent.
            await self._end_without_access()
            if not found:
                return
            events = await self._events(feed.conversation, found)
            feed.last_us = found[-1].sent_us
            for stream in feed.streams:
                stream.offer(events)

    async def _events(
        self, conversation: ConversationView, messages: Sequence[MessageRecord]
    ) -> bytes:
        rendered = await self.renderer.render_all(
            self._database.stores,
            conversation.group_id,
            messages,
            oldest_us=conversation.oldest_us,
        )
        times = (message.sent_us for message in messages)
        return b"".join(map(message_event, times, rendered))


class _Feed:
    """One conversation's feed: how far it has read, and its streams."""

    def __init__(self, conversation: ConversationView, last_us: int) -> None:
        self.conversation = conversation
        self.last_us = last_us
        self.streams: set[Stream] = set()
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """End its streams: their readers reconnect, which starts a new feed."""
        for stream in self.streams:
            stream.end()
