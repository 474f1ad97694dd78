"""The event log: what happened, in the order of its commits.

One row for each event, however many subscribe: a writer pays the same for one subscription as for
ten thousand. Each reads on from its own position. That needs numbers that grow with commits: were
a lower number committed after a higher one, a subscription past the higher would miss it. One
writer at a time sees to that, in all processes together.
"""

from __future__ import annotations

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = [
    "DroppedRecord",
    "EventRecord",
    "EventStore",
    "NewEvent",
    "StreamRecord",
]


class StreamRecord(Record, frozen=True, array_like=True):
    """A stream of the log: the events of one name in one room, or in every room of a group."""

    group_id: int
    room_id: int | None
    """`None` for every room of the group."""
    event: str


class NewEvent(Record, frozen=True, array_like=True, kw_only=True):
    """An event to be stored."""

    group_id: int
    room_id: int
    event: str
    item: str
    """JSON, as endpoints get it but for the links."""
    root: str
    """A placeholder for scheme and host, with which its links begin."""
    text: str | None = None
    """The text that patterns are searched for in; `None` where none are."""
    user_id: int | None = None
    """The user who caused it."""
    answered_by: int | None = None
    """The subscription whose endpoint's answer this is; it does not get it itself."""
    only_for: int | None = None
    """The only subscription that gets it, once more."""


class EventRecord(NewEvent, frozen=True, array_like=True, kw_only=True):
    """A stored event."""

    id: int
    created_us: int


class DroppedRecord(Record, frozen=True, array_like=True):
    """The last of the events to drop."""

    id: int
    created_us: int


LARGEST_ID = (1 << 63) - 1

COLUMNS = select(EventRecord, "events")
DATES = select(DroppedRecord, "events")
STREAMS = "SELECT DISTINCT group_id, room_id, event FROM events "
INSERT = insert("events", NewEvent, "created_us")


class EventStore(Store):
    """Reads and writes the event log."""

    async def add(self, event: NewEvent, now_us: int) -> int:
        """Store an event and return its number."""
        return await self._insert(INSERT, *astuple(event), now_us)

    async def get(self, event_id: int) -> EventRecord | None:
        """Return an event by its number."""
        return await self._one(EventRecord, COLUMNS + "WHERE id = ?", event_id)

    async def after(
        self, stream: StreamRecord, position: int, *, count: int
    ) -> list[EventRecord]:
        """Return the next events of a stream after a position."""
        where, owner, event = _condition(stream)
        sql = f"{COLUMNS}{where} AND id > ? ORDER BY id LIMIT ?"
        return await self._all(EventRecord, sql, owner, event, position, count)

    async def newest(self) -> int:
        """Return the number of the last event that is kept; 0 where there is none."""
        return await self._value(int, "SELECT MAX(id) FROM events") or 0

    async def streams_between(self, after_id: int, until_id: int) -> list[StreamRecord]:
        """Return the streams of the events between two numbers, each once."""
        sql = STREAMS + "WHERE id > ? AND id <= ?"
        return await self._all(StreamRecord, sql, after_id, until_id)

    async def last_to_drop(
        self, stream: StreamRecord, *, before_us: int, most: int
    ) -> DroppedRecord | None:
        """Return the last event of a stream that is too old, or too far behind the newest.

        No event counts as too old that comes after one that is not: a clock that was wrong for a
        while may have dated it, and subscriptions get the log in order.
        """
        where, owner, event = _condition(stream)
        sql = f"{DATES}{where} AND created_us >= ? ORDER BY id LIMIT 1"
        young = await self._one(DroppedRecord, sql, owner, event, before_us)
        sql = f"{DATES}{where} AND id < ? ORDER BY id DESC LIMIT 1"
        first = LARGEST_ID if young is None else young.id
        old = await self._one(DroppedRecord, sql, owner, event, first)
        sql = f"{DATES}{where} ORDER BY id DESC LIMIT 1 OFFSET ?"
        many = await self._one(DroppedRecord, sql, owner, event, most)
        return max(filter(None, (old, many)), key=lambda last: last.id, default=None)

    async def sweep(self, position: int, count: int) -> tuple[int, int]:
        """Remove events behind every subscription's position, of some after a position.

        Those that deliveries show stay, but for deleted rooms: their messages' texts go.
        Returns how many were removed, and the position to go on from: 0 after the last.
        """
        sql = (
            "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM events WHERE id > ?"
            " ORDER BY id LIMIT ?) AS part"
        )
        row = await self._one(tuple[int | None, int], sql, position, count)
        last, found = row or (None, 0)
        if last is None:
            return 0, 0
        removed = 0
        for stream in await self.streams_between(position, last):
            removed += await self._sweep_stream(stream, position, last)
        return removed, last if found == count else 0

    async def sweep_room(self, room_id: int) -> None:
        """Remove the events of a deleted room that no subscription waits for."""
        streams = await self._all(StreamRecord, STREAMS + "WHERE room_id = ?", room_id)
        for stream in streams:
            await self._sweep_stream(stream, 0, LARGEST_ID)

    async def waiting(self, stream: StreamRecord, position: int, *, most: int) -> int:
        """Count the events of a stream after a position, up to a number."""
        where, owner, event = _condition(stream)
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM events {} AND id > ? LIMIT ?) AS waiting"
        return (
            await self._value(int, sql.format(where), owner, event, position, most) or 0
        )

    async def oldest_waiting(self, event: str) -> int | None:
        """Return the oldest timestamp of the events of a name that a group's subscription awaits.

        `None` where none is awaited.
        """
        sql = (
            "SELECT MIN(created_us) FROM events JOIN (SELECT group_id AS behind_id,"
            " MIN(position) AS behind FROM subscriptions WHERE event = ? AND room_id IS NULL"
            " GROUP BY group_id) AS slowest ON events.group_id = behind_id"
            " WHERE event = ? AND events.id > behind"
        )
        return await self._value(int, sql, event, event)

    async def _sweep_stream(
        self, stream: StreamRecord, position: int, last: int
    ) -> int:
        # The subscription that is furthest behind is looked for once, and not for every event.
        sql = (
            "SELECT MIN(position) FROM (SELECT position FROM subscriptions"
            " WHERE room_id = ? AND event = ? UNION ALL SELECT position FROM subscriptions"
            " WHERE group_id = ? AND event = ? AND room_id IS NULL) AS positions"
        )
        room_id, group_id, event = stream.room_id, stream.group_id, stream.event
        behind = await self._value(int, sql, room_id, event, group_id, event)
        until = last if behind is None else min(last, behind)
        sql = (
            "DELETE FROM events WHERE room_id = ? AND event = ? AND id > ? AND id <= ?"
            " AND (NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = events.id)"
            " OR EXISTS (SELECT 1 FROM rooms WHERE rooms.id = ? AND rooms.is_deleted = 1))"
        )
        return await self._run(sql, room_id, event, position, until, room_id)


def _condition(stream: StreamRecord) -> tuple[str, int, str]:
    """Return the condition by which the events of a stream are found, and its values."""
    if stream.room_id is None:
        return "WHERE group_id = ? AND event = ?", stream.group_id, stream.event
    return "WHERE room_id = ? AND event = ?", stream.room_id, stream.event
