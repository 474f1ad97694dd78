"""Reads the events that HipChat posts to webhooks.

What an event holds is generated from the spec, in `hipkit.v2.webhooks`. Whether it may be
trusted is another question: an unsigned webhook can be posted by anyone who knows its address.
"""

from __future__ import annotations

from typing import cast

from hipkit.api.model import Model
from hipkit.v2.models import EventEnvelope
from hipkit.v2.webhooks import (
    EVENTS,
    RoomArchivedEvent,
    RoomCreatedEvent,
    RoomDeletedEvent,
    RoomEnterEvent,
    RoomExitEvent,
    RoomFileUploadEvent,
    RoomMessageEvent,
    RoomNotificationEvent,
    RoomTopicChangeEvent,
    RoomUnarchivedEvent,
)

__all__ = ["WebhookEvent", "read_event"]

WebhookEvent = (
    RoomArchivedEvent
    | RoomCreatedEvent
    | RoomDeletedEvent
    | RoomEnterEvent
    | RoomExitEvent
    | RoomFileUploadEvent
    | RoomMessageEvent
    | RoomNotificationEvent
    | RoomTopicChangeEvent
    | RoomUnarchivedEvent
    | EventEnvelope
)
"""One of the ten events; `EventEnvelope` for any other, its item as plain JSON."""


def read_event(body: bytes) -> WebhookEvent:
    """Read what was posted to a webhook.

    ```python
    match read_event(body):
        case RoomMessageEvent(item=item):
            print(item.message.message)
    ```

    Args:
        body: The request's body, at most a few kilobytes; limit what you read.

    Raises:
        UnreadableError: The body is not JSON, or not an event; says where.
    """
    envelope = EventEnvelope.from_json(body)
    kind: type[Model] | None = EVENTS.get(envelope.event)
    return envelope if kind is None else cast("WebhookEvent", kind.from_json(body))
