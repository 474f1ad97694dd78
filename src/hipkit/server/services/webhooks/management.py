"""What people do about webhooks that are there: look at them, send again, try again, delete.

For the page and `hipkit admin`. Programs set webhooks through `registration.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.shared.signals import EVENTS
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.deliveries import DeliveryRecord
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.users import UserRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord

__all__ = [
    "SeenWebhook",
    "delete_webhook",
    "find_webhook",
    "list_all_deliveries",
    "list_deliveries",
    "list_webhooks",
    "list_webhooks_of_user",
    "resume",
    "send_again",
    "try_all_now",
]

MOST_LISTED = 1_000
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWebhook:
    """A webhook and what there is to say about it."""

    record: WebhookRecord = field(repr=False)
    room_name: str | None
    """`None` for the whole group."""
    maker_name: str
    waiting: int
    """How many events wait for it, those counted that its pattern will leave out."""

    @property
    def state(self) -> str:
        """`working`, `failing` or `paused`."""
        if self.record.paused_us is not None:
            return "paused"
        return "working" if self.record.next_try_us is None else "failing"

    @property
    def shown_url(self) -> str:
        """The address without its query, which may hold a secret of its maker's."""
        parts = urlsplit(self.record.url)
        return parts._replace(query="…" if parts.query else "", fragment="").geturl()


async def list_webhooks_of_user(
    stores: Stores, user: UserRecord, *, start: int = 0, count: int = MOST_LISTED
) -> list[SeenWebhook]:
    """Return the webhooks that a person cares for.

    Administrators of the group care for all, others for their own and those of the rooms that
    they own or administer.
    """
    found = await stores.webhooks.of_group(
        user.group_id,
        managed_by=None if user.is_group_admin else user.id,
        start=start,
        count=count,
    )
    return [await _seen(stores, webhook) for webhook in found]


async def list_webhooks(stores: Stores, group_id: int) -> list[SeenWebhook]:
    """Return every webhook of a group."""
    found = await stores.webhooks.of_group(
        group_id, managed_by=None, start=0, count=MOST_LISTED
    )
    return [await _seen(stores, webhook) for webhook in found]


async def find_webhook(
    stores: Stores, user: UserRecord, webhook_id: int
) -> SeenWebhook:
    """Return one webhook.

    Raises:
        NotFoundError: There is no such webhook, or the person does not care for it.
    """
    return await _seen(stores, await _find(stores, user, webhook_id))


async def list_deliveries(
    stores: Stores, user: UserRecord, webhook_id: int, count: int = 100
) -> list[DeliveryRecord]:
    """Return what became of the events of a webhook, the newest first.

    Raises:
        NotFoundError: There is no such webhook, or the person does not care for it.
    """
    await _find(stores, user, webhook_id)
    return await stores.deliveries.of_subscription(webhook_id, count)


async def send_again(
    stores: Stores, user: UserRecord | None, delivery_id: int, now_us: int
) -> set[str]:
    """Within a command: put an event into the outbox once more, for its one webhook.

    A webhook that waits for its moment is tried at once. Returns the topics to signal.

    Raises:
        NotFoundError: There is no such delivery, or the person does not care for its webhook.
        BadRequestError: What was sent is not kept any more.
    """
    delivery = await stores.deliveries.get(delivery_id)
    if delivery is None:
        raise NotFoundError(f"Delivery {delivery_id} not found")
    webhook = await _find(stores, user, delivery.subscription_id)
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
    if delivery.state != "waiting":
        await stores.events.add(again, now_us)
    return await _try_now(stores, webhook, now_us)


async def resume(
    stores: Stores, user: UserRecord | None, webhook_id: int, now_us: int
) -> set[str]:
    """Within a command: try a failing or paused webhook at once.

    Returns the topics to signal.

    Raises:
        NotFoundError: There is no such webhook, or the person does not care for it.
    """
    webhook = await _find(stores, user, webhook_id)
    return await _try_now(stores, webhook, now_us)


async def try_all_now(database: Database, now_us: int) -> None:
    """Try every failing or paused webhook at once."""
    await database.write(lambda stores: stores.subscriptions.try_all_now(now_us))


async def list_all_deliveries(
    stores: Stores,
) -> list[tuple[WebhookRecord, DeliveryRecord]]:
    """Return what became of events at any webhook, in the order in which they happened."""
    group = await stores.groups.first()
    if group is None:
        return []
    webhooks = await stores.webhooks.of_group(
        group.id, managed_by=None, start=0, count=MOST_LISTED
    )
    found = [
        (webhook, delivery)
        for webhook in webhooks
        for delivery in await stores.deliveries.of_subscription(webhook.id, MOST_LISTED)
    ]
    return sorted(found, key=lambda pair: (pair[1].event_id, pair[0].id))


async def delete_webhook(
    stores: Stores, user: UserRecord | None, webhook_id: int
) -> None:
    """Within a command: delete a webhook.

    Raises:
        NotFoundError: There is no such webhook, or the person does not care for it.
    """
    webhook = await _find(stores, user, webhook_id)
    await stores.subscriptions.delete(webhook.id)


async def _try_now(stores: Stores, webhook: WebhookRecord, now_us: int) -> set[str]:
    await stores.subscriptions.try_now(webhook.id, now_us)
    return {EVENTS}


async def _find(
    stores: Stores, user: UserRecord | None, webhook_id: int
) -> WebhookRecord:
    """Return a webhook; without a person it is the machine's administrator who asks."""
    webhook = await stores.webhooks.get(webhook_id)
    if webhook is None or (user is not None and webhook.group_id != user.group_id):
        raise NotFoundError(f"Webhook {webhook_id} not found")
    if user is not None and not await _cares_for(stores, user, webhook):
        raise NotFoundError(f"Webhook {webhook_id} not found")
    return webhook


async def _cares_for(stores: Stores, user: UserRecord, webhook: WebhookRecord) -> bool:
    if user.is_group_admin:
        return True
    return await stores.webhooks.is_managed_by(webhook.id, user.id)


async def _seen(stores: Stores, webhook: WebhookRecord) -> SeenWebhook:
    room = None
    if webhook.room_id is not None:
        room = await stores.rooms.get(webhook.room_id)
    if webhook.client_id is not None:
        client = await stores.clients.get(webhook.client_id)
        maker = "" if client is None else client.name
    else:
        user = await stores.users.get(webhook.user_id or 0)
        maker = "" if user is None else user.name
    return SeenWebhook(
        record=webhook,
        room_name=None if room is None else room.name,
        maker_name=maker,
        waiting=await stores.events.waiting(
            webhook.position,
            group_id=webhook.group_id,
            room_id=webhook.room_id,
            event=webhook.event,
            most=MOST_COUNTED,
        ),
    )
