"""Routes: subscriptions that pass messages on to other chats, known by their names.

A route's number is its subscription's; see `subscriptions.py` for position and retry state.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import astuple

from hipkit.server.storage.stores.events import StreamRecord
from hipkit.server.storage.stores.session import (
    Record,
    Session,
    Store,
    insert,
    select,
    upsert,
)
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionStore,
)

__all__ = [
    "ROUTE",
    "RouteRecord",
    "RouteStore",
    "SummaryRecord",
    "WaitingRecord",
]

ROUTE = "route"
"""The kind of these subscriptions."""


class RouteRecord(SubscriptionRecord, frozen=True, array_like=True, kw_only=True):
    """A stored route, which is a subscription, and how many messages became what."""

    name: str
    target: str
    """The kind of chat that it leads to."""
    created_us: int
    held_us: int | None
    """Since when an administrator pauses it; `paused_us` is since when its failures do."""
    removed_us: int | None
    """Since when it is in no file any more."""
    recovered_us: int | None
    """When it got something through after it had failed for a while."""
    delivered: int
    refused: int
    set_aside: int
    summarised: int
    dropped: int
    last_us: int | None
    """When the target answered last, or failed to."""
    last_status: int | None
    last_problem: str | None

    @property
    def title(self) -> str:
        """What it is called in the log: a route is known by its name."""
        return f"{self.kind} {self.name}" if self.name else "no route"

    @property
    def is_inactive(self) -> bool:
        """Whether it gets nothing, whatever waits for it."""
        return self.held_us is not None or self.removed_us is not None


class WaitingRecord(Record, frozen=True, array_like=True):
    """What waits for a route. Messages count that it will not take, too."""

    count: int
    oldest_us: int | None
    """When the oldest of them happened."""


class SummaryRecord(Record, frozen=True, array_like=True, kw_only=True):
    """The newest summary of a route: it stands for a range of events."""

    route_id: int
    message_id: str
    """Its own, for targets that tell what is sent again."""
    first_event_id: int
    last_event_id: int
    created_us: int


COLUMNS = select(
    RouteRecord,
    "routes JOIN subscriptions ON subscriptions.id = routes.id",
    id="subscriptions.id",
)
SUMMARY = select(SummaryRecord, "route_summaries")
INSERT = insert("routes", "id, name, target, created_us")
PUT_ANSWER = (
    "UPDATE routes SET delivered = delivered + ?, refused = refused + ?,"
    " set_aside = set_aside + ?, summarised = summarised + ?,"
    " last_us = ?, last_status = ?, last_problem = ? WHERE id = ?"
)
PUT_REFERENCE = upsert(
    "relayed_messages",
    "route_id, message_id",
    "route_id, message_id, reference, sent_us",
)
PUT_SUMMARY = upsert("route_summaries", "route_id", SummaryRecord)


class RouteStore(Store):
    """Reads and writes routes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._subscriptions = SubscriptionStore(session)

    async def get(self, route_id: int) -> RouteRecord | None:
        """Return a route by its number."""
        return await self._one(RouteRecord, COLUMNS + "WHERE routes.id = ?", route_id)

    async def by_name(self, name: str) -> RouteRecord | None:
        """Return a route by its name, also one that is removed."""
        return await self._one(RouteRecord, COLUMNS + "WHERE name = ?", name)

    async def all(self) -> list[RouteRecord]:
        """Return every route, those that are removed too, the oldest first."""
        return await self._all(RouteRecord, COLUMNS + "ORDER BY routes.id")

    async def add(
        self,
        stream: StreamRecord,
        *,
        name: str,
        target: str,
        host: str,
        position: int,
        now_us: int,
    ) -> int:
        """Store a route for what comes after `position`, and return its number."""
        route_id = await self._subscriptions.add(
            stream, kind=ROUTE, host=host, position=position
        )
        await self._run(INSERT, route_id, name, target, now_us)
        return route_id

    async def open(
        self, stream: StreamRecord, *, name: str, target: str, host: str, now_us: int
    ) -> int:
        """Store that a route with a name is in the file, and return its number.

        One with that name, removed or not, goes on at its position; a new one begins after the
        newest event.
        """
        route = await self.by_name(name)
        if route is None:
            position = await self._value(int, "SELECT MAX(id) FROM events") or 0
            return await self.add(
                stream,
                name=name,
                target=target,
                host=host,
                position=position,
                now_us=now_us,
            )
        await self.change(route.id, target=target, host=host)
        if route.removed_us is not None:
            await self.restore(route.id, now_us)
        return route.id

    async def change(self, route_id: int, *, target: str, host: str) -> None:
        """Store where a route leads from now on."""
        await self._run("UPDATE routes SET target = ? WHERE id = ?", target, route_id)
        sql = "UPDATE subscriptions SET host = ? WHERE id = ?"
        await self._run(sql, host, route_id)

    async def pause(self, route_id: int, now_us: int) -> None:
        """Store that an administrator pauses a route. Twice changes nothing."""
        sql = "UPDATE routes SET held_us = ? WHERE id = ? AND held_us IS NULL"
        await self._run(sql, now_us, route_id)

    async def resume(self, route_id: int, now_us: int) -> None:
        """Store that a route goes on; what waits for it is tried at once."""
        await self._run("UPDATE routes SET held_us = NULL WHERE id = ?", route_id)
        await self._wake(route_id, now_us)

    async def remove(self, route_id: int, now_us: int) -> None:
        """Store that a route is in no file any more: it gets nothing, and can be restored."""
        sql = "UPDATE routes SET removed_us = ? WHERE id = ? AND removed_us IS NULL"
        await self._run(sql, now_us, route_id)

    async def remove_all(self, now_us: int) -> None:
        """Store of every route that it is in no file any more."""
        sql = "UPDATE routes SET removed_us = ? WHERE removed_us IS NULL"
        await self._run(sql, now_us)

    async def restore(self, route_id: int, now_us: int) -> None:
        """Store that a route is in the file again; what waits for it is tried at once."""
        await self._run("UPDATE routes SET removed_us = NULL WHERE id = ?", route_id)
        await self._wake(route_id, now_us)

    async def delete(self, route_id: int) -> bool:
        """Delete a route with all that is known of it; return whether there was one."""
        return await self._run("DELETE FROM routes WHERE id = ?", route_id) > 0

    async def sweep(self, *, removed_before_us: int, sent_before_us: int) -> None:
        """Delete routes that were removed, and references that were sent, before a time."""
        sql = "DELETE FROM routes WHERE removed_us < ?"
        await self._run(sql, removed_before_us)
        sql = "DELETE FROM relayed_messages WHERE sent_us < ?"
        await self._run(sql, sent_before_us)

    async def count_dropped(self, route_id: int, count: int) -> None:
        """Add to the count of messages that were dropped for their age."""
        sql = "UPDATE routes SET dropped = dropped + ? WHERE id = ?"
        await self._run(sql, count, route_id)

    async def put_answer(
        self,
        route_id: int,
        *,
        status: int | None,
        problem: str | None,
        now_us: int,
        delivered: int = 0,
        refused: int = 0,
        set_aside: int = 0,
        summarised: int = 0,
    ) -> None:
        """Store what the target answered last, and add to the counts of what messages became."""
        counts = (delivered, refused, set_aside, summarised)
        await self._run(PUT_ANSWER, *counts, now_us, status, problem, route_id)

    async def set_recovered(self, route_id: int, recovered_us: int | None) -> None:
        """Store when a route got something through again; `None` once that is over."""
        sql = "UPDATE routes SET recovered_us = ? WHERE id = ?"
        await self._run(sql, recovered_us, route_id)

    async def waiting(self, route: RouteRecord) -> WaitingRecord:
        """Return how many events are after a route's position, and since when."""
        sql = (
            "SELECT COUNT(*), (SELECT created_us FROM events WHERE group_id = ?"
            " AND event = ? AND id > ? ORDER BY id LIMIT 1)"
            " FROM events WHERE group_id = ? AND event = ? AND id > ?"
        )
        values = (route.group_id, route.event, route.position)
        found = await self._one(WaitingRecord, sql, *values, *values)
        return WaitingRecord(0, None) if found is None else found

    async def references(self, route_id: int, keys: Iterable[str]) -> dict[str, str]:
        """Return what messages, cards or files are called at a route's target, as far as known.

        Where a route leads is part of a key, so that it finds none of another target.
        """
        sql = (
            "SELECT message_id, reference FROM relayed_messages"
            " WHERE route_id = ? AND message_id IN "
        )
        found = await self._all_in(tuple[str, str], sql, route_id, values=keys)
        return dict(found)

    async def put_reference(
        self, route_id: int, key: str, reference: str, now_us: int
    ) -> None:
        """Store what a message, card or file is called at a route's target."""
        await self._run(PUT_REFERENCE, route_id, key, reference, now_us)

    async def summary(self, route_id: int) -> SummaryRecord | None:
        """Return a route's newest summary, whether it was sent or not."""
        sql = SUMMARY + "WHERE route_id = ?"
        return await self._one(SummaryRecord, sql, route_id)

    async def put_summary(self, summary: SummaryRecord) -> None:
        """Store a route's summary, in place of an earlier one."""
        await self._run(PUT_SUMMARY, *astuple(summary))

    async def delete_summary(self, route_id: int) -> None:
        """Remove a route's summary."""
        await self._run("DELETE FROM route_summaries WHERE route_id = ?", route_id)

    async def _wake(self, route_id: int, now_us: int) -> None:
        # A time to be tried at wakes it in whichever process the sender is.
        sql = "UPDATE subscriptions SET next_try_us = ? WHERE id = ?"
        await self._run(sql, now_us, route_id)
