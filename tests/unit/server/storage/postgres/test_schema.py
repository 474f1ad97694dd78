"""The tables of PostgreSQL: those of SQLite, made once, and never those of a newer hipkit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.database import PostgresDatabase
from hipkit.server.storage.postgres.schema import latest_version
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.postgres import PostgresServer

ONLY_SQLITE = "message_words"
"""How the tables begin that its search index is made of."""
ONLY_POSTGRES = {"hipkit_schema"}
TYPES = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database without tables."""
    name = postgres.create()
    yield postgres.address(name)
    postgres.drop(name)


Column = tuple[str, str, str, bool]
"""Table, name, type, and whether it may be NULL."""


def columns_of_sqlite(folder: Path) -> set[Column]:
    path = folder / "hipkit.db"
    SqliteDatabase.open(path, durable=False).close()
    sql = (
        'SELECT m.name, c.name, c.type, c."notnull" OR c.pk > 0 FROM sqlite_schema AS m'
        " JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'"
        " AND m.name NOT LIKE 'sqlite_%'"
    )
    with closing(sqlite3.connect(path)) as connection:
        return {
            (table, name, TYPES[kind], not is_needed)
            for table, name, kind, is_needed in connection.execute(sql)
            if not table.startswith(ONLY_SQLITE)
        }


def columns_of_postgres(address: str) -> set[Column]:
    sql = (
        "SELECT table_name, column_name, data_type, is_nullable = 'YES'"
        " FROM information_schema.columns WHERE table_schema = 'public'"
    )
    with psycopg.connect(address) as connection:
        found = connection.execute(sql).fetchall()
    return {row for row in found if row[0] not in ONLY_POSTGRES}


def test_both_databases_have_the_same_columns(
    postgres_address: Address, tmp_path: Path
) -> None:
    assert columns_of_postgres(postgres_address.reveal()) == columns_of_sqlite(tmp_path)


def test_texts_are_ordered_by_their_bytes(postgres_address: Address) -> None:
    sql = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text'"
        " AND collation_name IS DISTINCT FROM 'C'"
    )
    with psycopg.connect(postgres_address.reveal()) as connection:
        assert connection.execute(sql).fetchall() == []


def test_the_first_of_several_processes_makes_the_tables(empty: str) -> None:
    together = Barrier(4)

    def start(_: int) -> None:
        together.wait()
        PostgresDatabase.open(Address(empty)).close()

    with ThreadPoolExecutor(4) as processes:
        list(processes.map(start, range(4)))
    with psycopg.connect(empty) as connection:
        versions = connection.execute("SELECT version FROM hipkit_schema ORDER BY 1")
        assert versions.fetchall() == [(n + 1,) for n in range(latest_version())]


def test_tables_of_a_newer_hipkit_are_refused(empty: str) -> None:
    PostgresDatabase.open(Address(empty)).close()
    newer = latest_version() + 1
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO hipkit_schema VALUES (%s)", [newer])

    with pytest.raises(
        StorageError, match=rf"newer hipkit \(tables of version {newer}"
    ):
        PostgresDatabase.open(Address(empty))


def test_another_programs_database_stays_as_it_is(empty: str) -> None:
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE TABLE rooms (id INT)")

    with pytest.raises(
        StorageError, match="not a hipkit database; it was left as it is"
    ):
        PostgresDatabase.open(Address(empty))
    assert {row[0] for row in columns_of_postgres(empty)} == {"rooms"}


def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres: PostgresServer,
) -> None:
    with psycopg.connect(postgres.address(), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
        )

    with pytest.raises(
        StorageError, match="in LATIN1; create it with the encoding UTF8"
    ):
        PostgresDatabase.open(Address(postgres.address("latin")))
    postgres.drop("latin")
