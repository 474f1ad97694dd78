"""Webhooks: their states and deliveries, and commands to retry and delete them."""

from __future__ import annotations

import msgspec

from hipkit.server.http.responses import Answer
from hipkit.server.page.views.webhook_settings import may_change
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.representations.urls import with_root
from hipkit.server.services.webhooks.deliveries import root_of
from hipkit.server.services.webhooks.management import (
    find_webhook,
    list_deliveries,
    list_webhooks,
    remove_webhook,
    resume,
    send_again,
)
from hipkit.server.storage.stores.deliveries import DeliveryRecord

__all__ = ["VIEWS"]

PAGE_LENGTH = 100


async def show_webhooks(visit: Visit) -> Answer:
    """Show the webhooks that the user manages."""
    start = visit.query_number("start")
    found = await list_webhooks(visit.context, start=start, count=PAGE_LENGTH + 1)
    return await visit.page(
        "webhooks.html",
        webhooks=found[:PAGE_LENGTH],
        start=start,
        earlier=max(0, start - PAGE_LENGTH),
        later=start + PAGE_LENGTH if len(found) > PAGE_LENGTH else None,
    )


async def show_webhook(visit: Visit) -> Answer:
    """Show a webhook with its deliveries; htmx polls for them."""
    webhook_id = visit.number("webhook_id")
    webhook = await find_webhook(visit.context, webhook_id)
    context = visit.context
    root = root_of(webhook.record, context.runtime, context.addresses.root)
    deliveries = [
        (delivery, _event_json(delivery, root))
        for delivery in await list_deliveries(visit.context, webhook_id)
    ]
    if visit.is_htmx:
        return visit.part("deliveries.html", webhook=webhook, deliveries=deliveries)
    return await visit.page(
        "webhook.html",
        webhook=webhook,
        deliveries=deliveries,
        may_change=await may_change(visit, webhook.record),
    )


async def resume_webhook(visit: Visit) -> Answer:
    """Retry a failing or paused webhook at once."""
    webhook_id = visit.number("webhook_id")
    await resume(visit.context, webhook_id)
    return visit.redirect(f"/webhooks/{webhook_id}", done="route")


async def send(visit: Visit) -> Answer:
    """Repeat a delivery."""
    await send_again(visit.context, visit.number("delivery_id"))
    return visit.redirect(f"/webhooks/{visit.number('webhook_id')}", done="sent")


async def delete(visit: Visit) -> Answer:
    """Delete a webhook."""
    await remove_webhook(visit.context, visit.number("webhook_id"))
    return visit.redirect("/webhooks", done="webhook")


def _event_json(delivery: DeliveryRecord, root: str) -> str | None:
    """Return the event that was sent, with links that begin with `root`."""
    if delivery.item is None:
        return None
    item = with_root(delivery.item, delivery.root or "", root)
    return msgspec.json.format(item, indent=2)


VIEWS = [
    ViewRoute("/webhooks", show_webhooks),
    ViewRoute("/webhooks/{webhook_id}", show_webhook),
    ViewRoute("/webhooks/{webhook_id}/resume", resume_webhook, method="POST"),
    ViewRoute("/webhooks/{webhook_id}/delete", delete, method="POST"),
    ViewRoute(
        "/webhooks/{webhook_id}/deliveries/{delivery_id}/send", send, method="POST"
    ),
]
