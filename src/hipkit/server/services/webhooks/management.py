"""Webhooks as users and the operator manage them: list, retry, send again, delete.

For the page and `hipkit admin`; programs create webhooks through `registration.py`. Group
administrators and the operator manage every webhook, other users their own and those of rooms
that they own or administer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import (
    check_operator,
    find_seen_room,
    list_hidden_rooms,
)
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.owners import owner_of
from hipkit.server.shared.protocol import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import DeliveryRecord
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.webhooks import WEBHOOK, WebhookRecord

__all__ = [
    "WebhookStatus",
    "find_webhook",
    "list_all_deliveries",
    "list_deliveries",
    "list_webhooks",
    "remove_webhook",
    "resume",
    "resume_all",
    "send_again",
]

MOST_LISTED = 1_000
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStatus:
    """A webhook, and how it fares."""

    record: WebhookRecord = field(repr=False)
    room_name: str | None
    """`None` for the whole group, and for a room that the actor may not see."""
    owner_name: str
    waiting: int
    """How many events wait for it, before its pattern is searched for in them."""

    @property
    def state(self) -> str:
        """`working`, `failing` or `paused`."""
        if self.record.paused_us is not None:
            return "paused"
        return "working" if self.record.next_try_us is None else "failing"

    @property
    def shown_url(self) -> str:
        """The URL without its query, which may hold a secret."""
        parts = urlsplit(self.record.url)
        return parts._replace(query="…" if parts.query else "", fragment="").geturl()


async def list_webhooks(
    context: Context,
    *,
    client_id: str | None = None,
    start: int = 0,
    count: int = MOST_LISTED,
) -> list[WebhookStatus]:
    """Return the webhooks that the actor manages, or only those of one client."""
    actor = context.actor

    async def query(stores: Stores) -> list[WebhookStatus]:
        found = await stores.webhooks.of_group(
            actor.group_id,
            # 0 and not `None`, which lists all, for actors that are no users.
            managed_by=None if actor.is_group_admin else actor.user_id or 0,
            client_id=client_id,
            start=start,
            count=count,
        )
        return [await _status(stores, actor, webhook) for webhook in found]

    return await context.runtime.database.scan(query)


async def find_webhook(context: Context, webhook_id: int) -> WebhookStatus:
    """Return one webhook.

    Raises:
        NotFoundError: It does not exist, or the actor does not manage it.
    """
    webhook = await _find(context.stores, context.actor, webhook_id)
    return await _status(context.stores, context.actor, webhook)


async def list_deliveries(
    context: Context, webhook_id: int, count: int = 100
) -> list[DeliveryRecord]:
    """Return a webhook's deliveries, the newest event first.

    Events of rooms that the actor may not see are withheld: a webhook's owner may have left the
    room since.

    Raises:
        NotFoundError: The webhook does not exist, or the actor does not manage it.
    """
    await _find(context.stores, context.actor, webhook_id)
    found = await context.stores.deliveries.of_subscription(webhook_id, count)
    hidden = await list_hidden_rooms(
        context, {delivery.room_id for delivery in found if delivery.room_id}
    )
    return [
        msgspec.structs.replace(delivery, item=None)
        if delivery.room_id in hidden
        else delivery
        for delivery in found
    ]


async def send_again(context: Context, delivery_id: int) -> None:
    """Publish a delivery's event once more, for its webhook only, which is tried at once.

    Raises:
        NotFoundError: The delivery does not exist, or the actor does not manage its webhook.
        BadRequestError: The event is not kept any more.
    """

    async def command(stores: Stores) -> None:
        delivery = await stores.deliveries.get(delivery_id)
        if delivery is None:
            raise NotFoundError(f"Delivery {delivery_id} not found")
        webhook = await _find(stores, context.actor, delivery.subscription_id)
        event = await stores.events.get(delivery.event_id)
        if event is None or event.event != webhook.event:
            raise BadRequestError("This event is not kept any more")
        again = NewEvent(
            group_id=event.group_id,
            room_id=event.room_id,
            event=event.event,
            item=event.item,
            user_id=event.user_id,
            root=event.root,
            answered_by=event.answered_by,
            only_for=webhook.id,
        )
        # One that still waits is sent by the retry; added to the log it would be sent twice.
        if delivery.state != "waiting":
            await stores.events.add(again, context.now_us)
        await stores.subscriptions.try_now(webhook.id, context.now_us)
        context.topics.add(EVENTS)

    await context.write(command)


async def resume(context: Context, webhook_id: int) -> None:
    """Try a failing or paused webhook at once.

    Raises:
        NotFoundError: It does not exist, or the actor does not manage it.
    """

    async def command(stores: Stores) -> None:
        webhook = await _find(stores, context.actor, webhook_id)
        await stores.subscriptions.try_now(webhook.id, context.now_us)
        context.topics.add(EVENTS)

    await context.write(command)


async def remove_webhook(context: Context, webhook_id: int) -> None:
    """Delete a webhook with its deliveries.

    Raises:
        NotFoundError: It does not exist, or the actor does not manage it.
    """

    async def command(stores: Stores) -> None:
        webhook = await _find(stores, context.actor, webhook_id)
        await stores.subscriptions.delete(webhook.id)

    await context.write(command)


async def resume_all(context: Context) -> None:
    """Try every failing or paused webhook at once.

    Raises:
        ForbiddenError: Another actor than the operator asks for it.
    """
    check_operator(context.actor)
    now_us = context.now_us
    await context.write(
        lambda stores: stores.subscriptions.try_all_now(WEBHOOK, now_us)
    )


async def list_all_deliveries(
    context: Context,
) -> list[tuple[WebhookRecord, DeliveryRecord]]:
    """Return the deliveries of every webhook that the actor manages, in the order of events."""
    found = [
        (status.record, delivery)
        for status in await list_webhooks(context)
        for delivery in await list_deliveries(context, status.record.id, MOST_LISTED)
    ]
    return sorted(found, key=lambda pair: (pair[1].event_id, pair[0].id))


async def _find(stores: Stores, actor: Actor, webhook_id: int) -> WebhookRecord:
    webhook = await stores.webhooks.get(webhook_id)
    if webhook is not None and webhook.group_id == actor.group_id:
        if actor.is_group_admin:
            return webhook
        if await stores.webhooks.is_managed_by(webhook_id, actor.user_id or 0):
            return webhook
    raise NotFoundError(f"Webhook {webhook_id} not found")


async def _status(
    stores: Stores, actor: Actor, webhook: WebhookRecord
) -> WebhookStatus:
    room = None
    if webhook.room_id is not None:
        room = await find_seen_room(stores, actor, webhook.room_id)
    owner = await owner_of(stores, webhook)
    return WebhookStatus(
        record=webhook,
        room_name=None if room is None else room.name,
        owner_name="" if owner is None else owner.name,
        waiting=await stores.events.waiting(
            webhook, webhook.position, most=MOST_COUNTED
        ),
    )
