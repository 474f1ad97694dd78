"""The databases that the suite runs on: each one opens an empty database and closes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.database import PostgresDatabase
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.databases import CHOSEN


def open_sqlite(request: pytest.FixtureRequest) -> Database:
    folder: Path = request.getfixturevalue("tmp_path")
    return SqliteDatabase.open(folder / "hipkit.db", durable=False)


def open_postgres(request: pytest.FixtureRequest) -> Database:
    address: Address = request.getfixturevalue("postgres_address")
    return PostgresDatabase.open(address, durable=False)


DATABASES: dict[str, Callable[[pytest.FixtureRequest], Database]] = {
    "sqlite": open_sqlite,
    "postgres": open_postgres,
}


@pytest.fixture(params=[CHOSEN])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    opened = DATABASES[request.param](request)
    yield opened
    opened.close()
