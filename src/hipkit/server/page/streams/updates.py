"""What open pages are sent besides the messages of their conversation.

Once a second one task reads which messages, marks and parts of pages are new, in all
conversations together. Unread counts are kept in memory for users who have pages open; a round
adds to them, and offers each user's streams what has changed for that user. So the work of a
second is shared, however many streams there are.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from hipkit.api.errors import StorageError
from hipkit.server.logs import log_task_error
from hipkit.server.page.sidebar import address_of
from hipkit.server.page.streams.changed_parts import Parts, concerns, concerns_list
from hipkit.server.page.streams.stream import FeedTiming, Stream
from hipkit.server.services.access.actor import browser_actor
from hipkit.server.services.messages.unread import (
    NOTHING,
    ConversationSummary,
    Tally,
    Unread,
    count_unread,
    list_conversations,
)
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.page_changes import PageChange

__all__ = ["Updates"]

log = logging.getLogger("hipkit.server")

MOST_READ = 1_000
PAUSE_SECONDS = 0.001
"""Between the streams of one user and those of the next: new messages go before counts."""

Counts = dict[str, tuple[int, int, int]]
"""Of changed conversations, by the paths of their pages: how many messages are unread, how many
of these call for attention, and the timestamp of the last one, 0 where it is the same as before."""


@dataclass(eq=False, slots=True)
class _Person:
    """A user who has pages open.

    Attributes:
        fresh: The streams that have not been sent the counts as they stand.
        paths: The pages of the conversations that may be counted, by conversation.
        chats: Those of `paths` that are private chats.
        is_loaded: Whether the members below are up to date.
        shown: A hash of what the list of conversations shows, counts aside.
    """

    user_id: int
    streams: set[Stream] = field(default_factory=set)
    fresh: set[Stream] = field(default_factory=set)
    paths: Mapping[int, str] = field(default_factory=dict)
    chats: frozenset[int] = frozenset()
    counts: dict[int, Unread] = field(default_factory=dict)
    is_loaded: bool = False
    shown: int | None = None


class Updates:
    """Counts unread messages for the users who have pages open, and names what else changed.

    Args:
        database: The server's.
        timing: How often to look.
        end_without_access: Ends the streams of those who lost access. Returns how often so far it
            was not known what changed, as after a restore: then all is read anew.
    """

    def __init__(
        self,
        database: Database,
        timing: FeedTiming,
        end_without_access: Callable[[], Awaitable[int]],
    ) -> None:
        self._database = database
        self.timing = timing
        self._end_without_access = end_without_access
        self._people: dict[int, _Person] = {}
        self._task: asyncio.Task[None] | None = None
        self._gaps = 0
        self._last_message = self._last_change = self._last_mark = 0
        self._counting = asyncio.Lock()
        """Held from the reading of counts to their storing. A view and a round do both: without it
        the slower one would put a count from before a mark in place of the one after it."""

    def enter(self, stream: Stream) -> None:
        """Add a stream, which is sent counts and changes; those of guests are passed over."""
        user_id = stream.reader.user_id
        if user_id is None:
            return
        person = self._people.setdefault(user_id, _Person(user_id))
        person.streams.add(stream)
        person.fresh.add(stream)
        if self._task is None or self._task.done():
            # Nobody counted since the last round, so whatever is in memory is outdated.
            self._forget_people()
            self._task = asyncio.create_task(self._run(), name="page updates")
            self._task.add_done_callback(log_task_error)

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        person = self._people.get(stream.reader.user_id or 0)
        if person is None:
            return
        person.streams.discard(stream)
        person.fresh.discard(stream)
        if not person.streams:
            del self._people[person.user_id]
        if not self._people and self._task is not None:
            self._task.cancel()
            self._task = None

    async def apply_marks(self) -> None:
        """Count again what users have read since the last time, on whichever device."""
        async with self._counting:
            marks = await self._database.stores.read_marks.after(
                self._last_mark, count=MOST_READ
            )
            for mark in marks:
                self._last_mark = mark.id
                person, key = self._people.get(mark.user_id), mark.conversation_id
                if person is not None and person.is_loaded and key in person.paths:
                    await self._count_again(person, key, mark.read_us)

    async def _count_again(self, person: _Person, key: int, read_us: int) -> None:
        """Count a conversation after its mark moved, and offer a changed count at once."""
        unread = await count_unread(
            self._database.stores,
            person.user_id,
            key,
            is_chat=key in person.chats,
            read_us=read_us,
            # Later messages are added by the round that reads them: they would count twice.
            until_sequence=self._last_message,
        )
        if person.counts.get(key, NOTHING) == unread:
            return
        person.counts[key] = unread
        events = _counts_event({person.paths[key]: (unread.count, unread.loud, 0)})
        for stream in person.streams:
            stream.offer(events)

    async def _run(self) -> None:
        await self._begin()
        while True:
            await asyncio.sleep(self.timing.update)
            try:
                await self._round()
            except StorageError as error:
                log.error("page updates: %s", error)

    async def _begin(self) -> None:
        """Begin with what is new from now on."""
        stores = self._database.stores
        self._last_message = await stores.read_marks.newest_message()
        self._last_change = await stores.page_changes.newest()
        self._last_mark = await stores.read_marks.newest()

    def _forget_people(self) -> None:
        for person in self._people.values():
            person.is_loaded = False

    async def _round(self) -> None:
        """Offer the streams what is new since the last round."""
        # What is read comes before the check of access: who may not see it had lost access before.
        last_message, news = await self._new_messages()
        changes = await self._database.stores.page_changes.after(self._last_change)
        gaps = await self._end_without_access()
        if gaps == self._gaps:
            parts = self._changed_parts(changes)
        else:
            self._gaps = gaps
            await self._begin()
            last_message, news = self._last_message, {}
            self._forget_people()
            parts = Parts.all_changed()
        await self.apply_marks()
        for person in tuple(self._people.values()):
            if not person.is_loaded:
                await self._load(person, parts)
        missed = {
            stream: await self._missed_parts(stream)
            for person in tuple(self._people.values())
            for stream in tuple(person.fresh)
        }
        # Not earlier: what was loaded above ends with the last round, and the news are added now.
        self._last_message = last_message
        # Without a pause, so that a mark that moves now finds the counts either before or after.
        changed = [
            (person, self._count(person, news))
            for person in self._people.values()
            if person.is_loaded
        ]
        for person, counts in changed:
            _offer(person, counts, parts, missed)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _new_messages(self) -> tuple[int, dict[int, Tally]]:
        last, news = self._last_message, defaultdict[int, Tally](Tally)
        while True:
            found = await self._database.stores.read_marks.new_messages(
                last, count=MOST_READ
            )
            for message in found:
                news[message.conversation_id].add(message)
            if found:
                last = found[-1].sequence
            if len(found) < MOST_READ:
                return last, news
            await asyncio.sleep(0)

    def _changed_parts(self, changes: list[PageChange]) -> Parts:
        parts = Parts()
        if not changes:
            return parts
        if changes[0].id != self._last_change + 1:
            # Only the latest changes are stored: after a gap everything may have changed.
            parts = Parts.all_changed()
            self._forget_people()
        self._last_change = changes[-1].id
        for change in changes:
            parts.add(change)
            for person in self._people.values():
                if concerns_list(change, person.user_id):
                    person.is_loaded = False
        return parts

    async def _missed_parts(self, stream: Stream) -> set[str]:
        """Return the parts that changed between the reading of a page and the first round."""
        if stream.changes_seen is None:
            return set()
        changes = await self._database.stores.page_changes.after(stream.changes_seen)
        return {change.part for change in changes if concerns(change, stream)}

    async def _load(self, person: _Person, parts: Parts) -> None:
        """Read a person's conversations and counts anew, up to the last round's messages."""

        async def query(stores: Stores) -> list[ConversationSummary]:
            user = await stores.users.get(person.user_id)
            if user is None or user.is_deleted:
                return []
            return await list_conversations(
                stores, browser_actor(user), until_sequence=self._last_message
            )

        async with self._counting:
            found = await self._database.scan(query)
            open_ones = [one for one in found if not one.is_archived]
            person.paths = {
                one.conversation_id: sys.intern(address_of(one)) for one in open_ones
            }
            person.chats = frozenset(
                one.conversation_id for one in found if one.user_id is not None
            )
            person.counts = {
                one.conversation_id: one.unread for one in open_ones if one.unread.count
            }
            person.is_loaded = True
        shown = hash(
            frozenset(
                (one.conversation_id, one.name, one.is_private, one.is_archived)
                for one in found
            )
        )
        if person.shown not in (None, shown):
            parts.lists.add(person.user_id)
        person.shown = shown
        person.fresh |= person.streams

    def _count(self, person: _Person, news: Mapping[int, Tally]) -> Counts:
        """Add new messages to a person's counts, and return those that changed."""
        changed: Counts = {}
        for key in news.keys() & person.paths.keys():
            unread = news[key].unread(
                person.user_id,
                is_chat=key in person.chats,
                before=person.counts.get(key, NOTHING),
            )
            person.counts[key] = unread
            counted = (unread.count, unread.loud, news[key].newest_us)
            changed[person.paths[key]] = counted
        return changed


def _offer(
    person: _Person,
    counts: Counts,
    parts: Parts,
    missed: Mapping[Stream, Iterable[str]],
) -> None:
    """Offer each stream of a person what it does not know."""
    snapshot = {
        person.paths[key]: (unread.count, unread.loud, 0)
        for key, unread in person.counts.items()
        if unread.count
    }
    shared = _counts_event(counts) if counts else b""
    for stream in person.streams:
        stream.flush()
        events = b""
        if changed := parts.of(stream).union(missed.get(stream, ())):
            events += f"event: changed\ndata: {' '.join(sorted(changed))}\n\n".encode()
        if stream in missed or stream in person.fresh:
            events += b"event: unread\ndata: " + msgspec.json.encode(snapshot) + b"\n\n"
        if stream.address in counts:
            # Its page counts the messages of the open conversation itself, as they come.
            others = {
                path: one for path, one in counts.items() if path != stream.address
            }
            events += _counts_event(others) if others else b""
        else:
            events += shared
        if events and stream.address in counts:
            # The next message of its busy conversation takes them along: one sending less.
            stream.offer_later(events)
        elif events:
            stream.offer(events)
    person.fresh.clear()


def _counts_event(counts: Counts) -> bytes:
    return b"event: counts\ndata: " + msgspec.json.encode(counts) + b"\n\n"
