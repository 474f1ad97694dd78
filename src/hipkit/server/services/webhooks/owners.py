"""Owners of webhooks: they post the answers of receivers, and limit what receivers get."""

from __future__ import annotations

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import Actor, webhook_actor
from hipkit.server.services.access.lookup import find_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.webhooks import WebhookRecord

__all__ = ["may_still_see", "owner_of"]


async def owner_of(stores: Stores, webhook: WebhookRecord) -> Actor | None:
    """Return the webhook as an actor for its owner; `None` if that was deleted."""
    if webhook.client_id is not None:
        client = await stores.clients.get(webhook.client_id)
        return None if client is None else webhook_actor(webhook, client)
    user = await stores.users.get(webhook.user_id or 0)
    if user is None or user.is_deleted:
        return None
    return webhook_actor(webhook, user)


async def may_still_see(stores: Stores, webhook: WebhookRecord, room_id: int) -> bool:
    """Return whether the owner may see a room; a deleted room hides nothing.

    Rights may have been taken away since the webhook was created: without this check its receiver
    would go on getting messages that the owner may not read.
    """
    owner = await owner_of(stores, webhook)
    if owner is None:
        return False
    if owner.user is None and owner.room_id == room_id:
        # A client of one room: that this room was deleted is the last that it gets.
        return True
    try:
        await find_room(stores, owner, room_id)
    except ForbiddenError:
        return False
    except NotFoundError:
        # Guests get this for rooms that they may not see.
        return not owner.is_guest
    return True
