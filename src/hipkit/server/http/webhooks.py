"""Handlers: webhooks of rooms and of the whole group."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.registry import handles
from hipkit.server.services.webhooks import listing
from hipkit.server.services.webhooks import registration as registering
from hipkit.server.services.webhooks.listing import WebhookReference
from hipkit.v2.extensions import (
    CreateGlobalWebhook,
    DeleteGlobalWebhook,
    GetGlobalWebhook,
)
from hipkit.v2.models import Created, CreatedExtension, Webhook, WebhookPage
from hipkit.v2.rooms import (
    CreateRoomWebhook,
    CreateWebhook,
    DeleteRoomWebhook,
    DeleteWebhook,
    GetAllWebhooks,
    GetRoomWebhook,
    GetWebhook,
)

__all__ = [
    "create_global_webhook",
    "create_room_webhook",
    "create_webhook",
    "delete_global_webhook",
    "delete_room_webhook",
    "delete_webhook",
    "get_all_webhooks",
    "get_global_webhook",
    "get_room_webhook",
    "get_webhook",
]


@handles(GetAllWebhooks)
async def get_all_webhooks(context: Context, request: GetAllWebhooks) -> WebhookPage:
    """List a room's webhooks."""
    return await listing.get_all_webhooks(context, request)


@handles(CreateWebhook)
async def create_webhook(context: Context, request: CreateWebhook) -> Created:
    """Make a webhook in a room."""
    return await registering.create_webhook(context, request)


@handles(GetWebhook)
async def get_webhook(context: Context, request: GetWebhook) -> Webhook:
    """Answer with a webhook of a room, by its number."""
    reference = WebhookReference(request.room_id_or_name, request.webhook_id)
    return await listing.get_webhook(context, reference, request.expand)


@handles(DeleteWebhook)
async def delete_webhook(context: Context, request: DeleteWebhook) -> None:
    """Delete a webhook of a room, by its number."""
    reference = WebhookReference(request.room_id_or_name, request.webhook_id)
    await registering.delete_webhook(context, reference)


@handles(CreateRoomWebhook)
async def create_room_webhook(context: Context, request: CreateRoomWebhook) -> Created:
    """Make or change the webhook of a key in a room."""
    return await registering.create_room_webhook(context, request)


@handles(GetRoomWebhook)
async def get_room_webhook(context: Context, request: GetRoomWebhook) -> Webhook:
    """Answer with a webhook of a room."""
    reference = WebhookReference(request.room_id_or_name, request.key)
    return await listing.get_webhook(context, reference, request.expand)


@handles(DeleteRoomWebhook)
async def delete_room_webhook(context: Context, request: DeleteRoomWebhook) -> None:
    """Delete a webhook of a room."""
    reference = WebhookReference(request.room_id_or_name, request.key)
    await registering.delete_webhook(context, reference)


@handles(CreateGlobalWebhook)
async def create_global_webhook(
    context: Context, request: CreateGlobalWebhook
) -> CreatedExtension:
    """Make or change the webhook of a key for the whole group."""
    return await registering.create_global_webhook(context, request)


@handles(GetGlobalWebhook)
async def get_global_webhook(context: Context, request: GetGlobalWebhook) -> Webhook:
    """Answer with a webhook of the whole group."""
    return await listing.get_webhook(context, WebhookReference(None, request.key))


@handles(DeleteGlobalWebhook)
async def delete_global_webhook(context: Context, request: DeleteGlobalWebhook) -> None:
    """Delete a webhook of the whole group."""
    await registering.delete_webhook(context, WebhookReference(None, request.key))
