"""Notifications that stand in a server's log of events already, for routes to deliver."""

from __future__ import annotations

import uuid

import msgspec

from hipkit.server.events.posted import POSTED, PostedMessage
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import NewEvent

__all__ = ["POSTED_ROOM", "post_notifications"]

POSTED_ROOM = "Ops"


async def post_notifications(stores: Stores, count: int, posted_us: int) -> None:
    """Add notifications to the log, all posted at one time in microseconds."""
    for _ in range(count):
        message = PostedMessage(
            id=str(uuid.uuid4()),
            sent_us=posted_us,
            kind="notification",
            room=POSTED_ROOM,
            body="<b>The disk of db-7 is full</b>, see https://monitoring.example.com/db-7",
            format="html",
            sender="Nagios",
            color="yellow",
        )
        event = NewEvent(
            group_id=1,
            room_id=1,
            event=POSTED,
            item=msgspec.json.encode(message).decode(),
            root="",
        )
        await stores.events.add(event, posted_us)
