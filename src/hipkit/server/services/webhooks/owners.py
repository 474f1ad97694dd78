"""Who made a webhook: in whose name its receiver's answers are posted, and what they may see."""

from __future__ import annotations

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import Actor, webhook_actor
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.context import Context
from hipkit.server.services.rooms.publishing import sender_of
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.v2.models import Sender

__all__ = ["may_still_see", "owner_as_sender", "owner_of"]


async def owner_of(stores: Stores, webhook: WebhookRecord) -> Actor | None:
    """Return the webhook as it acts for its maker; `None` if they are gone."""
    if webhook.client_id is not None:
        client = await stores.clients.get(webhook.client_id)
        return None if client is None else webhook_actor(webhook, client)
    user = await stores.users.get(webhook.user_id or 0)
    if user is None or user.is_deleted:
        return None
    return webhook_actor(webhook, user)


async def owner_as_sender(
    context: Context, stores: Stores, webhook: WebhookRecord
) -> Sender | None:
    """Return the maker as answers show one."""
    maker = await owner_of(stores, webhook)
    return None if maker is None else sender_of(maker, context.addresses)


async def may_still_see(stores: Stores, webhook: WebhookRecord, room_id: int) -> bool:
    """Say whether the maker may see a room that is there; one that is gone hides nothing."""
    maker = await owner_of(stores, webhook)
    if maker is None:
        return False
    try:
        await find_room(stores, maker, room_id)
    except ForbiddenError:
        return False
    except NotFoundError:
        # Guests get this for rooms that they may not see.
        return not maker.is_guest
    return True
