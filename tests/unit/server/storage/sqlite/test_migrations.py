"""What migrations make of what an older hipkit stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from hipkit.server.storage.sqlite import file as sqlite_file
from hipkit.server.storage.sqlite.search import add_search_functions

GROUP = "INSERT INTO chat_groups VALUES (1, 'G', 'g', NULL, NULL, 0)"
USER = (
    "INSERT INTO users VALUES (1, 1, 'Ann', 'Ann', 'ann', 'a@x', 'a@x', '', '[]', 0, 0,"
    " 0, 'UTC', NULL, NULL, NULL, 0, NULL, 'v', NULL)"
)
ROOM = (
    "INSERT INTO conversations VALUES (1, 1, NULL, NULL, 0, NULL);"
    "INSERT INTO rooms VALUES (7, 1, 1, 'Ops', 'ops', '', 'public', 0, 0, NULL, NULL, 1,"
    " NULL, 0, 'v', 0)"
)
CLIENTS = (
    "INSERT INTO oauth_clients (id, group_id, room_id, name, secret_hash, scopes,"
    " redirect_uris, created_us) VALUES ('group', 1, NULL, 'C', x'00', 'view_room', '[]', 0),"
    " ('room', 1, 7, 'C', x'00', 'view_room', '[]', 0)"
)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database as it was before grants were stored."""
    path = tmp_path / "old.db"
    sqlite_file.prepare_file(path)
    scripts = files("hipkit.server.storage.sqlite") / "migrations"
    steps = sorted(scripts.iterdir(), key=lambda step: step.name)[:5]
    with closing(sqlite_file.connect(path)) as connection:
        add_search_functions(connection)
        for number, step in enumerate(steps, start=1):
            sqlite_file._run_script(connection, number, step.read_text())
        for statement in (GROUP, USER, ROOM, CLIENTS):
            connection.executescript(statement)
        yield connection


def add_refresh(old: sqlite3.Connection, number: int, client: str | None) -> None:
    old.execute(
        "INSERT INTO refresh_tokens VALUES (?, ?, 1, ?, 'view_room', NULL)",
        (number, f"r{number}".encode(), client),
    )


def add_token(
    old: sqlite3.Connection, number: int, *, refresh: int | None, room: int | None
) -> None:
    old.execute(
        "INSERT INTO tokens VALUES (?, ?, 'user', 1, 1, NULL, ?, 'view_room', '', 0, NULL, ?)",
        (number, f"t{number}".encode(), room, refresh),
    )


def migrate(old: sqlite3.Connection) -> None:
    sqlite_file.migrate(old, Path("old.db"))
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_refresh_token_is_bound_to_its_clients_room(old: sqlite3.Connection) -> None:
    add_refresh(old, 1, "group")
    add_refresh(old, 5, "room")
    add_token(old, 3, refresh=5, room=7)

    migrate(old)

    found = old.execute(
        "SELECT refresh_tokens.id, grants.client_id, room_id FROM refresh_tokens"
        " JOIN grants ON grants.id = grant_id"
    ).fetchall()
    assert found == [(1, "group", None), (5, "room", 7)]
    ((token, refresh),) = old.execute(
        "SELECT tokens.grant_id, refresh_tokens.grant_id FROM tokens JOIN refresh_tokens"
        " ON refresh_tokens.id = refresh_id"
    ).fetchall()
    assert token == refresh


def test_a_refresh_token_whose_room_is_not_known_ends_with_its_tokens(
    old: sqlite3.Connection,
) -> None:
    add_refresh(old, 1, None)
    add_token(old, 1, refresh=1, room=7)
    add_token(old, 2, refresh=None, room=None)

    migrate(old)

    assert old.execute("SELECT COUNT(*) FROM refresh_tokens").fetchone() == (0,)
    assert old.execute("SELECT id FROM tokens").fetchall() == [(2,)]


def test_every_token_that_stays_has_a_grant_of_its_own(old: sqlite3.Connection) -> None:
    for number in (1, 2, 9):
        add_refresh(old, number, "group")
    for number in (1, 2, 3):
        add_token(old, number, refresh=None, room=7 if number == 3 else None)

    migrate(old)

    grants = [
        row[0]
        for table in ("tokens", "refresh_tokens")
        for row in old.execute(f"SELECT grant_id FROM {table}")  # noqa: S608 - one of two words
    ]
    assert None not in grants
    assert len(set(grants)) == 6
    rooms = old.execute(
        "SELECT tokens.id, grants.user_id, grants.room_id FROM tokens"
        " JOIN grants ON grants.id = grant_id ORDER BY tokens.id"
    ).fetchall()
    assert rooms == [(1, 1, None), (2, 1, None), (3, 1, 7)]
