"""The routes of webhooks: how far each has come, and which have something to do.

A route is a webhook's way to its receiver. It is kept in the webhook's row, so that all that a
delivery changes is one row.
"""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.server.storage.stores.session import Record, Session

__all__ = ["RouteRecord", "RouteState", "WaitBounds", "WebhookRouteStore"]


class RouteState(Record, frozen=True, array_like=True, kw_only=True):
    """How far a route is to have come, and what is wrong with it."""

    position: int
    tries: int = 0
    failing_since_us: int | None = None
    next_try_us: int | None = None
    paused_us: int | None = None
    problem: str | None = None


class RouteRecord(Record, frozen=True, array_like=True):
    """A webhook that has something to do, and where that leads."""

    id: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitBounds:
    """How long routes may wait at a moment, and how long those that are paused."""

    now_us: int
    longest_us: int
    longest_paused_us: int

    @property
    def values(self) -> tuple[int, ...]:
        """What `BEYOND` is filled with."""
        now_us = self.now_us
        return (
            now_us + self.longest_paused_us,
            now_us + self.longest_us,
            now_us,
            now_us,
        )


BEYOND = (
    "(next_try_us > ? OR (paused_us IS NULL AND next_try_us > ?)"
    " OR failing_since_us > ? OR paused_us > ?)"
)

ROUTES = "SELECT id, url FROM webhooks "
BEHIND = (
    "SELECT id, url FROM webhooks WHERE next_try_us IS NULL AND CASE WHEN room_id IS NULL"
    " THEN EXISTS (SELECT 1 FROM webhook_events WHERE webhook_events.group_id ="
    " webhooks.group_id AND webhook_events.event = webhooks.event"
    " AND webhook_events.id > position)"
    " ELSE EXISTS (SELECT 1 FROM webhook_events WHERE webhook_events.room_id ="
    " webhooks.room_id AND webhook_events.event = webhooks.event"
    " AND webhook_events.id > position) END"
)


class WebhookRouteStore:
    """Reads and changes routes. The webhooks themselves are made through `WebhookStore`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def woken_by(
        self, group_id: int, room_id: int, event: str
    ) -> list[RouteRecord]:
        """Return the webhooks that an event concerns at once."""
        return await self._session.all(
            RouteRecord,
            ROUTES + "WHERE next_try_us IS NULL AND room_id = ? AND event = ?"
            " UNION ALL " + ROUTES + "WHERE next_try_us IS NULL AND room_id IS NULL"
            " AND group_id = ? AND event = ?",
            room_id,
            event,
            group_id,
            event,
        )

    async def due(self, now_us: int, count: int) -> list[RouteRecord]:
        """Return webhooks whose moment to try again has come, the longest due first."""
        return await self._session.all(
            RouteRecord,
            ROUTES + "WHERE next_try_us IS NOT NULL AND next_try_us <= ?"
            " ORDER BY next_try_us LIMIT ?",
            now_us,
            count,
        )

    async def behind(self) -> list[RouteRecord]:
        """Return every webhook that events wait for and no moment holds back."""
        return await self._session.all(RouteRecord, BEHIND)

    async def advance(self, webhook_id: int, position: int) -> None:
        """Note that a webhook is done with the events up to one, which it did not get."""
        await self._session.run(
            "UPDATE webhooks SET position = ? WHERE id = ? AND position < ?",
            position,
            webhook_id,
            position,
        )

    async def set_route(self, webhook_id: int, state: RouteState) -> None:
        """Store how far a route has come, and what is wrong with it."""
        await self._session.run(
            "UPDATE webhooks SET position = ?, tries = ?, failing_since_us = ?,"
            " next_try_us = ?, paused_us = ?, problem = ? WHERE id = ?",
            state.position,
            state.tries,
            state.failing_since_us,
            state.next_try_us,
            state.paused_us,
            state.problem,
            webhook_id,
        )

    async def try_now(self, webhook_id: int, now_us: int) -> None:
        """Let a route that waits for its moment be tried at once."""
        await self._session.run(
            "UPDATE webhooks SET next_try_us = ? WHERE id = ? AND next_try_us > ?",
            now_us,
            webhook_id,
            now_us,
        )

    async def try_all_now(self, now_us: int) -> None:
        """Let every route that waits for its moment be tried at once."""
        await self._session.run(
            "UPDATE webhooks SET next_try_us = ? WHERE next_try_us > ?", now_us, now_us
        )

    async def shift(self, step_us: int) -> None:
        """Move every moment that a route waits for or counts from."""
        await self._session.run(
            "UPDATE webhooks SET next_try_us = next_try_us + ?,"
            " failing_since_us = failing_since_us + ?, paused_us = paused_us + ?"
            " WHERE next_try_us IS NOT NULL OR failing_since_us IS NOT NULL"
            " OR paused_us IS NOT NULL",
            step_us,
            step_us,
            step_us,
        )

    async def is_any_after(self, moment_us: int) -> bool:
        """Say whether a route waits until after a moment."""
        found = await self._session.one(
            tuple[int],
            "SELECT 1 FROM webhooks WHERE next_try_us IS NOT NULL AND next_try_us > ?"
            " LIMIT 1",
            moment_us,
        )
        return found is not None

    async def is_any_beyond(self, bounds: WaitBounds) -> bool:
        """Say whether a route waits for longer than any may, or since a moment to come."""
        found = await self._session.one(
            tuple[int],
            f"SELECT 1 FROM webhooks WHERE {BEYOND} LIMIT 1",  # noqa: S608 - a text of our own
            *bounds.values,
        )
        return found is not None

    async def bound(self, bounds: WaitBounds) -> None:
        """Let such routes be tried now, and forget what is to be since a moment to come."""
        await self._session.run(
            "UPDATE webhooks SET"  # noqa: S608 - as above
            " next_try_us = CASE WHEN next_try_us IS NULL THEN NULL ELSE ? END,"
            " failing_since_us ="
            " CASE WHEN failing_since_us > ? THEN ? ELSE failing_since_us END,"
            " paused_us = CASE WHEN paused_us > ? THEN NULL ELSE paused_us END"
            f" WHERE {BEYOND}",
            bounds.now_us,
            bounds.now_us,
            bounds.now_us,
            bounds.now_us,
            *bounds.values,
        )

    async def rest(self, webhook_id: int) -> None:
        """Let a route be as one that never failed; what went wrong stays to be read."""
        await self._session.run(
            "UPDATE webhooks SET tries = 0, failing_since_us = NULL, next_try_us = NULL,"
            " paused_us = NULL WHERE id = ?",
            webhook_id,
        )

    async def drop_waiting(
        self,
        group_id: int,
        room_id: int | None,
        event: str,
        *,
        position: int,
        dropped_us: int,
    ) -> None:
        """Let every webhook of a kind do without the events up to one, and remember it."""
        scope = "room_id IS NULL" if room_id is None else f"room_id = {room_id:d}"
        await self._session.run(
            "UPDATE webhooks SET position = ?, dropped_us = ?, tries = 0"  # noqa: S608 - a number of our own
            f" WHERE group_id = ? AND {scope} AND event = ? AND position < ?",
            position,
            dropped_us,
            group_id,
            event,
            position,
        )
