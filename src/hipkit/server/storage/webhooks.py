"""Webhooks: what they wait for, and how far each one's route has come."""

from __future__ import annotations

from hipkit.server.storage.session import Record, Session

__all__ = ["NewWebhook", "RouteRecord", "RouteState", "WebhookRecord", "WebhookStore"]


class NewWebhook(Record, frozen=True, array_like=True, kw_only=True):
    """A webhook to be stored, or what one is to become."""

    group_id: int
    room_id: int | None
    """`None` for every room of the group."""
    client_id: str | None
    """Whose webhook it is: an OAuth client's, or a person's."""
    user_id: int | None
    key: str
    name: str
    url: str
    event: str
    pattern: str | None
    authentication: str


class WebhookRecord(Record, frozen=True, array_like=True):
    """A stored webhook with the state of its route."""

    id: int
    group_id: int
    room_id: int | None
    client_id: str | None
    user_id: int | None
    key: str
    name: str
    url: str
    event: str
    pattern: str | None
    authentication: str
    created_us: int
    last_event_id: int | None
    """The last event that it is to get; set when its room is deleted."""
    position: int
    """The last event that it is done with."""
    tries: int
    """How often the event after that was tried in vain."""
    failing_since_us: int | None
    next_try_us: int | None
    """When to try again; until then no event wakes it. `None` where nothing is wrong."""
    paused_us: int | None
    """Since when it is tried only rarely, because it kept failing."""
    dropped_us: int | None
    """The moment of the last event that it lost because too many waited, or too long."""
    problem: str | None
    """What went wrong the last time."""


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


COLUMNS = (
    "SELECT webhooks.id, webhooks.group_id, webhooks.room_id, webhooks.client_id,"
    " webhooks.user_id, key, webhooks.name, url, event, pattern, authentication,"
    " webhooks.created_us, last_event_id, position, tries, failing_since_us, next_try_us,"
    " paused_us, dropped_us, problem FROM webhooks "
)
BEHIND = (
    "SELECT id, url FROM webhooks WHERE next_try_us IS NULL AND CASE WHEN room_id IS NULL"
    " THEN EXISTS (SELECT 1 FROM webhook_events WHERE webhook_events.group_id ="
    " webhooks.group_id AND webhook_events.event = webhooks.event"
    " AND webhook_events.id > position)"
    " ELSE EXISTS (SELECT 1 FROM webhook_events WHERE webhook_events.room_id ="
    " webhooks.room_id AND webhook_events.event = webhooks.event"
    " AND webhook_events.id > position) END"
)
CARED_FOR = (
    "(webhooks.user_id = ? OR EXISTS (SELECT 1 FROM rooms WHERE rooms.id = webhooks.room_id"
    " AND rooms.owner_id = ?) OR EXISTS (SELECT 1 FROM room_members"
    " WHERE room_members.room_id = webhooks.room_id AND room_members.user_id = ?"
    " AND roles LIKE '%room_admin%'))"
)
ROUTES = "SELECT id, url FROM webhooks "


class WebhookStore:
    """Reads and writes webhooks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, webhook_id: int) -> WebhookRecord | None:
        """Return a webhook by its number."""
        return await self._session.one(
            WebhookRecord, COLUMNS + "WHERE webhooks.id = ?", webhook_id
        )

    async def by_key(
        self, group_id: int, room_id: int | None, client_id: str | None, key: str
    ) -> WebhookRecord | None:
        """Return the webhook of a key: each client's keys are its own, people share theirs."""
        return await self._session.one(
            WebhookRecord,
            COLUMNS
            + "WHERE webhooks.group_id = ? AND COALESCE(webhooks.room_id, 0) = ?"
            " AND COALESCE(webhooks.client_id, '') = ? AND key = ?",
            group_id,
            room_id or 0,
            client_id or "",
            key,
        )

    async def of_room(
        self, room_id: int, client_id: str | None, *, start: int, count: int
    ) -> list[WebhookRecord]:
        """Return the webhooks that a client, or with `None` people, made in a room."""
        return await self._session.all(
            WebhookRecord,
            COLUMNS
            + "WHERE webhooks.room_id = ? AND COALESCE(webhooks.client_id, '') = ?"
            " ORDER BY webhooks.id LIMIT ? OFFSET ?",
            room_id,
            client_id or "",
            count,
            start,
        )

    async def of_group(
        self, group_id: int, *, cared_for_by: int | None, start: int, count: int
    ) -> list[WebhookRecord]:
        """Return a group's webhooks, whoever made them, by their numbers.

        `cared_for_by` is a person whose own ones are meant, and those of rooms that the
        person owns or administers; `None` means all.
        """
        sql = COLUMNS + "WHERE webhooks.group_id = ?"
        values = [group_id]
        if cared_for_by is not None:
            sql += f" AND {CARED_FOR}"
            values += [cared_for_by] * 3
        sql += " ORDER BY webhooks.id LIMIT ? OFFSET ?"
        return await self._session.all(WebhookRecord, sql, *values, count, start)

    async def is_cared_for(self, webhook_id: int, user_id: int) -> bool:
        """Say whether a webhook is a person's own, or of a room that they administer."""
        found = await self._session.one(
            tuple[int],
            f"SELECT 1 FROM webhooks WHERE id = ? AND {CARED_FOR}",  # noqa: S608 - a text of our own
            webhook_id,
            user_id,
            user_id,
            user_id,
        )
        return found is not None

    async def add(self, webhook: NewWebhook, *, position: int, now_us: int) -> int:
        """Store a webhook that waits for what comes after `position`; return its number."""
        return await self._session.insert(
            "INSERT INTO webhooks (group_id, room_id, client_id, user_id, key, name, url,"
            " event, pattern, authentication, position, created_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            webhook.group_id,
            webhook.room_id,
            webhook.client_id,
            webhook.user_id,
            webhook.key,
            webhook.name,
            webhook.url,
            webhook.event,
            webhook.pattern,
            webhook.authentication,
            position,
            now_us,
        )

    async def replace(
        self, webhook_id: int, webhook: NewWebhook, *, position: int
    ) -> None:
        """Store what a webhook is to become; its maker is whoever changes it."""
        await self._session.run(
            "UPDATE webhooks SET user_id = ?, name = ?, url = ?, event = ?, pattern = ?,"
            " authentication = ?, position = ? WHERE id = ?",
            webhook.user_id,
            webhook.name,
            webhook.url,
            webhook.event,
            webhook.pattern,
            webhook.authentication,
            position,
            webhook_id,
        )

    async def delete(self, webhook_id: int) -> bool:
        """Remove a webhook with its deliveries, and say whether there was one."""
        return (
            await self._session.run("DELETE FROM webhooks WHERE id = ?", webhook_id) > 0
        )

    async def delete_of_user(self, user_id: int) -> None:
        """Remove what a person made for themselves."""
        await self._session.run(
            "DELETE FROM webhooks WHERE user_id = ? AND client_id IS NULL", user_id
        )

    async def end_of_room(self, room_id: int, last_event_id: int) -> None:
        """Let the webhooks of a room get what has happened so far, and nothing more."""
        await self._session.run(
            "UPDATE webhooks SET last_event_id = ? WHERE room_id = ?",
            last_event_id,
            room_id,
        )

    async def are_waiting(self, group_id: int, room_id: int, event: str) -> bool:
        """Say whether any webhook waits for an event, failing and paused ones included."""
        found = await self._session.one(
            tuple[int],
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM webhooks WHERE room_id = ? AND event = ?)"
            " OR EXISTS (SELECT 1 FROM webhooks WHERE group_id = ? AND event = ?"
            " AND room_id IS NULL)",
            room_id,
            event,
            group_id,
            event,
        )
        return found is not None

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
        return await self._session.all(
            RouteRecord,
            BEHIND,
        )

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

    async def rest(self, webhook_id: int) -> None:
        """Let a route be as one that never failed; what went wrong stays to be read."""
        await self._session.run(
            "UPDATE webhooks SET tries = 0, failing_since_us = NULL, next_try_us = NULL,"
            " paused_us = NULL WHERE id = ?",
            webhook_id,
        )

    async def kinds(self) -> list[tuple[int, int | None, str]]:
        """Return the kinds of events that are waited for: group, room if one, and event."""
        return await self._session.all(
            tuple[int, int | None, str],
            "SELECT DISTINCT group_id, room_id, event FROM webhooks",
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

    async def delete_ended(self) -> int:
        """Remove the webhooks of deleted rooms that have got everything."""
        return await self._session.run(
            "DELETE FROM webhooks WHERE last_event_id IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM webhook_events WHERE webhook_events.room_id ="
            " webhooks.room_id AND webhook_events.event = webhooks.event"
            " AND webhook_events.id > position)"
        )
