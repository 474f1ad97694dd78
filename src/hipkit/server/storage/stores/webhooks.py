"""Webhooks: whose they are and what they wait for. Their routes are in `webhook_routes.py`."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session

__all__ = ["NewWebhook", "WebhookRecord", "WebhookStore"]


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
    grant_id: int | None = None
    """What it ends with, beside its client or person: the grant of the token that set it."""
    root: str | None = None
    """Scheme and host under which it was set."""


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
    root: str | None = None
    """Scheme and host under which it was set; `None` where an older hipkit set it."""


COLUMNS = (
    "SELECT webhooks.id, webhooks.group_id, webhooks.room_id, webhooks.client_id,"
    " webhooks.user_id, key, webhooks.name, url, event, pattern, authentication,"
    " webhooks.created_us, last_event_id, position, tries, failing_since_us, next_try_us,"
    " paused_us, dropped_us, problem, root FROM webhooks "
)
CARED_FOR = (
    "(webhooks.user_id = ? OR EXISTS (SELECT 1 FROM rooms WHERE rooms.id = webhooks.room_id"
    " AND rooms.owner_id = ?) OR EXISTS (SELECT 1 FROM room_members"
    " WHERE room_members.room_id = webhooks.room_id AND room_members.user_id = ?"
    " AND roles LIKE '%room_admin%'))"
)


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

    async def count(self, group_id: int, room_id: int | None) -> int:
        """Count the webhooks of a room, or with `None` those of all rooms of a group."""
        found = await self._session.one(
            tuple[int],
            "SELECT count(*) FROM webhooks WHERE room_id = ?"
            if room_id is not None
            else "SELECT count(*) FROM webhooks WHERE group_id = ? AND room_id IS NULL",
            group_id if room_id is None else room_id,
        )
        return found[0] if found else 0

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
            " event, pattern, authentication, grant_id, root, position, created_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            webhook.grant_id,
            webhook.root,
            position,
            now_us,
        )

    async def replace(
        self, webhook_id: int, webhook: NewWebhook, *, position: int
    ) -> None:
        """Store what a webhook is to become; its maker is whoever changes it."""
        await self._session.run(
            "UPDATE webhooks SET user_id = ?, name = ?, url = ?, event = ?, pattern = ?,"
            " authentication = ?, grant_id = ?, root = ?, position = ? WHERE id = ?",
            webhook.user_id,
            webhook.name,
            webhook.url,
            webhook.event,
            webhook.pattern,
            webhook.authentication,
            webhook.grant_id,
            webhook.root,
            position,
            webhook_id,
        )

    async def delete(self, webhook_id: int) -> bool:
        """Remove a webhook with its deliveries, and say whether there was one."""
        return (
            await self._session.run("DELETE FROM webhooks WHERE id = ?", webhook_id) > 0
        )

    async def delete_of_user(self, user_id: int) -> None:
        """Remove what a person made, or a client in their name."""
        await self._session.run("DELETE FROM webhooks WHERE user_id = ?", user_id)

    async def end_of_room(self, room_id: int, last_event_id: int) -> None:
        """Let the webhooks of a room get what has happened so far, and nothing more.

        The tokens of the room end with it, and these do not: they have something to tell.
        """
        await self._session.run(
            "UPDATE webhooks SET last_event_id = ?, grant_id = NULL WHERE room_id = ?",
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

    async def kinds(self) -> list[tuple[int, int | None, str]]:
        """Return the kinds of events that are waited for: group, room if one, and event."""
        return await self._session.all(
            tuple[int, int | None, str],
            "SELECT DISTINCT group_id, room_id, event FROM webhooks",
        )

    async def delete_ended(self) -> int:
        """Remove the webhooks of deleted rooms that have got everything."""
        return await self._session.run(
            "DELETE FROM webhooks WHERE last_event_id IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM webhook_events WHERE webhook_events.room_id ="
            " webhooks.room_id AND webhook_events.event = webhooks.event"
            " AND webhook_events.id > position)"
        )
