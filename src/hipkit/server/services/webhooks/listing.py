"""Lists and represents the webhooks that a program may read: its own.

An add-on sees only the webhooks that it created: the URLs of others may hold secrets. Users who
administer a room see those that users created in it. Read next: `registration.py`, which creates
and deletes them.
"""

from __future__ import annotations

from typing import cast

import msgspec

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import (
    find_room,
    find_room_to_administer,
    row_id,
)
from hipkit.server.services.context import Context
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.models import LEFT_OUT, room_in_short
from hipkit.server.services.representations.paging import Slice
from hipkit.server.services.representations.timestamps import Timestamp
from hipkit.server.services.rooms.publishing import sender_of
from hipkit.server.services.rooms.rooms import full_room
from hipkit.server.services.webhooks.owners import owner_of
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.v2.extensions import DeleteGlobalWebhook, GetGlobalWebhook
from hipkit.v2.models import Links, Room, Sender, Webhook, WebhookPage
from hipkit.v2.rooms import (
    DeleteRoomWebhook,
    DeleteWebhook,
    GetAllWebhooks,
    GetRoomWebhook,
    GetWebhook,
)

__all__ = [
    "WebhookRequest",
    "find_own_webhook",
    "get_all_webhooks",
    "get_webhook",
]


ById = GetWebhook | DeleteWebhook
InRoom = ById | GetRoomWebhook | DeleteRoomWebhook
InGroup = GetGlobalWebhook | DeleteGlobalWebhook

WebhookRequest = InRoom | InGroup
"""Operations on one webhook: of a room by id or key, of the whole group by key."""


class FullWebhook(Webhook, frozen=True, omit_defaults=False):
    """A webhook with the members that HipChat sent as `null`, in lists too."""


@handles(GetAllWebhooks)
async def get_all_webhooks(context: Context, request: GetAllWebhooks) -> WebhookPage:
    """List a room's webhooks."""
    actor = context.actor
    reference = request.room_id_or_name
    room = await find_room_to_administer(context.stores, actor, reference)
    part = Slice.of(f"{context.addresses.room(room.id)}/webhook", request)
    found = await context.runtime.database.scan(
        lambda stores: stores.webhooks.of_room(
            room.id, actor.client_id, start=part.start, count=part.count
        )
    )
    items = [
        await _full(context, webhook, part.expand.below("items"))
        if "items" in part.expand
        else _short(context, webhook)
        for webhook in part.items(found)
    ]
    return part.page(WebhookPage, found, items)


@handles(GetWebhook)
@handles(GetRoomWebhook)
@handles(GetGlobalWebhook)
async def get_webhook(
    context: Context, request: GetWebhook | GetRoomWebhook | GetGlobalWebhook
) -> Webhook:
    """Return a webhook.

    Raises:
        NotFoundError: It does not exist, or is not the caller's.
    """
    webhook = await find_own_webhook(context.stores, context.actor, request)
    expand = None if isinstance(request, GetGlobalWebhook) else request.expand
    return await _full(context, webhook, Expansion(expand))


async def find_own_webhook(
    stores: Stores, actor: Actor, request: WebhookRequest
) -> WebhookRecord:
    """Return the webhook that an operation names.

    Raises:
        NotFoundError: It does not exist, or is not the caller's.
        ForbiddenError: The caller may not administer the room.
    """
    room_id = None
    if not isinstance(request, InGroup):
        reference = request.room_id_or_name
        room_id = (await find_room_to_administer(stores, actor, reference)).id
    own = (room_id, actor.client_id)
    if isinstance(request, ById):
        name: str | int = request.webhook_id
        webhook = await stores.webhooks.get(row_id(name) or 0)
    else:
        name = request.key
        webhook = await stores.webhooks.by_key(actor.group_id, *own, name)
    if webhook is None or (webhook.room_id, webhook.client_id) != own:
        raise NotFoundError(f"Webhook {name} not found")
    return webhook


def _short(context: Context, webhook: WebhookRecord) -> Webhook:
    return FullWebhook(
        id=webhook.id,
        key=webhook.key,
        name=webhook.name,
        event=webhook.event,
        pattern=webhook.pattern,
        url=webhook.url,
        authentication=webhook.authentication,
        created=LEFT_OUT,
        room=LEFT_OUT,
        creator=LEFT_OUT,
        links=Links(self_=_link(context, webhook)),
    )


async def _full(context: Context, webhook: WebhookRecord, expand: Expansion) -> Webhook:
    return msgspec.structs.replace(
        _short(context, webhook),
        created=Timestamp.from_us(webhook.created_us),
        room=await _room(context, webhook, expand),
        creator=await _creator(context, webhook, expand),
    )


async def _room(
    context: Context, webhook: WebhookRecord, expand: Expansion
) -> Room | None:
    if webhook.room_id is None:
        return None
    stores = context.stores
    if "room" in expand:
        room = await find_room(stores, context.actor, webhook.room_id)
        return await full_room(context, stores, room, expand.below("room"))
    found = await stores.rooms.get(webhook.room_id)
    return None if found is None else room_in_short(context.addresses, found)


async def _creator(
    context: Context, webhook: WebhookRecord, expand: Expansion
) -> Sender | None:
    if "creator" in expand and webhook.client_id is None:
        user = await context.stores.users.get(webhook.user_id or 0)
        if user is not None:
            # In full a creator is a user with every member, of which `Sender` is a part.
            return cast("Sender", await full_user(context, context.stores, user))
    owner = await owner_of(context.stores, webhook)
    return None if owner is None else sender_of(owner, context.addresses)


def _link(context: Context, webhook: WebhookRecord) -> str:
    if webhook.room_id is None:
        return context.addresses.group_webhook(webhook.key)
    return context.addresses.room_webhook(webhook.room_id, webhook.id)
