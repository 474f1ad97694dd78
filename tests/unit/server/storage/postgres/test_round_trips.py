"""How often a call waits for PostgreSQL: on another machine that is most of what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hipkit.server.storage.postgres.address import Address
from tests.databases import FolderDatabases
from tests.postgres import PostgresServer
from tests.unit.server import asgi
from tests.unit.server.asgi import Site, open_site
from tests.unit.server.storage.postgres.cutting import CuttingProxy, cutting_proxy

UNTIL_PREPARED = 8
"""Psycopg prepares a statement at its sixth time, which takes one more round trip."""


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[CuttingProxy]:
    with cutting_proxy(postgres) as opened:
        yield opened


@pytest.fixture
def behind_proxy(
    proxy: CuttingProxy,
    folder_databases: FolderDatabases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    def address(folder: Path) -> Address:
        return Address(proxy.address(folder_databases.name(folder)))

    monkeypatch.setattr(folder_databases, "address", address)
    monkeypatch.setattr(asgi, "on_postgres", folder_databases)
    site = open_site(tmp_path)
    yield site
    site.server.close()
    folder_databases.release()


def test_a_call_takes_few_round_trips(behind_proxy: Site, proxy: CuttingProxy) -> None:
    behind_proxy.add_room("Ops")
    counts = {}
    for _ in range(UNTIL_PREPARED):
        for name in ("GET room", "POST notification"):
            before = proxy.round_trips
            if name == "GET room":
                assert behind_proxy.get("/v2/room/Ops").status == 200
            else:
                path = "/v2/room/Ops/notification"
                assert behind_proxy.post(path, {"message": "x"}).status == 204
            counts[name] = proxy.round_trips - before

    # Reading: the version of actors, the room, its participants. Posting: the version, begin, the
    # room, the message, who subscribes, commit.
    assert counts == {"GET room": 3, "POST notification": 6}
