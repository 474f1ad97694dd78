"""The databases that the suite runs on: each one opens an empty database and closes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hipkit.server.storage.protocol import Database
from hipkit.server.storage.sqlite.database import SqliteDatabase


def open_sqlite(folder: Path) -> Database:
    return SqliteDatabase.open(folder / "hipkit.db", durable=False)


DATABASES: dict[str, Callable[[Path], Database]] = {"sqlite": open_sqlite}


@pytest.fixture(params=sorted(DATABASES))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened = DATABASES[request.param](tmp_path)
    yield opened
    opened.close()
