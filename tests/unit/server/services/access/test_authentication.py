"""The actor of a token is cached, and never for longer than it is true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hipkit.api.errors import UnauthorizedError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.authentication import (
    ActorCache,
    Credentials,
    hash_token,
    identify_client,
    same_secret,
)
from hipkit.server.services.access.clients import delete_client
from hipkit.server.services.access.tokens import revoke_token
from hipkit.server.services.context import Context, Runtime
from hipkit.server.services.people.accounts import delete_account, set_admin
from hipkit.server.services.rooms.changes import remove_room
from hipkit.server.storage.postgres.connection import Rows
from hipkit.server.storage.postgres.session import PostgresSession
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.sqlite.database import SqliteSession
from hipkit.server.storage.stores.session import Value
from tests.unit.server.asgi import Site


def is_known(site: Site, token: str) -> bool:
    return site.get("/v2/room", token=token).status == 200


@contextmanager
def statements_read(site: Site) -> Iterator[list[str]]:
    """Watch what the connection for short reads is asked."""
    session = site.server.database.stores.users._session
    seen: list[str] = []
    if isinstance(session, SqliteSession):
        session._connection.set_trace_callback(seen.append)
        yield seen
        session._connection.set_trace_callback(None)
        return
    assert isinstance(session, PostgresSession)
    execute = session._execute

    async def noting(sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        seen.append(sql.decode())
        return await execute(sql, values)

    session._execute = noting
    yield seen
    session._execute = execute


def test_a_token_that_was_seen_is_not_looked_up_again(site: Site) -> None:
    assert is_known(site, site.token)
    with statements_read(site) as seen:
        assert is_known(site, site.token)

    assert not [sql for sql in seen if "FROM tokens" in sql]


def test_the_actors_of_several_tokens_are_remembered(site: Site) -> None:
    tokens = [site.token, site.add_token(scopes=["view_group"])]
    assert all(is_known(site, token) for token in tokens)
    with statements_read(site) as seen:
        assert all(is_known(site, token) for token in tokens)

    assert not [sql for sql in seen if "FROM tokens" in sql]


def test_a_message_does_not_make_tokens_be_looked_up_again(site: Site) -> None:
    room = site.add_room("Ops")
    assert site.post(f"/v2/room/{room}/notification", {"message": "one"}).status == 204
    with statements_read(site) as seen:
        path = f"/v2/room/{room}/message"
        assert site.post(path, {"message": "two"}).status == 201
        assert is_known(site, site.token)

    assert not [
        sql for sql in seen if "FROM tokens" in sql or "FROM users WHERE" in sql
    ]


def test_a_token_revoked_through_the_api_is_refused_at_once(site: Site) -> None:
    token = site.add_token(user="admin@example.com", scopes=["view_group"])
    assert is_known(site, token)

    assert site.delete(f"/v2/oauth/token/{token}").status == 204

    assert not is_known(site, token)


def test_a_token_revoked_by_another_process_is_refused_at_once(site: Site) -> None:
    token = site.add_token(user="admin@example.com", scopes=["view_group"])
    assert is_known(site, token)
    sql = "DELETE FROM tokens WHERE id = (SELECT max(id) FROM tokens)"

    site.sql(sql)

    assert not is_known(site, token)
    assert is_known(site, site.token)


def test_a_token_revoked_within_one_turn_of_the_loop_is_refused(site: Site) -> None:
    token = site.add_token(user="admin@example.com", scopes=["view_group"])
    database = site.server.database

    async def look_revoke_look() -> None:
        identities = ActorCache(database.stores)
        known = await identities.identify(token, site.now_us)
        assert known.token is not None
        await site.run_sql("DELETE FROM tokens WHERE id = ?", known.token.id)
        with pytest.raises(UnauthorizedError):
            await identities.identify(token, site.now_us)

    asyncio.run(look_revoke_look())


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

    site.sql(sql)

    assert site.get(path, token=token).status == 401


def test_a_room_token_stops_when_its_room_is_deleted(site: Site) -> None:
    room = site.add_room("Ops")
    token = site.add_room_token(room)
    post = f"/v2/room/{room}/notification"
    assert site.post(post, {"message": "one"}, token=token).status == 204

    assert site.delete(f"/v2/room/{room}").status == 204

    assert site.post(post, {"message": "two"}, token=token).status in (401, 403, 404)


def test_a_rooms_client_is_rejected_when_its_room_is_deleted(site: Site) -> None:
    site.add_room("Ops")
    client = site.add_client(["view_room"], room="Ops")
    stores = site.server.database.stores
    given = Credentials(client_id=client.id, secret=client.secret)
    known = asyncio.run(identify_client(stores, given))
    assert known is not None
    assert known.id == client.id

    asyncio.run(remove_room(site.operator_context(), "Ops"))

    with pytest.raises(UnauthorizedError):
        asyncio.run(identify_client(stores, given))


def test_what_is_remembered_is_bounded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.server.services.access.authentication.MOST_KNOWN", 3)
    tokens = [
        site.add_token(user="admin@example.com", scopes=["view_group"])
        for _ in range(5)
    ]
    identities = ActorCache(site.server.database.stores)

    async def look() -> None:
        for token in tokens:
            await identities.identify(token, site.now_us)

    asyncio.run(look())

    assert len(identities._known) <= 3


def test_unknown_tokens_are_not_remembered(site: Site) -> None:
    identities = ActorCache(site.server.database.stores)

    async def look() -> None:
        for number in range(10):
            with pytest.raises(UnauthorizedError):
                await identities.identify(f"guess {number}", site.now_us)

    asyncio.run(look())

    assert not identities._known


def test_nothing_is_remembered_where_the_database_does_not_count(site: Site) -> None:
    database = site.server.database
    actors, context = ActorCache(database.stores), site.operator_context()
    site.sql("DELETE FROM actor_version")

    async def look_revoke_look() -> None:
        known = await actors.identify(site.token, site.now_us)
        assert known.token is not None
        await revoke_token(context, known.token.id)
        with pytest.raises(UnauthorizedError):
            await actors.identify(site.token, site.now_us)

    asyncio.run(look_revoke_look())
    assert not actors._known


@dataclass
class Holders:
    """Tokens and their owners, each with an actor in the server's cache."""

    site: Site
    tokens: dict[str, str]
    user: int
    room: int
    client: str

    def actor(self, name: str) -> Actor | None:
        """Return the actor as the server knows it; `None` where the token is refused."""
        actors, now_us = self.site.server.runtime.actors, self.site.now_us
        try:
            return asyncio.run(actors.identify(self.tokens[name], now_us))
        except UnauthorizedError:
            return None

    def token_id(self, name: str) -> int:
        actor = self.actor(name)
        assert actor is not None
        assert actor.token is not None
        return actor.token.id


@pytest.fixture
def holders(site: Site) -> Holders:
    user = site.add_user("Ann Lee", is_group_admin=True)
    room = site.add_room("Ops")
    client = site.add_client(["send_notification"])
    room_client = site.add_client(["send_notification"], room=room)
    tokens = {
        "user": site.add_token(user=user),
        "room": site.add_room_token(room),
        "client": site.token_of(client),
        "room client": site.token_of(room_client),
    }
    made = Holders(site, tokens, user, room, client.id)
    for name in tokens:
        assert made.actor(name) is not None
    return made


Change = Callable[[Context, Holders], Coroutine[object, None, object]]
ENDINGS: dict[str, tuple[Change, set[str]]] = {
    "a revoked token": (
        lambda context, made: revoke_token(context, made.token_id("room")),
        {"room"},
    ),
    "a deleted user": (
        lambda context, made: delete_account(context, made.user),
        {"user"},
    ),
    "a deleted client": (
        lambda context, made: delete_client(context, made.client),
        {"client"},
    ),
    "a deleted room": (
        lambda context, made: remove_room(context, made.room),
        {"room", "room client"},
    ),
}


@contextmanager
def operating(site: Site, *, elsewhere: bool) -> Iterator[Context]:
    """Yield the operator's context in the server, or as `hipkit admin` has it beside it."""
    if not elsewhere:
        yield site.operator_context()
        return
    with site.elsewhere() as database:
        runtime = Runtime(database, site.server.settings)
        yield asyncio.run(runtime.operator_context())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_ends_is_refused_at_the_next_call(
    holders: Holders, ending: str, *, elsewhere: bool
) -> None:
    change, ended = ENDINGS[ending]
    with operating(holders.site, elsewhere=elsewhere) as context:
        asyncio.run(change(context, holders))

    refused = {name for name in holders.tokens if holders.actor(name) is None}
    assert refused == ended


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_a_demoted_user_has_fewer_rights_at_the_next_call(
    holders: Holders, *, elsewhere: bool
) -> None:
    with operating(holders.site, elsewhere=elsewhere) as context:
        asyncio.run(set_admin(context, holders.user, is_admin=False))

    actor = holders.actor("user")
    assert actor is not None
    assert not actor.is_group_admin
    assert "admin_group" not in actor.scopes


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_a_renamed_user_has_the_new_name_at_the_next_call(
    holders: Holders, *, elsewhere: bool
) -> None:
    async def rename(stores: Stores) -> None:
        user = await stores.users.get(holders.user)
        assert user is not None
        await stores.users.replace(replace(user, name="Ann Brown"))

    with operating(holders.site, elsewhere=elsewhere) as context:
        asyncio.run(context.write(rename))

    actor = holders.actor("user")
    assert actor is not None
    assert actor.name == "Ann Brown"


@given(st.text(), st.text())
def test_hashes_are_the_same_for_the_same_token_only(one: str, other: str) -> None:
    assert same_secret(hash_token(one), hash_token(other)) is (one == other)


def test_a_token_that_is_not_unicode_can_be_hashed() -> None:
    assert len(hash_token("\udcff")) == 32
