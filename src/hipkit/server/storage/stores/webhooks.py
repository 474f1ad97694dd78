"""Webhooks: subscriptions of programs, with an owner, a key and an endpoint.

A webhook's number is its subscription's; see `subscriptions.py` for position and retry state.
"""

from __future__ import annotations

from operator import attrgetter
from urllib.parse import urlsplit

from hipkit.server.storage.stores.events import StreamRecord
from hipkit.server.storage.stores.session import (
    Session,
    Store,
    insert,
    select,
    update,
)
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionStore,
)

__all__ = ["WEBHOOK", "NewWebhook", "WebhookRecord", "WebhookStore"]

WEBHOOK = "webhook"
"""The kind of these subscriptions."""


class NewWebhook(StreamRecord, frozen=True, array_like=True, kw_only=True):
    """A webhook for a stream, to be stored, new or changed."""

    client_id: str | None
    """The OAuth client that owns it; `None` for a user's."""
    user_id: int | None
    key: str
    name: str
    url: str
    pattern: str | None
    authentication: str
    grant_id: int | None = None
    """The grant of the token that created it: it ends with that, or with its owner."""
    root: str | None = None
    """Scheme and host under which it was created."""

    @property
    def host(self) -> str:
        """The host of its endpoint, with the port if one is given."""
        return urlsplit(self.url).netloc.lower()


class WebhookRecord(SubscriptionRecord, frozen=True, array_like=True, kw_only=True):
    """A stored webhook, which is a subscription."""

    client_id: str | None
    user_id: int | None
    key: str
    name: str
    url: str
    pattern: str | None
    authentication: str
    created_us: int
    root: str | None
    """Scheme and host under which it was created; `None` where an older hipkit stored it."""


STORED = tuple(name for name in NewWebhook.__struct_fields__ if name != "event")
"""Columns of a webhook itself; its event is its subscription's."""
stored = attrgetter(*STORED)

COLUMNS = select(
    WebhookRecord,
    "webhooks JOIN subscriptions ON subscriptions.id = webhooks.id",
    id="subscriptions.id",
    group_id="subscriptions.group_id",
    room_id="subscriptions.room_id",
)
INSERT = insert("webhooks", "id", *STORED, "created_us")
REPLACE = update("webhooks", *STORED)
MANAGED_BY = (
    "(webhooks.user_id = ? OR EXISTS (SELECT 1 FROM rooms WHERE rooms.id = webhooks.room_id"
    " AND rooms.owner_id = ?) OR EXISTS (SELECT 1 FROM room_members"
    " WHERE room_members.room_id = webhooks.room_id AND room_members.user_id = ?"
    " AND roles LIKE '%room_admin%'))"
)


class WebhookStore(Store):
    """Reads and writes webhooks."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._subscriptions = SubscriptionStore(session)

    async def get(self, webhook_id: int) -> WebhookRecord | None:
        """Return a webhook by its number."""
        sql = COLUMNS + "WHERE webhooks.id = ?"
        return await self._one(WebhookRecord, sql, webhook_id)

    async def by_key(
        self, group_id: int, room_id: int | None, client_id: str | None, key: str
    ) -> WebhookRecord | None:
        """Return the webhook with a key: each client has its own keys, users share theirs."""
        sql = (
            COLUMNS
            + "WHERE webhooks.group_id = ? AND COALESCE(webhooks.room_id, 0) = ?"
            " AND COALESCE(webhooks.client_id, '') = ? AND key = ?"
        )
        return await self._one(
            WebhookRecord, sql, group_id, room_id or 0, client_id or "", key
        )

    async def of_room(
        self, room_id: int, client_id: str | None, *, start: int, count: int
    ) -> list[WebhookRecord]:
        """Return a room's webhooks of a client, or with `None` those of users."""
        sql = (
            COLUMNS
            + "WHERE subscriptions.room_id = ? AND COALESCE(webhooks.client_id, '') = ?"
            " ORDER BY webhooks.id LIMIT ? OFFSET ?"
        )
        return await self._all(
            WebhookRecord, sql, room_id, client_id or "", count, start
        )

    async def of_group(
        self,
        group_id: int,
        *,
        managed_by: int | None,
        client_id: str | None = None,
        start: int,
        count: int,
    ) -> list[WebhookRecord]:
        """Return a group's webhooks of every owner, by their numbers.

        With `managed_by`, only those of a user, and of rooms that the user owns or administers;
        with `client_id` only those of a client.
        """
        sql = COLUMNS + "WHERE webhooks.group_id = ?"
        values: list[int | str] = [group_id]
        if client_id is not None:
            sql += " AND webhooks.client_id = ?"
            values.append(client_id)
        if managed_by is not None:
            sql += f" AND {MANAGED_BY}"
            values += [managed_by] * 3
        sql += " ORDER BY webhooks.id LIMIT ? OFFSET ?"
        return await self._all(WebhookRecord, sql, *values, count, start)

    async def count(self, group_id: int, room_id: int | None) -> int:
        """Count the webhooks of a room, or with `None` those of all rooms of a group."""
        sql = "SELECT COUNT(*) FROM webhooks WHERE group_id = ? AND COALESCE(room_id, 0) = ?"
        return await self._value(int, sql, group_id, room_id or 0) or 0

    async def is_managed_by(self, webhook_id: int, user_id: int) -> bool:
        """Return whether a webhook is a user's own, or of a room that they administer."""
        sql = "SELECT 1 FROM webhooks WHERE id = ? AND "
        values = (webhook_id, user_id, user_id, user_id)
        return await self._value(int, sql + MANAGED_BY, *values) is not None

    async def add(self, webhook: NewWebhook, *, position: int, now_us: int) -> int:
        """Store a webhook for what comes after `position`, and return its number."""
        webhook_id = await self._subscriptions.add(
            webhook, kind=WEBHOOK, host=webhook.host, position=position
        )
        await self._run(INSERT, webhook_id, *stored(webhook), now_us)
        return webhook_id

    async def replace(
        self, webhook_id: int, webhook: NewWebhook, *, position: int
    ) -> None:
        """Store a changed webhook; the user who changes it is its owner from then on."""
        await self._subscriptions.change(
            webhook_id, event=webhook.event, host=webhook.host, position=position
        )
        await self._run(REPLACE, *stored(webhook), webhook_id)

    async def change_client(self, webhook_id: int, client_id: str) -> None:
        """Hand a webhook over to another client."""
        sql = "UPDATE webhooks SET client_id = ? WHERE id = ?"
        await self._run(sql, client_id, webhook_id)

    async def delete_of_user(self, user_id: int) -> None:
        """Remove a user's webhooks, and those that clients created in their name."""
        await self._run("DELETE FROM webhooks WHERE user_id = ?", user_id)

    async def detach_grants(self, room_id: int) -> None:
        """Detach a room's webhooks from the grants they were created with.

        The room's grants end with it, and would end its webhooks before they got its last events.
        """
        await self._run(
            "UPDATE webhooks SET grant_id = NULL"
            " WHERE id IN (SELECT id FROM subscriptions WHERE room_id = ?)",
            room_id,
        )
