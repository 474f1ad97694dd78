"""The runtime of a server for tests of the relay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hipkit.server.services.context import Runtime
from hipkit.server.settings import Settings
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.unit.server.asgi import Site, open_site


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """The runtime of an empty database."""
    settings = Settings(database=tmp_path / "hipkit.db", durable=False)
    opened = Runtime(SqliteDatabase.open(settings.database, durable=False), settings)
    yield opened
    opened.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server with a room."""
    opened = open_site(tmp_path)
    opened.add_room("Ops")
    yield opened
    opened.server.close()
