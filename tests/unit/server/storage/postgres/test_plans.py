"""How PostgreSQL reads: what a page costs does not grow with its room.

Counted in pages of 8 KB that a statement touches, which do not depend on the machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.connection import Connection, Rows
from hipkit.server.storage.postgres.database import (
    USED_BYTES,
    PostgresDatabase,
    stores_over,
)
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.stores.session import Value
from tests.postgres import PostgresServer

LARGE, SMALL = 1, 2
MESSAGES = 60_000
FILL = f"""
INSERT INTO chat_groups (name, subdomain, created_us) VALUES ('Group', 'group', 0);
INSERT INTO conversations (group_id) SELECT 1 FROM generate_series(1, 300);
-- One conversation with most of the messages, among them a rare word, and many small ones.
INSERT INTO messages (id, conversation_id, sent_us, kind, sender_label, body, format, notify,
    mentions, links, emoticons)
SELECT to_char(n, 'FM000000000000'), CASE WHEN n % 3 < 2 THEN {LARGE} ELSE 2 + n / 3 % 299 END,
    n, 'message', 'ann', 'alert ' || n, 'text', 0, '{{}}', '[]', '[]'
FROM generate_series(1, {MESSAGES}) AS n;
INSERT INTO message_texts (sequence, conversation_id, text)
SELECT sequence, conversation_id, 'alert ' || CASE WHEN sequence % 9000 = 1 THEN 'rare' ELSE 'x' END
FROM messages;
"""  # noqa: S608 - a text of our own


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer) -> Iterator[Address]:
    """A database with one large room and many small ones."""
    name = postgres.create()
    address = Address(postgres.address(name))
    PostgresDatabase.open(address).close()
    with psycopg.connect(address.reveal(), autocommit=True) as connection:
        connection.execute(FILL.encode())
        # What was added to the index waits in a list else, which every search reads.
        connection.execute("VACUUM ANALYZE")
    yield address
    postgres.drop(name)


class Explained:
    """A session that notes what its statements cost, and what they read whole."""

    def __init__(self, address: Address) -> None:
        self.connection = Connection(address)
        self.pages: list[int] = []
        self.scanned: set[str] = set()
        self.stores = stores_over(self.execute)

    async def execute(self, sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        self.connection.run(sql, values)  # What it needs is in memory then.
        explain = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql
        plan: Any = self.connection.run(explain, values)[0][0][0]
        root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        self.pages.append(root["Shared Hit Blocks"] + root["Shared Read Blocks"])
        self._note(root)
        return self.connection.run(sql, values)

    def _note(self, node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan":
            self.scanned.add(node["Relation Name"])
        for below in node.get("Plans", ()):
            self._note(below)


@pytest.fixture
def explained(filled: Address) -> Iterator[Explained]:
    opened = Explained(filled)
    yield opened
    opened.connection.close()


async def test_a_page_of_a_large_room_costs_what_one_of_a_small_room_does(
    explained: Explained,
) -> None:
    # Many times: after five PostgreSQL may take to a plan for whatever values.
    for conversation_id in [LARGE, SMALL] * 10:
        found = await explained.stores.messages.page(
            conversation_id,
            newest_us=MESSAGES,
            oldest_us=0,
            include_deleted=False,
            start=0,
            count=50,
        )
        assert len(found) == 50

    large, small = max(explained.pages[::2]), min(explained.pages[1::2])
    assert large <= 1.2 * small
    assert "messages" not in explained.scanned


async def test_what_feeds_and_counts_read_is_bounded(explained: Explained) -> None:
    stores = explained.stores
    for _ in range(10):
        assert len(await stores.messages.after(LARGE, MESSAGES - 30, count=9)) == 9
        assert len(await stores.read_marks.messages_after(LARGE, 5, count=99)) == 99
        assert len(await stores.read_marks.new_messages(MESSAGES - 9, count=99)) == 9
        assert await stores.timestamps.newest() == MESSAGES

    assert "messages" not in explained.scanned
    assert max(explained.pages) < 50


@pytest.mark.parametrize("word", ["rare", "alert"])
async def test_a_search_touches_a_small_part_of_a_large_room(
    explained: Explained, word: str
) -> None:

    found = await explained.stores.search.page(
        LARGE, [Phrase([word])], before_us=MESSAGES, count=20
    )

    assert found
    assert max(explained.pages) < 150


async def test_a_message_is_stored_in_one_round_trip(filled: Address) -> None:
    connection = Connection(filled)
    statements: list[bytes] = []

    async def execute(sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        statements.append(sql)
        return connection.run(sql, values)

    new = NewMessage(
        id="new", kind="message", sender_id=None, sender_label="x", body="x"
    )
    connection.script("BEGIN")
    await stores_over(execute).messages.add(SMALL, new, MESSAGES)
    connection.script("ROLLBACK")
    connection.close()

    assert len(statements) == 1


def test_room_that_deleted_rows_left_does_not_count(filled: Address) -> None:
    whole = "SELECT SUM(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
    of_ours = " AND relnamespace = current_schema()::regnamespace"
    connection = Connection(filled)

    def measured(sql: str) -> int:
        return int(str(connection.script(sql)[0][0]))

    full = measured(USED_BYTES)
    assert 0.7 * measured(whole + of_ours) < full <= measured(whole + of_ours)
    connection.script("BEGIN; DELETE FROM message_texts WHERE sequence % 4 > 0")
    connection.script("DELETE FROM messages WHERE sequence % 4 > 0; ANALYZE")
    assert measured(USED_BYTES) < 0.5 * full
    connection.script("ROLLBACK")
    connection.close()
