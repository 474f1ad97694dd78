"""Webhooks of rooms: created and changed by who administers the room."""

from __future__ import annotations

import uuid

from hipkit.api.errors import ApiError, ForbiddenError, NotFoundError
from hipkit.server.http.responses import Answer
from hipkit.server.page.forms import read_operation, shown_values
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import find_room_to_administer
from hipkit.server.services.access.tokens import list_rooms_to_administer
from hipkit.server.services.webhooks.management import find_webhook
from hipkit.server.services.webhooks.registration import create_webhook
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.v2.rooms import CreateRoomWebhook, CreateWebhook

__all__ = ["VIEWS", "may_change"]

EVENTS = CreateWebhook.rules["event"].enum
"""The events to choose from."""

FIELDS = ("name", "url", "event", "pattern")
"""The settings that can be changed later, too."""


async def show_new(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the form for a new webhook, of the room in the query if there is one."""
    stored = {
        **dict.fromkeys(FIELDS, ""),
        "event": "room_message",
        # Chosen here, so that a form that is sent twice creates one webhook.
        "key": str(uuid.uuid4()),
        "room": visit.query("room"),
    }
    return await visit.page(
        "new_webhook.html",
        error=error,
        values=shown_values(visit, stored, error),
        events=EVENTS,
        rooms=await list_rooms_to_administer(visit.context),
    )


async def add_webhook(visit: Visit) -> Answer:
    """Create a webhook."""
    context = visit.context
    members = {name: visit.field(name) for name in (*FIELDS, "key")}
    try:
        room_id = visit.number("room")
        request = await read_operation(
            context, CreateWebhook, members, room_id_or_name=room_id
        )
        created = await create_webhook(context, request)
    except ApiError as error:
        return await show_new(visit, error)
    return visit.redirect(f"/webhooks/{created.id}", done="created")


async def show_settings(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the form that changes a webhook, with the secrets that its URL may hold."""
    webhook = await _find(visit)
    stored = {
        "name": webhook.name,
        "url": webhook.url,
        "event": webhook.event,
        "pattern": webhook.pattern or "",
    }
    return await visit.page(
        "webhook_settings.html",
        error=error,
        webhook=webhook,
        values=shown_values(visit, stored, error),
        events=EVENTS,
    )


async def save_settings(visit: Visit) -> Answer:
    """Change a webhook, which keeps the events that wait for it, and try it at once."""
    context, webhook = visit.context, await _find(visit)
    try:
        request = await read_operation(
            context,
            CreateRoomWebhook,
            {name: visit.field(name) for name in FIELDS},
            room_id_or_name=webhook.room_id or 0,
            key=webhook.key,
        )
        replaced = await create_webhook(context, request)
    except ApiError as error:
        return await show_settings(visit, error)
    return visit.redirect(f"/webhooks/{replaced.id}", done="saved")


async def may_change(visit: Visit, webhook: WebhookRecord) -> bool:
    """Return whether the user may change a webhook: one that a user created in a room of theirs.

    A client's webhook is signed with the client's secret, and only the client may change it.
    """
    context = visit.context
    if webhook.room_id is None or webhook.client_id is not None:
        return False
    try:
        await find_room_to_administer(context.stores, context.actor, webhook.room_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True


async def _find(visit: Visit) -> WebhookRecord:
    webhook = (await find_webhook(visit.context, visit.number("webhook_id"))).record
    if not await may_change(visit, webhook):
        raise ForbiddenError(
            "Only the program that created this webhook can change it, or who administers"
            " its room"
        )
    return webhook


VIEWS = [
    ViewRoute("/webhooks/new", show_new),
    ViewRoute("/webhooks/new", add_webhook, method="POST"),
    ViewRoute("/webhooks/{webhook_id}/settings", show_settings),
    ViewRoute("/webhooks/{webhook_id}/settings", save_settings, method="POST"),
]
