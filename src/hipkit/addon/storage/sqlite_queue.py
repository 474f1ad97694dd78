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
    "finish_event",
    "release_events",
]


def add_event(connection: sqlite3.Connection, *, event: NewEvent) -> bool:
    """Add an event, and return whether it is new."""
    is_new = connection.execute(
        "INSERT INTO deliveries VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
        " SET known_at = excluded.known_at WHERE deliveries.known_at <= ? RETURNING 1",
        (
            event.oauth_id,
            event.delivery,
            event.received_at,
            event.received_at - MEMORY_SECONDS,
        ),
    ).fetchall()
    if not is_new:
        return False
    added = connection.execute(
        "INSERT INTO events (oauth_id, ordering_key, handler, body, delivery, received_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            event.oauth_id,
            event.ordering_key,
            event.handler,
            event.body,
            event.delivery,
            event.received_at,
        ),
    )
    connection.execute(
        "INSERT OR IGNORE INTO ordering_keys (oauth_id, ordering_key, head)"
        " VALUES (?, ?, ?)",
        (event.oauth_id, event.ordering_key, added.lastrowid),
    )
    return True


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
    heads = connection.execute(
        "UPDATE ordering_keys SET owner = ?, until = ?"
        " WHERE head IN (SELECT head FROM ordering_keys"
        " WHERE (until IS NULL OR until <= ? OR until > ?)"
        " AND oauth_id NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY head LIMIT ?) RETURNING head",
        (owner, until, now, until + lease_seconds, json.dumps([*but]), most),
    ).fetchall()
    return _start(connection, [head for (head,) in heads])


def extend_events(connection: sqlite3.Connection, *, owner: str, until: float) -> None:
    """Extend all claims of a worker."""
    connection.execute(
        "UPDATE ordering_keys SET until = ? WHERE owner = ?", (until, owner)
    )


def finish_event(connection: sqlite3.Connection, *, id: int, owner: str) -> None:
    """Remove an event, if the worker has the claim."""
    following = connection.execute(
        "SELECT (SELECT min(id) FROM events WHERE events.oauth_id = ordering_keys.oauth_id"
        " AND events.ordering_key = ordering_keys.ordering_key AND id > head)"
        " FROM ordering_keys WHERE head = ? AND owner = ?",
        (id, owner),
    ).fetchone()
    if following is None:
        return
    connection.execute("DELETE FROM events WHERE id = ?", (id,))
    if following == (None,):
        connection.execute("DELETE FROM ordering_keys WHERE head = ?", (id,))
        return
    connection.execute(
        "UPDATE ordering_keys SET head = ?, owner = NULL, until = NULL WHERE head = ?",
        (*following, id),
    )


def release_events(connection: sqlite3.Connection, *, owner: str) -> None:
    """End all claims of a worker."""
    connection.execute(
        "UPDATE events SET starts = starts - 1"
        " WHERE id IN (SELECT head FROM ordering_keys WHERE owner = ?)",
        (owner,),
    )
    connection.execute(
        "UPDATE ordering_keys SET owner = NULL, until = NULL WHERE owner = ?",
        (owner,),
    )


def _start(connection: sqlite3.Connection, heads: list[int]) -> list[QueuedEvent]:
    """Count the start of events, and return them, the oldest first."""
    if not heads:
        return []
    rows = connection.execute(
        "UPDATE events SET starts = starts + 1"
        " WHERE id IN (SELECT value FROM json_each(?)) RETURNING"
        " id, oauth_id, ordering_key, handler, body, delivery, received_at, starts",
        (json.dumps(heads),),
    ).fetchall()
    return [
        QueuedEvent(
            id=id,
            oauth_id=oauth_id,
            ordering_key=ordering_key,
            handler=handler,
            body=body,
            delivery=delivery,
            received_at=received_at,
            starts=starts,
        )
        for id, oauth_id, ordering_key, handler, body, delivery, received_at, starts in sorted(
            rows
        )
    ]
