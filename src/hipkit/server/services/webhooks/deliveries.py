"""What goes to a webhook's receiver, and what came of it: values, without any sending."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import partial

import msgspec

from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.representations.urls import with_root
from hipkit.server.services.webhooks.backoff import Verdict, judge
from hipkit.server.services.webhooks.signatures import (
    HEADER_SECONDS,
    QUERY_SECONDS,
    sign_event,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.webhook_events import EventRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["Delivery", "Outcome", "make_delivery", "root_of"]

HEADERS = (("Content-Type", "application/json"), ("User-Agent", "HipChat.com"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The next event of a webhook, ready to be sent."""

    webhook: WebhookRecord
    event: EventRecord
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    query: str = field(default="", repr=False)
    """What is added to the query of the receiver's address."""
    body: bytes = field(default=b"", repr=False)
    signatures: tuple[str, ...] = field(default=(), repr=False)
    """What nobody may be shown, where a receiver repeats it."""
    skip: str | None = None
    """Why it is not to be sent, if it is not; that too has to be settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a delivery."""

    status: int | None = None
    """The answer's; `None` where none came."""
    problem: str | None = None
    """What went wrong, in one line without anything that was sent."""
    verdict_is: Verdict | None = None
    """Where that does not follow from the status."""
    answer: str | None = field(default=None, repr=False)
    """How the answer begins."""
    notification: SendRoomNotification | None = field(default=None, repr=False)
    """What the answer wants posted."""
    asked_seconds: float | None = None
    """How long the receiver wants to be left alone."""
    milliseconds: int | None = None

    @property
    def verdict(self) -> Verdict:
        """What is to become of the event."""
        return self.verdict_is or judge(self.status)


def root_of(webhook: WebhookRecord, public_url: str | None) -> str | None:
    """Return what links in a webhook's events begin with: never a host that a caller named."""
    return public_url.rstrip("/") if public_url else webhook.root


async def make_delivery(
    stores: Stores,
    webhook: WebhookRecord,
    event: EventRecord,
    now_us: int,
    *,
    root: str,
    signs_query: bool,
) -> Delivery:
    """Return what is to be sent, with links that begin with `root`.

    It is signed where the webhook wants that.
    """
    body = _body_of(webhook, event, root)
    if webhook.authentication != "jwt" or webhook.client_id is None:
        return Delivery(webhook=webhook, event=event, headers=HEADERS, body=body)
    user = await stores.users.get(event.user_id or 0)
    sign = partial(
        sign_event,
        await stores.clients.signing_secret(webhook.client_id) or "",
        client_id=webhook.client_id,
        user_id=event.user_id,
        room_id=event.room_id,
        timezone="UTC" if user is None else user.timezone,
        now_seconds=now_us // SECOND_US,
    )
    token = sign(token_id=_new_id(), good_seconds=HEADER_SECONDS)
    headers = (*HEADERS, ("Authorization", f"JWT {token}"))
    query, signatures = "", [token]
    if signs_query:
        short = sign(token_id=_new_id(), good_seconds=QUERY_SECONDS)
        query = f"signed_request={short}"
        signatures.append(short)
    return Delivery(
        webhook=webhook,
        event=event,
        headers=headers,
        query=query,
        body=body,
        signatures=tuple(signatures),
    )


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
