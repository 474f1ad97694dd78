"""A server from its first start on: the token file, uploads, and what is logged."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.app import Server, open_server
from hipkit.server.settings import Settings
from hipkit.server.storage.stores.events import StreamRecord
from hipkit.server.storage.stores.routes import ROUTE, RouteRecord
from tests.contract.storage.filling import add_room
from tests.unit.server.asgi import Site
from tests.unit.server.events.conftest import RelayKind, World


def settings_in(folder: Path) -> Settings:
    return Settings(
        database=folder / "hipkit.db",
        group_name="Acme",
        admin_email="root@acme.test",
        durable=False,
    )


def start(folder: Path) -> Server:
    return asyncio.run(open_server(settings_in(folder)))


def test_a_first_start_creates_a_group_an_administrator_and_a_token(
    tmp_path: Path,
) -> None:
    server = start(tmp_path)
    path = server.new_token_file
    assert path is not None
    site = Site(server, path.read_text().strip())

    user = site.get("/v2/user/1?expand=group").json
    session = site.get(f"/v2/oauth/token/{site.token}").json
    server.close()

    assert len(site.token) == 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (user["email"], user["is_group_admin"]) == ("root@acme.test", True)
    assert user["group"]["name"] == "Acme"
    assert len(session["scopes"]) == 9


def test_a_later_start_creates_no_token(tmp_path: Path) -> None:
    start(tmp_path).close()
    token = (tmp_path / "hipkit.db.admin-token").read_text()

    again = start(tmp_path)
    again.close()

    assert again.new_token_file is None
    assert (tmp_path / "hipkit.db.admin-token").read_text() == token


def test_a_token_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db.admin-token"
    path.write_text("mine")

    with pytest.raises(StorageError, match="move the file away"):
        start(tmp_path)

    assert path.read_text() == "mine"
    path.unlink()
    start(tmp_path).close()


def test_a_first_start_that_fails_leaves_no_token(tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "hipkit.db", admin_email="no address")

    with pytest.raises(Exception, match="email"):
        asyncio.run(open_server(settings))

    assert not settings.token_file.exists()


def test_uploads_are_kept_until_files_are_settled(tmp_path: Path) -> None:
    start(tmp_path).close()
    folder = settings_in(tmp_path).file_folder
    folder.mkdir()
    part = folder / "half.part"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))

    server = start(tmp_path)
    assert part.exists()

    asyncio.run(server.settle_files())
    assert not part.exists()
    server.close()


def test_no_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = start(tmp_path)
    site = Site(server, settings_in(tmp_path).token_file.read_text().strip())
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "the launch code is 0000"})
    site.get(f"/v2/room?auth_token={site.token}", token=None)
    site.get(f"/v2/oauth/token/{site.token}")
    site.post("/v2/user", {"name": "A", "email": "a@b.c", "password": "hunter22"})
    server.close()
    site.get("/v2/room")

    assert "get_session: 200" in caplog.text
    for secret in (site.token, "launch code", "hunter22"):
        assert secret not in caplog.text


def test_a_further_kind_of_subscription_is_delivered_beside_webhooks(
    tmp_path: Path,
) -> None:
    kind = RelayKind()

    async def deliver() -> None:
        server = await open_server(settings_in(tmp_path))
        server.kinds["relay"] = lambda made: kind if made is server else RelayKind()
        world = World(server.database)
        await world.subscribe()
        await add_room(server.database, 1, 1, "one")
        await world.say()
        sender = server.create_sender()
        await sender.drain()
        sender.close()
        await server.runtime.close_outgoing()
        server.close()

    asyncio.run(deliver())

    assert len(kind.posted) == 1
    assert kind.is_closed


@pytest.mark.parametrize("has_file", [True, False])
def test_routes_end_where_the_server_runs_without_their_file(
    tmp_path: Path, has_file: bool
) -> None:
    async def sweep() -> RouteRecord | None:
        server = await open_server(settings_in(tmp_path))
        group = await server.database.stores.groups.first()
        assert group is not None
        stream = StreamRecord(group.id, None, "posted")
        await server.database.write(
            lambda stores: stores.routes.open(
                stream, name="ops", target="webhook", host="a.example", now_us=1
            )
        )
        if has_file:
            server.kinds[ROUTE] = lambda made: RelayKind()
        await server.sweep()
        route = await server.database.stores.routes.by_name("ops")
        await server.runtime.close_outgoing()
        server.close()
        return route

    route = asyncio.run(sweep())

    assert route is not None
    assert (route.removed_us is None) is has_file
