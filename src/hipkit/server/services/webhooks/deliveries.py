"""What goes to a webhook's receiver, and what came of it: values, without any sending."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import msgspec

from hipkit.server.services.addresses import with_root
from hipkit.server.services.moments import SECOND_US
from hipkit.server.services.webhooks.routes import Verdict, judge
from hipkit.server.services.webhooks.signatures import sign_event
from hipkit.server.storage.database import Stores
from hipkit.server.storage.webhook_events import EventRecord
from hipkit.server.storage.webhooks import WebhookRecord
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["Delivery", "Outcome", "body_of", "headers_of", "root_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The next event of a webhook, ready to be sent."""

    webhook: WebhookRecord
    event: EventRecord
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
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


def body_of(webhook: WebhookRecord, event: EventRecord, root: str) -> bytes:
    """Return what is posted, with links that begin with `root`."""
    item = with_root(event.item, event.root, root)
    envelope: dict[str, object] = {
        "event": event.event,
        "item": msgspec.Raw(item.encode()),
        "webhook_id": webhook.id,
    }
    if webhook.client_id is not None:
        envelope["oauth_client_id"] = webhook.client_id
    return msgspec.json.encode(envelope)


async def headers_of(
    stores: Stores, webhook: WebhookRecord, event: EventRecord, now_us: int
) -> tuple[tuple[str, str], ...]:
    """Return what goes along, signed where the webhook wants that."""
    headers = (("Content-Type", "application/json"), ("User-Agent", "HipChat.com"))
    if webhook.authentication != "jwt" or webhook.client_id is None:
        return headers
    user = await stores.users.get(event.user_id or 0)
    token = sign_event(
        await stores.clients.signing_secret(webhook.client_id) or "",
        client_id=webhook.client_id,
        user_id=event.user_id,
        room_id=event.room_id,
        timezone="UTC" if user is None else user.timezone,
        token_id=uuid.uuid4().hex[:20],
        now_seconds=now_us // SECOND_US,
    )
    return (*headers, ("Authorization", f"JWT {token}"))
