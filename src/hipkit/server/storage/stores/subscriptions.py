"""Subscriptions to the event log: how far each has come, and which have something to do.

A subscription's position and retry state are one row, so that settling a delivery changes one.
What is special to a kind of subscription is kept in a table of its own, under the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from msgspec.structs import astuple

from hipkit.server.storage.stores.events import StreamRecord
from hipkit.server.storage.stores.session import Record, Store, insert, select, update

__all__ = [
    "DueRecord",
    "SubscriptionRecord",
    "SubscriptionState",
    "SubscriptionStore",
    "SubscriptionSummary",
]


class SubscriptionRecord(StreamRecord, frozen=True, array_like=True, kw_only=True):
    """A stored subscription. The records of its kinds extend it by their own columns."""

    id: int
    kind: str
    host: str
    """The host of its endpoint: deliveries take turns by host."""
    position: int
    """The last event that it is done with."""
    last_event_id: int | None = None
    """The last event that it gets; set when its room is deleted."""
    tries: int = 0
    """How often the event after `position` has failed."""
    failing_since_us: int | None = None
    next_try_us: int | None = None
    """When it is tried again; until then no event wakes it. `None` where nothing is wrong."""
    paused_us: int | None = None
    """Since when it is paused, that is tried rarely, because it kept failing."""
    dropped_us: int | None = None
    """When the last event happened that it lost because too many waited, or too long."""
    problem: str | None = None
    """What went wrong the last time."""

    @property
    def title(self) -> str:
        """What it is called in the log."""
        return f"{self.kind} {self.id}"


class SubscriptionState(Record, frozen=True, array_like=True, kw_only=True):
    """How far a subscription has come, and what is wrong with it."""

    position: int
    tries: int = 0
    failing_since_us: int | None = None
    next_try_us: int | None = None
    paused_us: int | None = None
    problem: str | None = None


class DueRecord(Record, frozen=True, array_like=True):
    """A subscription that may have something to do."""

    id: int
    kind: str
    host: str


class SubscriptionSummary(Record, frozen=True, array_like=True, kw_only=True):
    """How the subscriptions of a kind fare together."""

    count: int
    paused: int
    """How many are tried rarely, because they kept failing."""
    failing: int
    """How many others failed the last time."""
    behind: int
    """For how many something waits, those that are paused included."""
    oldest_us: int | None
    """When the oldest event happened that waits for one that is not paused; `None` without one."""


COLUMNS = select(SubscriptionRecord, "subscriptions")
DUE = select(DueRecord, "subscriptions")
INSERT = insert("subscriptions", StreamRecord, "kind, host, position")
SET_STATE = update("subscriptions", SubscriptionState)
SUBSCRIBED = (
    "CASE WHEN EXISTS (SELECT 1 FROM subscriptions WHERE room_id = ? AND event = ?)"
    " OR EXISTS (SELECT 1 FROM subscriptions WHERE group_id = ? AND event = ?"
    " AND room_id IS NULL) THEN {} ELSE 0 END"
)
BEHIND = (
    "CASE WHEN room_id IS NULL"
    " THEN EXISTS (SELECT 1 FROM events WHERE events.group_id = subscriptions.group_id"
    " AND events.event = subscriptions.event AND events.id > position)"
    " ELSE EXISTS (SELECT 1 FROM events WHERE events.room_id = subscriptions.room_id"
    " AND events.event = subscriptions.event AND events.id > position) END"
)

OLDEST = (
    "(SELECT created_us FROM events WHERE events.{0} = subscriptions.{0}"
    " AND events.event = subscriptions.event AND events.id > position"
    " ORDER BY events.id LIMIT 1)"
)
OLDEST_OF_EACH = (
    "CASE WHEN room_id IS NULL"
    f" THEN {OLDEST.format('group_id')} ELSE {OLDEST.format('room_id')} END AS oldest_us"
)
SUMMARY = (
    "SELECT COUNT(*), COUNT(paused_us), COALESCE(SUM(CASE WHEN paused_us IS NULL AND"
    " next_try_us IS NOT NULL THEN 1 ELSE 0 END), 0), COUNT(oldest_us),"
    " MIN(CASE WHEN paused_us IS NULL THEN oldest_us END)"
    " FROM (SELECT paused_us, next_try_us, {} FROM subscriptions WHERE kind = ?) AS each_one"
)


@cache
def _subscribed(count: int) -> str:
    """Return a query for as many events, whose answer has a bit for each."""
    return "SELECT " + " + ".join(SUBSCRIBED.format(1 << n) for n in range(count))


class SubscriptionStore(Store):
    """Reads and writes subscriptions."""

    async def add(
        self, stream: StreamRecord, *, kind: str, host: str, position: int
    ) -> int:
        """Store a subscription to what comes after `position`, and return its number."""
        values = (stream.group_id, stream.room_id, stream.event, kind, host, position)
        return await self._insert(INSERT, *values)

    async def get(self, subscription_id: int) -> SubscriptionRecord | None:
        """Return a subscription by its number."""
        sql = COLUMNS + "WHERE id = ?"
        return await self._one(SubscriptionRecord, sql, subscription_id)

    async def delete(self, subscription_id: int) -> bool:
        """Remove a subscription with its deliveries; return whether there was one."""
        sql = "DELETE FROM subscriptions WHERE id = ?"
        return await self._run(sql, subscription_id) > 0

    async def subscribed(
        self, group_id: int, room_id: int, events: Sequence[str]
    ) -> list[str]:
        """Return which of some events of a room anything subscribes to.

        Failing and paused subscriptions count. It is one query: every message asks.
        """
        values: list[int | str] = []
        for event in events:
            values += (room_id, event, group_id, event)
        bits = await self._value(int, _subscribed(len(events)), *values) or 0
        if not bits:
            return []
        return [event for n, event in enumerate(events) if bits >> n & 1]

    async def streams(self) -> list[StreamRecord]:
        """Return the streams that are subscribed to, each once."""
        sql = "SELECT DISTINCT group_id, room_id, event FROM subscriptions"
        return await self._all(StreamRecord, sql)

    async def woken_by(self, stream: StreamRecord) -> list[DueRecord]:
        """Return the subscriptions that get an event of a room's stream at once."""
        sql = (
            DUE + "WHERE next_try_us IS NULL AND room_id = ? AND event = ?"
            " UNION ALL " + DUE + "WHERE next_try_us IS NULL AND room_id IS NULL"
            " AND group_id = ? AND event = ?"
        )
        values = (stream.room_id, stream.event, stream.group_id, stream.event)
        return await self._all(DueRecord, sql, *values)

    async def due(self, now_us: int, count: int) -> list[DueRecord]:
        """Return subscriptions whose time to be tried again has come, the longest due first."""
        sql = (
            DUE + "WHERE next_try_us IS NOT NULL AND next_try_us <= ?"
            " ORDER BY next_try_us LIMIT ?"
        )
        return await self._all(DueRecord, sql, now_us, count)

    async def behind(self) -> list[DueRecord]:
        """Return every subscription with waiting events that waits for no next try."""
        sql = f"{DUE}WHERE next_try_us IS NULL AND {BEHIND}"
        return await self._all(DueRecord, sql)

    async def summary(self, kind: str) -> SubscriptionSummary:
        """Return how the subscriptions of a kind fare together."""
        [found] = await self._all(
            SubscriptionSummary, SUMMARY.format(OLDEST_OF_EACH), kind
        )
        return found

    async def advance(self, subscription_id: int, position: int) -> None:
        """Move a position forward, past events that the subscription did not want."""
        sql = "UPDATE subscriptions SET position = ? WHERE id = ? AND position < ?"
        await self._run(sql, position, subscription_id, position)

    async def set_state(self, subscription_id: int, state: SubscriptionState) -> None:
        """Store how far a subscription has come, and what is wrong with it."""
        await self._run(SET_STATE, *astuple(state), subscription_id)

    async def change(
        self, subscription_id: int, *, event: str, host: str, position: int
    ) -> None:
        """Store what a subscription is to from now on."""
        sql = "UPDATE subscriptions SET event = ?, host = ?, position = ? WHERE id = ?"
        await self._run(sql, event, host, position, subscription_id)

    async def try_now(self, subscription_id: int, now_us: int) -> None:
        """Set the next try of a subscription that waits for one to now."""
        sql = (
            "UPDATE subscriptions SET next_try_us = ? WHERE id = ? AND next_try_us > ?"
        )
        await self._run(sql, now_us, subscription_id, now_us)

    async def try_all_now(self, kind: str, now_us: int) -> None:
        """Set the next try of every subscription of a kind that waits for one to now."""
        sql = "UPDATE subscriptions SET next_try_us = ? WHERE kind = ? AND next_try_us > ?"
        await self._run(sql, now_us, kind, now_us)

    async def clear_next_try(self, subscription_id: int, next_try_us: int) -> None:
        """Clear the next try of a subscription, if it is still at a time."""
        sql = (
            "UPDATE subscriptions SET next_try_us = NULL"
            " WHERE id = ? AND next_try_us = ?"
        )
        await self._run(sql, subscription_id, next_try_us)

    async def shift(self, step_us: int) -> None:
        """Move every time that a subscription waits for or counts from."""
        sql = (
            "UPDATE subscriptions SET next_try_us = next_try_us + ?,"
            " failing_since_us = failing_since_us + ?, paused_us = paused_us + ?"
            " WHERE next_try_us IS NOT NULL OR failing_since_us IS NOT NULL"
            " OR paused_us IS NOT NULL"
        )
        await self._run(sql, step_us, step_us, step_us)

    async def is_any_after(self, time_us: int) -> bool:
        """Return whether a subscription waits until after a time."""
        sql = "SELECT 1 FROM subscriptions WHERE next_try_us > ? LIMIT 1"
        return await self._value(int, sql, time_us) is not None

    async def bound(
        self, kind: str, now_us: int, *, longest_us: int, longest_paused_us: int
    ) -> None:
        """Set next tries of a kind that are too late to now, and clear times in the future."""
        sql = (
            "UPDATE subscriptions SET"
            " next_try_us = CASE WHEN next_try_us IS NULL THEN NULL ELSE ? END,"
            " failing_since_us ="
            " CASE WHEN failing_since_us > ? THEN ? ELSE failing_since_us END,"
            " paused_us = CASE WHEN paused_us > ? THEN NULL ELSE paused_us END"
            " WHERE kind = ? AND (next_try_us > ?"
            " OR (paused_us IS NULL AND next_try_us > ?)"
            " OR failing_since_us > ? OR paused_us > ?)"
        )
        latest = (now_us + longest_paused_us, now_us + longest_us)
        await self._run(sql, *[now_us] * 4, kind, *latest, now_us, now_us)

    async def drop_waiting(
        self, stream: StreamRecord, *, position: int, dropped_us: int
    ) -> None:
        """Move every subscription to a stream past its events up to one, and note the loss."""
        sql = (
            "UPDATE subscriptions SET position = ?, dropped_us = ?, tries = 0"
            " WHERE group_id = ? AND event = ? AND position < ? AND room_id "
        )
        values = (position, dropped_us, stream.group_id, stream.event, position)
        if stream.room_id is None:
            await self._run(sql + "IS NULL", *values)
        else:
            await self._run(sql + "= ?", *values, stream.room_id)

    async def end_of_room(self, room_id: int) -> None:
        """End a room's subscriptions with what has happened so far."""
        await self._run(
            "UPDATE subscriptions SET last_event_id ="
            " (SELECT COALESCE(MAX(id), 0) FROM events) WHERE room_id = ?",
            room_id,
        )

    async def delete_ended(self) -> int:
        """Remove the subscriptions of deleted rooms that have got everything."""
        sql = "DELETE FROM subscriptions WHERE last_event_id IS NOT NULL AND NOT "
        return await self._run(sql + BEHIND)
