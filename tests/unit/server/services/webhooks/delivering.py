"""Creates webhooks that lead to a receiver on this machine, and reads their deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hipkit.server.storage.stores.deliveries import DeliveryRecord
from tests.unit.server.asgi import Site
from tests.unit.server.receiving import Receiver

LOOPBACK = ("127.0.0.0/8",)


def create_webhook(
    site: Site, receiver: Receiver, event: str = "room_message", **members: Any
) -> int:
    """Create a webhook of the room, and return its number."""
    token = members.pop("token", "")
    body = {"url": f"{receiver.url}/hook?a=b%20c", "event": event, **members}
    reply = site.post("/v2/room/Ops/webhook", body, token=token)
    assert reply.status == 201, reply.body
    number: int = reply.json["id"]
    return number


def say(site: Site, text: str, **options: Any) -> None:
    assert site.post("/v2/room/Ops/message", {"message": text}, **options).status == 201


def deliveries(site: Site, webhook_id: int) -> list[DeliveryRecord]:
    stores = site.server.database.stores
    return asyncio.run(stores.deliveries.of_subscription(webhook_id, 100))


def signing_site(make_site: Callable[..., Site]) -> Site:
    opened = make_site(webhook_networks=LOOPBACK, webhook_signed_request=True)
    opened.add_room("Ops")
    return opened
