"""Who a token speaks for is remembered, and never for longer than it is true."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hipkit.api.errors import UnauthorizedError
from hipkit.server.services.access.authentication import ActorCache
from hipkit.server.services.access.tokens import revoke_token
from hipkit.server.storage.sqlite.database import SqliteDatabase
from tests.unit.server.asgi import Site

CHANGE = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute({sql!r}); c.commit()"


def is_known(site: Site, token: str) -> bool:
    return site.get("/v2/room", token=token).status == 200


@contextmanager
def statements_read(site: Site) -> Iterator[list[str]]:
    """Watch what the connection for short reads is asked."""
    database = site.server.database
    assert isinstance(database, SqliteDatabase)
    seen: list[str] = []
    database._reading._connection.set_trace_callback(seen.append)
    yield seen
    database._reading._connection.set_trace_callback(None)


def test_a_token_that_was_seen_is_not_looked_up_again(site: Site) -> None:
    assert is_known(site, site.token)
    with statements_read(site) as seen:
        assert is_known(site, site.token)

    assert not [sql for sql in seen if "FROM tokens" in sql]


def test_a_token_revoked_through_the_api_is_refused_at_once(site: Site) -> None:
    token = site.add_token(user="admin@example.com", scopes=["view_group"])
    assert is_known(site, token)

    assert site.delete(f"/v2/oauth/token/{token}").status == 204

    assert not is_known(site, token)


def test_a_token_revoked_by_another_process_is_refused_at_once(site: Site) -> None:
    token = site.add_token(user="admin@example.com", scopes=["view_group"])
    assert is_known(site, token)
    sql = "DELETE FROM tokens WHERE id = (SELECT max(id) FROM tokens)"
    database = str(site.server.settings.database)

    subprocess.run([sys.executable, "-c", CHANGE.format(sql=sql), database], check=True)

    assert not is_known(site, token)
    assert is_known(site, site.token)


def test_a_token_revoked_within_one_turn_of_the_loop_is_refused(site: Site) -> None:
    token = site.add_token(user="admin@example.com", scopes=["view_group"])
    database = site.server.database
    other = sqlite3.connect(site.server.settings.database)

    async def look_revoke_look() -> None:
        identities = ActorCache(database)
        known = await identities.identify(token, site.now_us)
        assert known.token is not None
        other.execute("DELETE FROM tokens WHERE id = ?", (known.token.id,))
        other.commit()
        with pytest.raises(UnauthorizedError):
            await identities.identify(token, site.now_us)

    try:
        asyncio.run(look_revoke_look())
    finally:
        other.close()


def test_a_token_ends_when_it_expires_although_nothing_is_written(site: Site) -> None:
    token = site.client_token(["view_group"])
    assert is_known(site, token)

    site.clock[0] += 10 * 365 * 24 * 3600

    assert not is_known(site, token)


def test_a_user_deleted_by_another_process_is_refused_at_once(site: Site) -> None:
    user = site.add_user("Ann Lee")
    token = site.add_token(user=user, scopes=["view_group"])
    path = f"/v2/user/{user}"
    assert site.get(path, token=token).status == 200
    sql = f"UPDATE users SET is_deleted = 1 WHERE id = {user}"  # noqa: S608 - a number
    database = str(site.server.settings.database)

    subprocess.run([sys.executable, "-c", CHANGE.format(sql=sql), database], check=True)

    assert site.get(path, token=token).status == 401


def test_a_room_token_stops_when_its_room_is_deleted(site: Site) -> None:
    room = site.add_room("Ops")
    token = site.add_room_token(room)
    post = f"/v2/room/{room}/notification"
    assert site.post(post, {"message": "one"}, token=token).status == 204

    assert site.delete(f"/v2/room/{room}").status == 204

    assert site.post(post, {"message": "two"}, token=token).status in (401, 403, 404)


def test_what_is_remembered_is_bounded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.server.services.access.authentication.MOST_KNOWN", 3)
    tokens = [
        site.add_token(user="admin@example.com", scopes=["view_group"])
        for _ in range(5)
    ]
    identities = ActorCache(site.server.database)

    async def look() -> None:
        for token in tokens:
            await identities.identify(token, site.now_us)

    asyncio.run(look())

    assert len(identities._known) <= 3


def test_unknown_tokens_are_not_remembered(site: Site) -> None:
    identities = ActorCache(site.server.database)

    async def look() -> None:
        for number in range(10):
            with pytest.raises(UnauthorizedError):
                await identities.identify(f"guess {number}", site.now_us)

    asyncio.run(look())

    assert not identities._known


def test_nothing_is_remembered_where_the_database_cannot_tell(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = site.server.database
    monkeypatch.setattr(database, "version", lambda: None)
    identities, context = ActorCache(database), site.operator_context()

    async def look_revoke_look() -> None:
        known = await identities.identify(site.token, site.now_us)
        assert known.token is not None
        await revoke_token(context, known.token.id)
        with pytest.raises(UnauthorizedError):
            await identities.identify(site.token, site.now_us)

    asyncio.run(look_revoke_look())
