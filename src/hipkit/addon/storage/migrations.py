"""The tables of an add-on's SQLite file, and their migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from hipkit.api.errors import StorageError

__all__ = ["migrate"]

MIGRATIONS = (
    """
    CREATE TABLE records (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        owner TEXT NOT NULL,
        expires_at REAL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE INDEX records_by_owner ON records (owner);
    CREATE INDEX records_by_end ON records (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        oauth_id TEXT NOT NULL,
        host TEXT NOT NULL,
        ordering_key TEXT NOT NULL,
        handler TEXT NOT NULL,
        body BLOB NOT NULL,
        delivery TEXT NOT NULL,
        received_at REAL NOT NULL
    );
    CREATE INDEX events_by_ordering_key ON events (oauth_id, ordering_key);

    CREATE TABLE deliveries (
        oauth_id TEXT NOT NULL,
        delivery TEXT NOT NULL,
        known_at REAL NOT NULL,
        PRIMARY KEY (oauth_id, delivery)
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_by_time ON deliveries (known_at);

    -- The first event of each ordering key, how often it was begun, and who handles it: so a claim
    -- reads one row, however many events wait.
    CREATE TABLE ordering_keys (
        oauth_id TEXT NOT NULL,
        ordering_key TEXT NOT NULL,
        host TEXT NOT NULL,
        head INTEGER NOT NULL,
        starts INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        until REAL,
        PRIMARY KEY (oauth_id, ordering_key)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX ordering_keys_by_head ON ordering_keys (head);
    CREATE INDEX ordering_keys_by_owner ON ordering_keys (owner) WHERE owner IS NOT NULL;

    -- Done in the statement that adds or removes an event, as each statement has its price.
    CREATE TRIGGER event_added AFTER INSERT ON events BEGIN
        INSERT OR REPLACE INTO deliveries VALUES (NEW.oauth_id, NEW.delivery, NEW.received_at);
        INSERT OR IGNORE INTO ordering_keys (oauth_id, ordering_key, host, head)
            VALUES (NEW.oauth_id, NEW.ordering_key, NEW.host, NEW.id);
    END;
    CREATE TRIGGER event_removed AFTER DELETE ON events BEGIN
        DELETE FROM ordering_keys WHERE head = OLD.id AND NOT EXISTS (
            SELECT 1 FROM events WHERE oauth_id = OLD.oauth_id AND ordering_key = OLD.ordering_key
        );
        UPDATE ordering_keys SET starts = 0, owner = NULL, until = NULL, head = (
            SELECT min(id) FROM events
            WHERE oauth_id = OLD.oauth_id AND ordering_key = OLD.ordering_key
        ) WHERE head = OLD.id;
    END;
    """,
)
"""One for each version of the tables. What was released is never edited."""


def migrate(connection: sqlite3.Connection) -> None:
    """Create or upgrade the tables, in one transaction.

    Raises:
        StorageError: The file has tables of a newer version of hipkit.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StorageError(
                "the add-on's database was written by a newer version of hipkit"
            )
        for script in MIGRATIONS[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script, in which a trigger's own end with semicolons too."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
