"""Creates, changes and deletes webhooks for programs.

Each client has its own keys. Read next: `listing.py`, which finds a caller's own webhooks.
"""

from __future__ import annotations

import uuid

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import find_room_to_administer
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.registry import handles
from hipkit.server.services.webhooks.listing import find_own_webhook
from hipkit.server.services.webhooks.patterns import check_pattern
from hipkit.server.services.webhooks.signatures import check_can_sign
from hipkit.server.shared.protocol import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.webhooks import NewWebhook, WebhookRecord
from hipkit.v2.extensions import CreateGlobalWebhook, DeleteGlobalWebhook
from hipkit.v2.models import AddonWebhook, Created, CreatedExtension, Links
from hipkit.v2.rooms import (
    CreateRoomWebhook,
    CreateWebhook,
    DeleteRoomWebhook,
    DeleteWebhook,
)

__all__ = [
    "MOST_WEBHOOKS",
    "check_webhook",
    "create_global_webhook",
    "create_webhook",
    "delete_webhook",
    "store_webhook",
]

CreateRequest = CreateWebhook | CreateRoomWebhook | CreateGlobalWebhook

LONGEST_NAME = 200

MOST_WEBHOOKS = 100
"""Of a room, and of a group for all its rooms, by all owners: each message goes to all of them."""


@handles(CreateWebhook)
@handles(CreateRoomWebhook)
async def create_webhook(
    context: Context, request: CreateWebhook | CreateRoomWebhook
) -> Created:
    """Create a webhook in a room. With the key in the path, one that has it is changed.

    Raises:
        InvalidValueError: A value cannot be used, or the key is taken.
    """
    reference = request.room_id_or_name
    # Before the URL's name is resolved, which takes long: strangers must not be able to ask for it.
    await find_room_to_administer(context.stores, context.actor, reference)
    await check_webhook(context, request)

    async def command(stores: Stores) -> tuple[int, int]:
        room = await find_room_to_administer(stores, context.actor, reference)
        return room.id, await _store(context, stores, request, room.id)

    room_id, webhook_id = await context.write(command)
    link = context.addresses.room_webhook(room_id, webhook_id)
    return Created(id=webhook_id, links=Links(self_=link))


@handles(CreateGlobalWebhook)
async def create_global_webhook(
    context: Context, request: CreateGlobalWebhook
) -> CreatedExtension:
    """Create a webhook for the whole group, or change the one with this key."""
    await check_webhook(context, request)
    webhook_id = await context.write(
        lambda stores: _store(context, stores, request, None)
    )
    link = context.addresses.group_webhook(request.key)
    return CreatedExtension(id=webhook_id, links=Links(self_=link))


@handles(DeleteWebhook)
@handles(DeleteRoomWebhook)
@handles(DeleteGlobalWebhook)
async def delete_webhook(
    context: Context, request: DeleteWebhook | DeleteRoomWebhook | DeleteGlobalWebhook
) -> None:
    """Delete a webhook, with its deliveries and the events that wait for it.

    Raises:
        NotFoundError: It does not exist, or is not the caller's.
    """

    async def command(stores: Stores) -> None:
        webhook = await find_own_webhook(stores, context.actor, request)
        await stores.subscriptions.delete(webhook.id)

    await context.write(command)


async def check_webhook(
    context: Context, request: CreateRequest | AddonWebhook
) -> None:
    """Check what can be checked of a webhook without the database.

    Raises:
        BadRequestError: A value cannot be used.
    """
    if len(request.name or "") > LONGEST_NAME:
        problem = f"is longer than {LONGEST_NAME}"
        raise InvalidValueError("name", "maxLength", problem)
    if request.pattern:
        check_pattern(request.pattern)
    await context.runtime.egress.check(request.url)


async def _new(
    context: Context, stores: Stores, request: CreateRequest, room_id: int | None
) -> NewWebhook:
    actor = context.actor
    if request.authentication == "jwt":
        await _check_signing(stores, actor)
    return NewWebhook(
        group_id=actor.group_id,
        room_id=room_id,
        client_id=actor.client_id,
        user_id=actor.user_id,
        key=request.key or str(uuid.uuid4()),
        name=request.name or "",
        url=request.url,
        event=request.event,
        pattern=request.pattern or None,
        authentication=request.authentication or "none",
        grant_id=_lasting_grant(actor),
        root=context.addresses.root,
    )


def _lasting_grant(actor: Actor) -> int | None:
    """Return the grant that a webhook ends with; `None` for a client's own.

    A client's own tokens come and go by the hour, and each can do what the others can: webhooks
    that it creates for itself end with the client. Those of a user's token end with that.
    """
    return None if actor.user is None else actor.grant_id


async def _check_signing(stores: Stores, actor: Actor) -> None:
    if actor.client is None:
        problem = "needs an OAuth client, with whose secret events are signed"
        raise InvalidValueError("authentication", "enum", problem, "jwt")
    check_can_sign()
    if await stores.clients.signing_secret(actor.client.id) is None:
        problem = (
            "needs a client whose secret this server keeps; this one was created by an older"
            " hipkit: create it again"
        )
        raise InvalidValueError("authentication", "enum", problem, "jwt")


async def _store(
    context: Context, stores: Stores, request: CreateRequest, room_id: int | None
) -> int:
    webhook = await _new(context, stores, request, room_id)
    if isinstance(request, CreateWebhook) and await _find_same(stores, webhook):
        problem = "is the key of another webhook"
        raise InvalidValueError("key", "unique", problem, webhook.key)
    return await store_webhook(context, stores, webhook)


async def _find_same(stores: Stores, webhook: NewWebhook) -> WebhookRecord | None:
    return await stores.webhooks.by_key(
        webhook.group_id, webhook.room_id, webhook.client_id, webhook.key
    )


async def store_webhook(context: Context, stores: Stores, webhook: NewWebhook) -> int:
    """Within a command: create a webhook, or change the one with its key, and return its id.

    A changed one keeps its id and the events that wait for it.

    Raises:
        BadRequestError: Its room or group has too many.
    """
    known = await _find_same(stores, webhook)
    if known is None:
        return await _add(context, stores, webhook)
    position = known.position
    if known.event != webhook.event:
        # It was not subscribed to this event before.
        position = await stores.events.newest()
    await stores.webhooks.replace(known.id, webhook, position=position)
    # A webhook is often created again when its receiver was repaired.
    await stores.subscriptions.try_now(known.id, context.now_us)
    context.topics.add(EVENTS)
    return known.id


async def _add(context: Context, stores: Stores, webhook: NewWebhook) -> int:
    if await stores.webhooks.count(webhook.group_id, webhook.room_id) >= MOST_WEBHOOKS:
        place = "group" if webhook.room_id is None else "room"
        raise BadRequestError(
            f"The {place} has {MOST_WEBHOOKS} webhooks, and cannot have more:"
            " delete one that is not needed"
        )
    position = await stores.events.newest()
    return await stores.webhooks.add(webhook, position=position, now_us=context.now_us)
