"""The queue of events in an SQLite database: what each step does in its transaction.

The tables are in `migrations.py`; `Storage` in `protocol.py` describes the steps.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from hipkit.addon.storage.protocol import MEMORY_SECONDS, NewEvent, QueuedEvent

__all__ = [
    "add_event",
    "claim_events",
    "extend_events",
    "finish_events",
    "release_events",
]


def add_event(connection: sqlite3.Connection, *, event: NewEvent) -> bool:
    """Add an event, and return whether it is new."""
    added = connection.execute(
        "INSERT INTO events (oauth_id, host, ordering_key, handler, body, delivery, received_at)"
        " SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM deliveries"
        " WHERE oauth_id = ? AND delivery = ? AND known_at > ?)",
        (
            event.oauth_id,
            event.host,
            event.ordering_key,
            event.handler,
            event.body,
            event.delivery,
            event.received_at,
            event.oauth_id,
            event.delivery,
            event.received_at - MEMORY_SECONDS,
        ),
    )
    return added.rowcount > 0


def claim_events(
    connection: sqlite3.Connection,
    *,
    owner: str,
    now: float,
    lease_seconds: float,
    most: int,
    but: Collection[str],
) -> list[QueuedEvent]:
    """Claim the oldest events that can be handled now, and return them, the oldest first."""
    until = now + lease_seconds
    claimed = connection.execute(
        "UPDATE ordering_keys SET owner = ?, until = ?, starts = starts + 1"
        " WHERE head IN (SELECT head FROM ordering_keys"
        " WHERE (until IS NULL OR until <= ? OR until > ?)"
        " AND NOT EXISTS (SELECT 1 FROM json_each(?) WHERE value IN (oauth_id, host))"
        " ORDER BY head LIMIT ?) RETURNING head",
        (owner, until, now, until + lease_seconds, json.dumps([*but]), most),
    ).fetchall()
    if not claimed:
        return []
    events = connection.execute(
        "SELECT events.*, starts FROM events JOIN ordering_keys ON id = head"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps([head for (head,) in claimed]),),
    )
    return [
        QueuedEvent(
            id=id,
            oauth_id=oauth_id,
            host=host,
            ordering_key=ordering_key,
            handler=handler,
            body=body,
            delivery=delivery,
            received_at=received_at,
            starts=starts,
        )
        for (
            id,
            oauth_id,
            host,
            ordering_key,
            handler,
            body,
            delivery,
            received_at,
            starts,
        ) in events
    ]


def extend_events(connection: sqlite3.Connection, *, owner: str, until: float) -> None:
    """Extend all claims of a worker."""
    connection.execute(
        "UPDATE ordering_keys SET until = ? WHERE owner = ?", (until, owner)
    )


def finish_events(
    connection: sqlite3.Connection, *, ids: Collection[int], owner: str
) -> None:
    """Remove events that the worker has claimed."""
    connection.execute(
        "DELETE FROM events WHERE id IN (SELECT head FROM ordering_keys"
        " WHERE owner = ? AND head IN (SELECT value FROM json_each(?)))",
        (owner, json.dumps([*ids])),
    )


def release_events(connection: sqlite3.Connection, *, owner: str) -> None:
    """End all claims of a worker."""
    connection.execute(
        "UPDATE ordering_keys SET owner = NULL, until = NULL, starts = starts - 1"
        " WHERE owner = ?",
        (owner,),
    )
