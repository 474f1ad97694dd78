"""Webhooks as programs set them: what they wait for, and whose they are.

An add-on sees the webhooks that it made itself, and nobody else's: their addresses may hold
secrets. People who administer a room see those that people made in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hipkit.errors import NotFoundError
from hipkit.server.services.access import find_room_to_administer
from hipkit.server.services.context import Context, Identity
from hipkit.server.services.expansion import Expansion
from hipkit.server.services.forms import room_in_short
from hipkit.server.services.moments import Moment
from hipkit.server.services.paging import Slice
from hipkit.server.services.people import full_user
from hipkit.server.services.refusals import InvalidValueError
from hipkit.server.services.rooms import get_room
from hipkit.server.services.signals import EVENTS
from hipkit.server.services.webhooks.events import Cause
from hipkit.server.services.webhooks.makers import maker_as_sender
from hipkit.server.services.webhooks.patterns import check_pattern
from hipkit.server.services.webhooks.signatures import check_can_sign
from hipkit.server.storage.database import Stores
from hipkit.server.storage.webhooks import NewWebhook, WebhookRecord
from hipkit.v2.extensions import CreateGlobalWebhook
from hipkit.v2.models import (
    Created,
    CreatedExtension,
    Links,
    Room,
    Sender,
    Webhook,
    WebhookPage,
)
from hipkit.v2.rooms import CreateRoomWebhook, CreateWebhook, GetAllWebhooks

__all__ = [
    "create_global_webhook",
    "create_room_webhook",
    "create_webhook",
    "delete_webhook",
    "get_all_webhooks",
    "get_webhook",
]

CreateRequest = CreateWebhook | CreateRoomWebhook | CreateGlobalWebhook

LONGEST_NAME = 200


class FullWebhook(Webhook, frozen=True, omit_defaults=False):
    """A webhook with the members that HipChat sent as `null`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a webhook is looked for: in a room or in the whole group, by key or number."""

    room: str | int | None
    name: str | int


async def get_all_webhooks(context: Context, request: GetAllWebhooks) -> WebhookPage:
    """List a room's webhooks."""
    identity = context.identity
    reference = request.room_id_or_name
    room = await find_room_to_administer(context.stores, identity, reference)
    part = Slice.of(
        f"{context.addresses.room(room.id)}/webhook",
        request.start_index,
        request.max_results,
        query={"expand": ",".join(request.expand)} if request.expand else {},
    )
    found = await context.database.scan(
        lambda stores: stores.webhooks.of_room(
            room.id, _client_id(identity), start=part.start, count=part.count
        )
    )
    expand = Expansion(request.expand)
    items = [
        await _full(context, webhook, expand.below("items"))
        if "items" in expand
        else _short(context, webhook)
        for webhook in part.items(found)
    ]
    return WebhookPage(
        items=items,
        start_index=part.start,
        max_results=part.size,
        links=part.links(found),
    )


async def get_webhook(
    context: Context, place: Place, expand: Sequence[str] | None = None
) -> Webhook:
    """Return a webhook.

    Raises:
        NotFoundError: There is none, or it is not the caller's.
    """
    webhook = await _find(context.stores, context.identity, place)
    return await _full(context, webhook, Expansion(expand))


async def create_webhook(context: Context, request: CreateWebhook) -> Created:
    """Make a webhook in a room.

    Raises:
        InvalidValueError: A value cannot be used, or the key is taken.
    """
    key = request.key or str(uuid.uuid4())

    async def store(stores: Stores, webhook: NewWebhook) -> int:
        known = await _by_key(stores, webhook)
        if known is not None:
            problem = "is the key of another webhook"
            raise InvalidValueError("key", "unique", problem, key)
        return await _add(context, stores, webhook)

    return await _make_in_room(context, request, key, store)


async def create_room_webhook(context: Context, request: CreateRoomWebhook) -> Created:
    """Make a webhook in a room, or change the one of this key."""

    async def store(stores: Stores, webhook: NewWebhook) -> int:
        return await _put(context, stores, webhook)

    return await _make_in_room(context, request, request.key, store)


async def create_global_webhook(
    context: Context, request: CreateGlobalWebhook
) -> CreatedExtension:
    """Make a webhook for the whole group, or change the one of this key."""
    await _check(context, request)

    async def command(stores: Stores) -> int:
        webhook = await _new(context, stores, request, request.key, None)
        return await _put(context, stores, webhook)

    webhook_id = await context.write(command)
    link = context.addresses.group_webhook(request.key)
    return CreatedExtension(id=webhook_id, links=Links(self_=link))


async def delete_webhook(context: Context, place: Place) -> None:
    """Delete a webhook; what waits for it is not sent any more.

    Raises:
        NotFoundError: There is none, or it is not the caller's.
    """

    async def command(stores: Stores) -> None:
        webhook = await _find(stores, context.identity, place)
        await stores.webhooks.delete(webhook.id)

    await context.write(command)


async def _make_in_room(
    context: Context,
    request: CreateWebhook | CreateRoomWebhook,
    key: str,
    store: Callable[[Stores, NewWebhook], Awaitable[int]],
) -> Created:
    reference = request.room_id_or_name
    # Before names are looked up, for which others wait.
    await find_room_to_administer(context.stores, context.identity, reference)
    await _check(context, request)

    async def command(stores: Stores) -> tuple[int, int]:
        room = await find_room_to_administer(stores, context.identity, reference)
        webhook = await _new(context, stores, request, key, room.id)
        return room.id, await store(stores, webhook)

    room_id, webhook_id = await context.write(command)
    link = context.addresses.room_webhook(room_id, webhook_id)
    return Created(id=webhook_id, links=Links(self_=link))


async def _check(context: Context, request: CreateRequest) -> None:
    """Refuse what cannot be used, as far as the request alone tells."""
    if len(request.name or "") > LONGEST_NAME:
        problem = f"is longer than {LONGEST_NAME}"
        raise InvalidValueError("name", "maxLength", problem)
    if request.pattern:
        check_pattern(request.pattern)
    await context.receivers.check(request.url)


async def _new(
    context: Context,
    stores: Stores,
    request: CreateRequest,
    key: str,
    room_id: int | None,
) -> NewWebhook:
    identity = context.identity
    if request.authentication == "jwt":
        await _check_signing(stores, identity)
    return NewWebhook(
        group_id=identity.group_id,
        room_id=room_id,
        client_id=_client_id(identity),
        user_id=identity.user_id,
        key=key,
        name=request.name or "",
        url=request.url,
        event=request.event,
        pattern=request.pattern or None,
        authentication=request.authentication or "none",
    )


async def _check_signing(stores: Stores, identity: Identity) -> None:
    if identity.client is None:
        problem = "needs an OAuth client, whose secret events are signed with"
        raise InvalidValueError("authentication", "enum", problem, "jwt")
    check_can_sign()
    if await stores.clients.signing_secret(identity.client.id) is None:
        problem = (
            "needs a client whose secret this server keeps; this one was made by an older"
            " hipkit: make it anew"
        )
        raise InvalidValueError("authentication", "enum", problem, "jwt")


async def _put(context: Context, stores: Stores, webhook: NewWebhook) -> int:
    """Make a webhook or change it; a changed one keeps its number and what waits for it."""
    known = await _by_key(stores, webhook)
    if known is None:
        return await _add(context, stores, webhook)
    position = known.position
    if known.event != webhook.event:
        # What happened before is nothing that anybody waited for.
        position = await stores.webhook_events.newest()
    await stores.webhooks.replace(known.id, webhook, position=position)
    # Whoever sets a webhook again may have mended its receiver.
    await stores.webhooks.try_now(known.id, context.now_us)
    context.topics.add(EVENTS)
    return known.id


async def _add(context: Context, stores: Stores, webhook: NewWebhook) -> int:
    position = await stores.webhook_events.newest()
    return await stores.webhooks.add(webhook, position=position, now_us=context.now_us)


async def _by_key(stores: Stores, webhook: NewWebhook) -> WebhookRecord | None:
    return await stores.webhooks.by_key(
        webhook.group_id, webhook.room_id, webhook.client_id, webhook.key
    )


async def _find(stores: Stores, identity: Identity, place: Place) -> WebhookRecord:
    room_id = None
    if place.room is not None:
        room_id = (await find_room_to_administer(stores, identity, place.room)).id
    client_id = _client_id(identity)
    if isinstance(place.name, int):
        webhook = await stores.webhooks.get(place.name)
    else:
        webhook = await stores.webhooks.by_key(
            identity.group_id, room_id, client_id, place.name
        )
    if webhook is None or (webhook.room_id, webhook.client_id) != (room_id, client_id):
        raise NotFoundError(f"Webhook {place.name} not found")
    return webhook


def _client_id(identity: Identity) -> str | None:
    return None if identity.client is None else identity.client.id


def _short(context: Context, webhook: WebhookRecord) -> Webhook:
    return Webhook(
        id=webhook.id,
        key=webhook.key,
        name=webhook.name,
        event=webhook.event,
        pattern=webhook.pattern,
        url=webhook.url,
        authentication=webhook.authentication,
        links=Links(self_=_link(context, webhook)),
    )


async def _full(context: Context, webhook: WebhookRecord, expand: Expansion) -> Webhook:
    short = _short(context, webhook)
    return FullWebhook(
        id=short.id,
        key=short.key,
        name=short.name,
        event=short.event,
        pattern=short.pattern,
        url=short.url,
        authentication=short.authentication,
        created=Moment.from_us(webhook.created_us),
        room=await _room(context, webhook, expand),
        creator=await _creator(context, webhook, expand),
        links=short.links,
    )


async def _room(
    context: Context, webhook: WebhookRecord, expand: Expansion
) -> Room | None:
    if webhook.room_id is None:
        return None
    if "room" in expand:
        return await get_room(context, webhook.room_id, expand.below("room"))
    room = await context.stores.rooms.get(webhook.room_id)
    return None if room is None else room_in_short(context.addresses, room)


async def _creator(
    context: Context, webhook: WebhookRecord, expand: Expansion
) -> Sender | None:
    if "creator" in expand and webhook.client_id is None:
        user = await context.stores.users.get(webhook.user_id or 0)
        if user is not None:
            # In full a creator is a user with every member, of which `Sender` is a part.
            full: object = await full_user(context, context.stores, user)
            return full  # type: ignore[return-value]  # see above
    return await maker_as_sender(Cause.of(context), context.stores, webhook)


def _link(context: Context, webhook: WebhookRecord) -> str:
    if webhook.room_id is None:
        return context.addresses.group_webhook(webhook.key)
    return context.addresses.room_webhook(webhook.room_id, webhook.id)
