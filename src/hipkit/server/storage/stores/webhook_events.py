"""The outbox: what happened, for the webhooks that wait for it, in the order of its commits.

One row for each event, whoever waits for it: a writer pays the same for one webhook as for
ten thousand. A webhook reads on from its own position. Numbers grow with commits, because one
writer at a time holds the database; a database with several has to see to that.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session

__all__ = [
    "DroppedRecord",
    "EventRecord",
    "HappenedRecord",
    "NewEvent",
    "WebhookEventStore",
]


class NewEvent(Record, frozen=True, array_like=True, kw_only=True):
    """An event to be stored."""

    group_id: int
    room_id: int
    event: str
    item: str
    """JSON, as receivers get it."""
    root: str
    """A placeholder for scheme and host, which its links are made with."""
    text: str | None = None
    """What a webhook's pattern is held against; `None` where none is."""
    user_id: int | None = None
    """The person who caused it."""
    answered_by: int | None = None
    """The webhook whose receiver's answer this is; it does not get it itself."""
    only_for: int | None = None
    """The one webhook that gets it, once more."""


class EventRecord(Record, frozen=True, array_like=True):
    """A stored event."""

    id: int
    group_id: int
    room_id: int
    event: str
    text: str | None
    item: str
    user_id: int | None
    root: str
    answered_by: int | None
    only_for: int | None
    created_us: int


class HappenedRecord(Record, frozen=True, array_like=True):
    """That something of a kind happened in a room, for whoever is to be woken."""

    group_id: int
    room_id: int
    event: str


class DroppedRecord(Record, frozen=True, array_like=True):
    """The last of some events that are dropped."""

    id: int
    created_us: int


LARGEST_ID = (1 << 63) - 1

COLUMNS = (
    "SELECT id, group_id, room_id, event, text, item, user_id, root, answered_by,"
    " only_for, created_us FROM webhook_events "
)


class WebhookEventStore:
    """Reads and writes the outbox."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, event: NewEvent, now_us: int) -> int:
        """Store an event and return its number."""
        return await self._session.insert(
            "INSERT INTO webhook_events (group_id, room_id, event, text, item, user_id,"
            " root, answered_by, only_for, created_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            event.group_id,
            event.room_id,
            event.event,
            event.text,
            event.item,
            event.user_id,
            event.root,
            event.answered_by,
            event.only_for,
            now_us,
        )

    async def get(self, event_id: int) -> EventRecord | None:
        """Return an event by its number."""
        return await self._session.one(EventRecord, COLUMNS + "WHERE id = ?", event_id)

    async def after(
        self,
        position: int,
        *,
        group_id: int,
        room_id: int | None,
        event: str,
        count: int,
    ) -> list[EventRecord]:
        """Return the next events of a kind in a room, or anywhere in the group."""
        if room_id is not None:
            return await self._session.all(
                EventRecord,
                COLUMNS
                + "WHERE room_id = ? AND event = ? AND id > ? ORDER BY id LIMIT ?",
                room_id,
                event,
                position,
                count,
            )
        return await self._session.all(
            EventRecord,
            COLUMNS + "WHERE group_id = ? AND event = ? AND id > ? ORDER BY id LIMIT ?",
            group_id,
            event,
            position,
            count,
        )

    async def newest(self) -> int:
        """Return the number of the last event that is kept; 0 where there is none."""
        row = await self._session.one(
            tuple[int], "SELECT COALESCE(MAX(id), 0) FROM webhook_events"
        )
        return row[0] if row else 0

    async def happened(self, after_id: int, until_id: int) -> list[HappenedRecord]:
        """Return what kinds of events came after one, each once."""
        return await self._session.all(
            HappenedRecord,
            "SELECT DISTINCT group_id, room_id, event FROM webhook_events"
            " WHERE id > ? AND id <= ?",
            after_id,
            until_id,
        )

    async def last_to_drop(
        self,
        group_id: int,
        room_id: int | None,
        event: str,
        *,
        before_us: int,
        most: int,
    ) -> DroppedRecord | None:
        """Return the last event of a kind that is too old, or too far behind the newest.

        Behind the first that is not too old none is, whatever a wrong clock wrote on it.
        """
        scope = "group_id" if room_id is None else "room_id"
        sql = (
            f"SELECT id, created_us FROM webhook_events WHERE {scope} = ? AND event = ?"  # noqa: S608 - one of two words
        )
        owner = group_id if room_id is None else room_id
        young = await self._session.one(
            DroppedRecord,
            sql + " AND created_us >= ? ORDER BY id LIMIT 1",
            owner,
            event,
            before_us,
        )
        old = await self._session.one(
            DroppedRecord,
            sql + " AND id < ? ORDER BY id DESC LIMIT 1",
            owner,
            event,
            LARGEST_ID if young is None else young.id,
        )
        many = await self._session.one(
            DroppedRecord,
            sql + " ORDER BY id DESC LIMIT 1 OFFSET ?",
            owner,
            event,
            most,
        )
        return max(filter(None, (old, many)), key=lambda last: last.id, default=None)

    async def sweep(self, position: int, count: int) -> tuple[int, int]:
        """Remove what nobody waits for or looks at among the events after a position.

        Returns how many that were, and the position to go on from: 0 after the last.
        """
        row = await self._session.one(
            tuple[int | None, int],
            "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM webhook_events WHERE id > ?"
            " ORDER BY id LIMIT ?) AS part",
            position,
            count,
        )
        last, found = row or (None, 0)
        if last is None:
            return 0, 0
        removed = 0
        for kind in await self.happened(position, last):
            removed += await self._sweep_kind(kind, position, last)
        return removed, last if found == count else 0

    async def waiting(
        self,
        position: int,
        *,
        group_id: int,
        room_id: int | None,
        event: str,
        most: int,
    ) -> int:
        """Count the events that wait after a position, up to a number."""
        scope = "group_id" if room_id is None else "room_id"
        row = await self._session.one(
            tuple[int],
            f"SELECT COUNT(*) FROM (SELECT 1 FROM webhook_events WHERE {scope} = ?"  # noqa: S608 - one of two words
            " AND event = ? AND id > ? LIMIT ?) AS waiting",
            group_id if room_id is None else room_id,
            event,
            position,
            most,
        )
        return row[0] if row else 0

    async def _sweep_kind(self, kind: HappenedRecord, position: int, last: int) -> int:
        """Remove what every webhook is done with among the events of a kind."""
        # The one that is furthest behind is looked for once, and not for every event.
        row = await self._session.one(
            tuple[int],
            "SELECT COALESCE(MIN(position), ?) FROM (SELECT position FROM webhooks"
            " WHERE room_id = ? AND event = ? UNION ALL SELECT position FROM webhooks"
            " WHERE group_id = ? AND event = ? AND room_id IS NULL) AS positions",
            last,
            kind.room_id,
            kind.event,
            kind.group_id,
            kind.event,
        )
        furthest = min(last, row[0]) if row else last
        return await self._session.run(
            "DELETE FROM webhook_events WHERE room_id = ? AND event = ? AND id > ?"
            " AND id <= ? AND NOT EXISTS (SELECT 1 FROM webhook_deliveries"
            " WHERE event_id = webhook_events.id)",
            kind.room_id,
            kind.event,
            position,
            furthest,
        )
