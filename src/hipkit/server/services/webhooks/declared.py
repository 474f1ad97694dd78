"""Keeps the webhooks that add-ons declare in their descriptors.

A webhook without a key has one that follows from its place in the list, so that an update finds
it again. Those that an add-on creates itself, with other keys, are left alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hipkit.api.errors import BadRequestError
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.registration import check_webhook, store_webhook
from hipkit.server.services.webhooks.signatures import check_can_sign
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.webhooks import NewWebhook, WebhookRecord
from hipkit.v2.models import AddonWebhook
from hipkit.v2.webhooks import EVENTS

__all__ = ["check_declared", "declared_key", "hand_over", "replace_declared"]

NAMESPACE = uuid.UUID("5b0e7a52-6b0f-4c35-9a62-0c6f2f4a8d11")
"""Of keys that follow from places; any fixed one will do."""


async def check_declared(context: Context, webhooks: Sequence[AddonWebhook]) -> None:
    """Check webhooks of a descriptor.

    Raises:
        BadRequestError: One of them cannot be used; the message says which.
    """
    for number, webhook in enumerate(webhooks):
        try:
            if webhook.event not in EVENTS:
                raise BadRequestError(f"There is no event {webhook.event[:100]!r}")
            if webhook.authentication == "jwt":
                check_can_sign()
            await check_webhook(context, webhook)
        except BadRequestError as error:
            raise BadRequestError(
                f"capabilities.webhook[{number}]: {error.message}", field="url"
            ) from None


async def replace_declared(
    context: Context,
    stores: Stores,
    client: ClientRecord,
    *,
    before: Sequence[AddonWebhook] = (),
    webhooks: Sequence[AddonWebhook],
    root: str,
) -> None:
    """Within a command: store the webhooks of a descriptor in place of those before.

    One that was there before keeps its id and the events that wait for it.

    Raises:
        BadRequestError: The room or group has too many.
    """
    wanted = {declared_key(one, place): one for place, one in enumerate(webhooks)}
    for place, one in enumerate(before):
        key = declared_key(one, place)
        if key not in wanted:
            found = await _find(stores, client, key)
            if found is not None:
                await stores.subscriptions.delete(found.id)
    for key, webhook in wanted.items():
        new = NewWebhook(
            group_id=client.group_id,
            room_id=client.room_id,
            client_id=client.id,
            user_id=None,
            key=key,
            name=webhook.name or "",
            url=webhook.url,
            event=webhook.event,
            pattern=webhook.pattern or None,
            authentication=webhook.authentication or "none",
            root=root,
        )
        await store_webhook(context, stores, new)


async def hand_over(
    stores: Stores, client: ClientRecord, new_id: str, webhooks: Sequence[AddonWebhook]
) -> None:
    """Within a command: hand the webhooks of a descriptor over to another client.

    What waits for them is kept. Webhooks that the client created itself stay its own. One that
    the new client has created with the same key, while it was called, goes.
    """
    for place, one in enumerate(webhooks):
        key = declared_key(one, place)
        found = await _find(stores, client, key)
        if found is None:
            continue
        new = await stores.webhooks.by_key(client.group_id, client.room_id, new_id, key)
        if new is not None:
            await stores.subscriptions.delete(new.id)
        await stores.webhooks.change_client(found.id, new_id)


def declared_key(webhook: AddonWebhook, place: int) -> str:
    """Return the key of a webhook by its place in a descriptor."""
    return webhook.key or str(uuid.uuid5(NAMESPACE, f"webhook {place}"))


async def _find(stores: Stores, client: ClientRecord, key: str) -> WebhookRecord | None:
    return await stores.webhooks.by_key(client.group_id, client.room_id, client.id, key)
