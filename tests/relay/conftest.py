"""What the tests of the relay with real chats share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hipkit.server.services.context import Runtime
from hipkit.server.settings import Settings
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.relay.homeserver import Homeserver, running


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A homeserver without limits on how much is sent."""
    with running(tmp_path_factory.mktemp("synapse")) as server:
        yield server


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """The runtime of an empty database."""
    settings = Settings(database=tmp_path / "hipkit.db", durable=False)
    opened = Runtime(SqliteDatabase.open(settings.database, durable=False), settings)
    yield opened
    opened.close()
