"""What ends with a person, a client, a room, a password: nothing acts for them afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from hipkit.server.services.access import password_links, web_sessions
from hipkit.server.services.access.clients import delete_client
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.people.accounts import (
    UserChanges,
    change_user,
    delete_account,
)
from hipkit.server.services.rooms.changes import remove_room
from tests.unit.server.asgi import FORM, RawResponse, Site, basic
from tests.unit.server.two_groups import HOOK, World

REDIRECT = "https://app.example.com/back"


def rows_of(world: World, column: str, value: object) -> dict[str, int]:
    """Count rows that name something, in every table that acts for somebody."""
    tables = [
        "tokens",
        "refresh_tokens",
        "authorization_codes",
        "web_sessions",
        "password_links",
        "webhooks",
    ]
    connection = sqlite3.connect(world.site.server.settings.database)
    try:
        found = {}
        for table in tables:
            columns = {
                row[1] for row in connection.execute(f"PRAGMA table_info({table})")
            }
            if column in columns:
                (found[table],) = connection.execute(
                    f"SELECT COUNT(*) FROM {table} WHERE {column} = ?",  # noqa: S608
                    (value,),
                ).fetchone()
        return found
    finally:
        connection.close()


def open_session(site: Site, user_id: int) -> str:
    async def work() -> str:
        user = await site.server.database.stores.users.get(user_id)
        assert user is not None
        return await web_sessions.open_session(
            site.context(),
            user,
            user_agent="Browser",
        )

    return asyncio.run(work())


def is_signed_in(site: Site, secret: str) -> bool:
    stores = site.server.database.stores
    found = asyncio.run(web_sessions.find_session(stores, secret, site.now_us))
    return found is not None


def sign_in(site: Site, name: str, password: str) -> RawResponse:
    form = {"grant_type": "password", "username": name, "password": password}
    return site.send(
        "POST", "/v2/oauth/token", body=urlencode(form).encode(), headers=[FORM]
    )


def give_everything(world: World) -> dict[str, str]:
    """Let Ann have one of everything that can act for her."""
    site, ann = world.site, world.first.ids["ann"]
    context = site.operator_context()
    asyncio.run(change_user(context, ann, UserChanges(password="correct horse")))
    signed_in = sign_in(site, "@ann1", "correct horse").json
    client = site.add_client(["view_room"], redirect_uris=[REDIRECT])
    site.authorization_code(client.id, ann, REDIRECT)
    asyncio.run(password_links.create_password_link(context, ann))
    carol = f"/v2/room/{world.first.ids['open']}/member/{ann}"
    assert site.put(carol, {"room_roles": ["room_admin"]}).status == 204
    path = f"/v2/room/{world.first.ids['open']}/webhook"
    assert site.post(path, HOOK, token=world.first.tokens["ann"]).status == 201
    return {
        "token": signed_in["access_token"],
        "refresh": signed_in["refresh_token"],
        "session": open_session(site, ann),
    }


@pytest.mark.parametrize("way", ["API", "shell"])
def test_nothing_acts_for_a_deleted_user(world: World, way: str) -> None:
    site, ann = world.site, world.first.ids["ann"]
    given = give_everything(world)
    before = rows_of(world, "user_id", ann)
    assert all(before.values()), before

    if way == "API":
        assert site.delete(f"/v2/user/{ann}").status == 204
    else:
        asyncio.run(delete_account(site.operator_context(), ann))

    assert not any(rows_of(world, "user_id", ann).values())
    assert site.get("/v2/room", token=given["token"]).status == 401
    assert site.get("/v2/room", token=world.first.tokens["ann"]).status == 401
    assert not is_signed_in(site, given["session"])
    assert sign_in(site, "@ann1", "correct horse").status == 401
    assert sign_in(site, str(ann), "correct horse").status == 401


def test_deleting_a_user_ends_nothing_of_others(world: World) -> None:
    site, first = world.site, world.first
    session = open_session(site, first.ids["bob"])

    site.delete(f"/v2/user/{first.ids['ann']}")

    assert is_signed_in(site, session)
    assert site.get("/v2/room", token=first.tokens["bob"]).status == 200


@pytest.mark.parametrize("way", ["API", "shell"])
def test_a_new_password_ends_sessions_and_links_but_no_tokens(
    world: World, way: str
) -> None:
    site, ann = world.site, world.first.ids["ann"]
    given = give_everything(world)

    if way == "API":
        person = {
            "name": "Ann",
            "email": "ann1@example.com",
            "mention_name": "ann1",
            "password": "another horse",
        }
        assert site.put(f"/v2/user/{ann}", person).status == 204
    else:
        context = site.operator_context()
        asyncio.run(change_user(context, ann, UserChanges(password="another horse")))

    assert not is_signed_in(site, given["session"])
    assert rows_of(world, "user_id", ann)["password_links"] == 0
    assert site.get("/v2/room", token=given["token"]).status == 200
    assert sign_in(site, "@ann1", "correct horse").status == 401
    assert sign_in(site, "@ann1", "another horse").status == 200


def test_an_ended_token_takes_its_refresh_token_along(world: World) -> None:
    site = world.site
    given = give_everything(world)
    path = f"/v2/oauth/token/{given['token']}"

    assert site.delete(path, token=given["token"]).status == 204

    assert site.get("/v2/room", token=given["token"]).status == 401
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh"]}
    refreshed = site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(form).encode(),
        headers=[FORM],
        token=None,
    )
    assert refreshed.status == 401


def test_nothing_acts_for_a_client_that_is_deleted(world: World) -> None:
    site, client_id = world.site, "client-1-" + "-".join(sorted(SCOPES))
    token = world.first.tokens["client"]
    before = rows_of(world, "client_id", client_id)
    assert before["tokens"]
    assert before["webhooks"]

    asyncio.run(delete_client(site.operator_context(), client_id))

    assert not any(rows_of(world, "client_id", client_id).values())
    assert site.get("/v2/room", token=token).status == 401
    asked = site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials",
        token=None,
        headers=[basic(client_id, "secret"), FORM],
    )
    assert asked.status == 401


@pytest.mark.parametrize("way", ["API", "shell"])
def test_nothing_is_bound_to_a_room_that_is_deleted(
    copy_of: Callable[[], World], way: str
) -> None:
    world = copy_of()
    site, room = world.site, world.first.ids["open"]

    if way == "API":
        assert site.delete(f"/v2/room/{room}").status == 204
    else:
        asyncio.run(remove_room(site.operator_context(), room))

    assert rows_of(world, "room_id", room)["tokens"] == 0
    for name in ("room client", "notifier", "ann in open"):
        reply = site.get(f"/v2/room/{room}", token=world.first.tokens[name])
        assert reply.status == 401
    file = f"/v2/file/{world.first.files['open']}"
    assert site.get(file).status == 404
