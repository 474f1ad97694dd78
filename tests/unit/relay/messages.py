"""A message to relay, for tests that change one thing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hipkit.relay.markup.tree import Text
from hipkit.relay.message import RelayMessage

MESSAGE = RelayMessage(
    id="01998f3e-8d5c-7a4e-9b1e-2f6a3c4d5e6f",
    sent_at=datetime(2026, 11, 30, 10, 0, tzinfo=UTC),
    kind="notification",
    room="Dev Ops",
    sender="Jenkins",
    label="Jenkins",
    color="red",
    body=(Text("Build failed"),),
)


def message(**changes: Any) -> RelayMessage:
    """Return a red notification with some of its fields changed."""
    return replace(MESSAGE, **changes)
