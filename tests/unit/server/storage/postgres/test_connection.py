"""A connection: what errors tell, and how it comes back."""

from __future__ import annotations

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.connection import Connection
from tests.postgres import PostgresServer

INSERT = b"INSERT INTO server_keys (purpose, secret) VALUES ($1, $2)"


@pytest.fixture
def connection(postgres_address: Address) -> Connection:
    return Connection(postgres_address)


def failure(connection: Connection, sql: bytes, *values: str | int) -> StorageError:
    with pytest.raises(StorageError) as raised:
        connection.run(sql, values)
    assert raised.value.__context__ is None
    assert len(str(raised.value).splitlines()) == 1
    return raised.value


def test_an_error_names_the_constraint_and_quotes_no_value(
    connection: Connection,
) -> None:
    connection.run(INSERT, ("links", "hunter2"))

    error = failure(connection, INSERT, "links", "hunter2")
    assert str(error).endswith(
        ": unique violation (23505) server_keys server_keys_pkey"
    )
    assert not error.may_pass
    error = failure(connection, b"SELECT ($1 || 'x')::bigint", "hunter2")
    assert str(error).endswith(": invalid text representation (22P02)")
    assert connection.is_open
    connection.close()


def test_what_postgresql_cannot_store_is_a_clear_error(connection: Connection) -> None:
    assert "too large" in str(failure(connection, b"SELECT $1::bigint", 1 << 63))
    assert "NUL" in str(failure(connection, b"SELECT $1::text", "a\0b"))
    connection.close()


def test_sums_and_truths_are_whole_numbers(connection: Connection) -> None:
    sql = b"SELECT SUM(x), $1 + 1 FROM (VALUES (1::bigint), (2)) AS v (x)"
    assert connection.run(sql, [True])[0] == [(3, 2)]
    connection.close()


def test_a_lost_connection_is_said_and_made_again(
    connection: Connection, postgres: PostgresServer, postgres_database: str
) -> None:
    connection.script("SELECT 1")
    postgres.end_sessions(postgres_database)

    error = failure(connection, b"SELECT 1")
    assert error.may_pass
    assert not connection.is_open
    assert connection.run(b"SELECT 1", ())[0] == [(1,)]
    connection.close()


def test_a_server_that_is_away_is_said_at_once() -> None:
    connection = Connection(
        Address("postgresql:///chat?host=/nowhere&password=hunter2")
    )

    error = failure(connection, b"SELECT 1")
    assert error.may_pass
    assert "/nowhere" in str(error)
    assert "hunter2" not in str(error)
