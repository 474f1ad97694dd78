"""Statements of stores as PostgreSQL takes them."""

from __future__ import annotations

from hipkit.server.storage.postgres.session import _numbered, _returning


def test_values_are_numbered() -> None:
    assert _numbered("SELECT 1") == b"SELECT 1"
    assert _numbered("a = ? AND b IN (?, ?)") == b"a = $1 AND b IN ($2, $3)"


def test_the_id_of_a_new_row_is_asked_for() -> None:
    assert _returning("INSERT INTO files (a) VALUES (?)").endswith(b" RETURNING id")
    assert _returning("INSERT INTO messages (a) VALUES (?)").endswith(
        b" RETURNING sequence"
    )
    assert _returning("INSERT INTO messages_of (a) VALUES (?)").endswith(b" id")
