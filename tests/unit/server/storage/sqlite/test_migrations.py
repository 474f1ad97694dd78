"""What migrations make of what an older hipkit stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from hipkit.server.storage.sqlite import file as sqlite_file
from hipkit.server.storage.sqlite.search import add_search_functions
from hipkit.server.storage.stores.users import UserRecord

GROUP = (
    "INSERT INTO chat_groups (id, name, subdomain, created_us) VALUES (1, 'G', 'g', 0)"
)
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
    with made_by_version(5, tmp_path) as connection:
        yield connection


@pytest.fixture
def before_events(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database as it was when only webhooks had events."""
    with made_by_version(9, tmp_path) as connection:
        yield connection


@contextmanager
def made_by_version(version: int, folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / "old.db"
    sqlite_file.prepare_file(path)
    scripts = files("hipkit.server.storage.sqlite") / "migrations"
    steps = sorted(scripts.iterdir(), key=lambda step: step.name)[:version]
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


WEBHOOKS = """
INSERT INTO grants (id, user_id) VALUES (3, 1);
INSERT INTO webhooks (id, group_id, room_id, client_id, user_id, key, name, url, event,
    pattern, authentication, created_us, last_event_id, position, tries, failing_since_us,
    next_try_us, paused_us, dropped_us, problem, grant_id, root) VALUES
(4, 1, 7, NULL, 1, 'a', 'A', 'https://Hooks.example:8443/x?y=z', 'room_message',
    '^x', 'none', 11, NULL, 20, 3, 31, 32, 33, 34, 'no answer', 3, 'https://chat.example'),
(6, 1, NULL, 'group', NULL, 'b', '', 'http://b.example?q=/', 'room_enter',
    NULL, 'jwt', 12, 21, 22, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(9, 1, 7, NULL, 1, 'c', '', 'http://c.example', 'room_exit',
    NULL, 'none', 13, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
DELETE FROM webhooks WHERE id = 9;
INSERT INTO webhook_events VALUES
(20, 1, 7, 'room_message', 'x1', '{"n": 1}', 1, 'http://p', 6, NULL, 41),
(21, 1, 7, 'room_message', NULL, '{"n": 2}', NULL, 'http://q', NULL, 4, 42),
(25, 1, 7, 'room_message', NULL, '{}', NULL, '', NULL, NULL, 43);
DELETE FROM webhook_events WHERE id = 25;
INSERT INTO webhook_deliveries VALUES
(50, 4, 20, 'room_message', 'waiting', 3, 500, 'p', 'answer', NULL, 7, 44),
(51, 6, 19, 'room_enter', 'delivered', 1, 200, NULL, NULL, 'm', 8, 45);
"""


def test_webhooks_keep_their_numbers_positions_pauses_and_deliveries(
    before_events: sqlite3.Connection,
) -> None:
    before_events.executescript(WEBHOOKS)

    migrate(before_events)

    rows = before_events.execute("SELECT * FROM subscriptions ORDER BY id").fetchall()
    assert rows == [
        (4, "webhook", 1, 7, "room_message", "hooks.example:8443", 20, None, 3, 31, 32,
         33, 34, "no answer"),
        (6, "webhook", 1, None, "room_enter", "b.example", 22, 21, 0, None, None, None,
         None, None),
    ]  # fmt: skip
    assert before_events.execute("SELECT * FROM webhooks ORDER BY id").fetchall() == [
        (4, 1, 7, None, 1, 3, "a", "A", "https://Hooks.example:8443/x?y=z", "^x", "none",
         "https://chat.example", 11),
        (6, 1, None, "group", None, None, "b", "", "http://b.example?q=/", None, "jwt",
         None, 12),
    ]  # fmt: skip
    assert before_events.execute("SELECT * FROM events ORDER BY id").fetchall() == [
        (20, 1, 7, "room_message", "x1", '{"n": 1}', 1, "http://p", 6, None, 41),
        (21, 1, 7, "room_message", None, '{"n": 2}', None, "http://q", None, 4, 42),
    ]
    assert before_events.execute("SELECT * FROM deliveries ORDER BY id").fetchall() == [
        (50, 4, 20, "room_message", "waiting", 3, 500, "p", "answer", None, 7, 44),
        (51, 6, 19, "room_enter", "delivered", 1, 200, None, None, "m", 8, 45),
    ]


def test_numbers_of_what_was_deleted_before_events_are_not_used_again(
    before_events: sqlite3.Connection,
) -> None:
    before_events.executescript(WEBHOOKS)

    migrate(before_events)

    numbers = dict(before_events.execute("SELECT name, seq FROM sqlite_sequence"))
    assert (numbers["subscriptions"], numbers["events"]) == (9, 25)
    assert numbers["deliveries"] == 51


@pytest.mark.parametrize(
    "deletion",
    [
        "DELETE FROM webhooks WHERE id = 4",
        "DELETE FROM subscriptions WHERE id = 4",
        "DELETE FROM grants WHERE id = 3",
    ],
)
def test_webhook_subscription_and_deliveries_go_together(
    before_events: sqlite3.Connection, deletion: str
) -> None:
    before_events.executescript(WEBHOOKS)
    migrate(before_events)

    before_events.execute(deletion)

    for table, column in (
        ("webhooks", "id"),
        ("subscriptions", "id"),
        ("deliveries", "subscription_id"),
    ):
        rows = before_events.execute(f"SELECT {column} FROM {table}").fetchall()  # noqa: S608 - names of our own
        assert rows == [(6,)]


@pytest.mark.parametrize(
    "column", sorted({*UserRecord.__struct_fields__} - {"last_active_us", "id"})
)
def test_a_change_of_any_column_of_an_actors_user_is_counted(
    before_events: sqlite3.Connection, column: str
) -> None:
    # A column that a later migration adds has to be added to the trigger, too: otherwise other
    # processes would go on to trust an actor that they have cached.
    before_events.executescript(WEBHOOKS)
    migrate(before_events)

    before_events.execute(f"UPDATE users SET {column} = {column}")  # noqa: S608 - names of our own

    (number,) = before_events.execute("SELECT number FROM actor_version").fetchone()
    assert number > 0
