"""Prepares deliveries of webhooks: body, links and signature."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from hipkit.server.events.delivery import Delivery
from hipkit.server.services.context import Runtime
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.representations.urls import with_root
from hipkit.server.services.webhooks.signatures import (
    HEADER_SECONDS,
    QUERY_SECONDS,
    sign_request,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.transports.protocol import HeaderPairs

__all__ = ["WebhookDelivery", "prepare_delivery", "root_of"]

HEADERS = (("Content-Type", "application/json"), ("User-Agent", "HipChat.com"))

DELIVERY_HEADER = "X-Hipkit-Delivery"
"""Names an event and a webhook, the same at every try: not every event has an id of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery(Delivery):
    """The next event of a webhook, as its receiver gets it."""

    url: str = field(default="", repr=False)
    """The receiver's."""
    headers: HeaderPairs = field(default=(), repr=False)
    query: str = field(default="", repr=False)
    """Added to the query of the URL."""
    body: bytes = field(default=b"", repr=False)
    signatures: tuple[str, ...] = field(default=(), repr=False)
    """JSON Web Tokens, which are masked where an answer repeats them."""


def root_of(webhook: WebhookRecord, runtime: Runtime, own_root: str) -> str:
    """Return scheme and host of the links in a webhook's events, by default `own_root`.

    Never a host that the caller who caused an event named: links would lead to theirs.
    """
    public_url = runtime.settings.public_url
    return public_url.rstrip("/") if public_url else webhook.root or own_root


async def prepare_delivery(
    runtime: Runtime,
    stores: Stores,
    webhook: WebhookRecord,
    event: EventRecord,
    root: str,
) -> WebhookDelivery:
    """Return an event ready to be sent, with links that begin with `root`.

    It is signed for webhooks with `authentication` `jwt`.
    """
    name = DELIVERY_HEADER, f"{event.id}-{webhook.id}"
    headers: HeaderPairs = (*HEADERS, name)
    delivery = WebhookDelivery(
        subscription=webhook,
        event=event,
        url=webhook.url,
        headers=headers,
        body=_body_of(webhook, event, root),
    )
    if webhook.authentication != "jwt" or webhook.client_id is None:
        return delivery
    user = await stores.users.get(event.user_id or 0)
    sign = partial(
        sign_request,
        await stores.clients.signing_secret(webhook.client_id) or "",
        client_id=webhook.client_id,
        user_id=event.user_id,
        room_id=event.room_id,
        timezone="UTC" if user is None else user.timezone,
        now_seconds=runtime.now_us() // SECOND_US,
    )
    token = sign(token_id=_new_id(), good_seconds=HEADER_SECONDS)
    headers = (*headers, ("Authorization", f"JWT {token}"))
    delivery = replace(delivery, headers=headers, signatures=(token,))
    if runtime.settings.webhook_signed_request:
        short = sign(token_id=_new_id(), good_seconds=QUERY_SECONDS)
        query, signatures = f"signed_request={short}", (token, short)
        delivery = replace(delivery, query=query, signatures=signatures)
    return delivery


def _new_id() -> str:
    return uuid.uuid4().hex[:20]


def _body_of(webhook: WebhookRecord, event: EventRecord, root: str) -> bytes:
    item = with_root(event.item, event.root, root)
    envelope: dict[str, object] = {
        "event": event.event,
        "item": msgspec.Raw(item.encode()),
        "webhook_id": webhook.id,
    }
    if webhook.client_id is not None:
        envelope["oauth_client_id"] = webhook.client_id
    return msgspec.json.encode(envelope)
