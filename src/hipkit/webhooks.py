"""Parse the events that HipChat posts to webhooks.

The events' classes are generated from the spec, in `hipkit.v2.webhooks`. An unsigned event is not
authenticated: anyone who knows the webhook's URL can post one.
"""

from __future__ import annotations

from typing import cast

import msgspec

from hipkit.api.model import Model
from hipkit.v2.models import EventEnvelope
from hipkit.v2.webhooks import EVENTS, Event

__all__ = ["WebhookEvent", "read_event"]

WebhookEvent = Event | EventEnvelope
"""One of the ten events, or `EventEnvelope` with plain JSON for an unknown one."""


def read_event(body: bytes) -> WebhookEvent:
    """Return the event that was posted to a webhook.

    ```python
    match read_event(body):
        case RoomMessageEvent(item=item):
            print(item.message.message)
    ```

    Args:
        body: The request's body, usually a few kilobytes. Limit the size before you call this.

    Raises:
        UnreadableError: The body is not JSON, or not an event; the message says where.
    """
    kind: type[Model] = EVENTS.get(_name_of(body), EventEnvelope)
    return cast("WebhookEvent", kind.from_json(body))


class _Named(msgspec.Struct):
    """The one member that says how to read the others."""

    event: str


_NAMED = msgspec.json.Decoder(_Named)


def _name_of(body: bytes) -> str:
    try:
        return _NAMED.decode(body).event
    except (ValueError, RecursionError):
        # Strictly read it is no event; tolerantly it may be one.
        return EventEnvelope.from_json(body).event
