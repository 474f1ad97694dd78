"""Each kind of credential against each event that ends credentials: what goes, and what stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hipkit.server.services.access import (
    clients,
    grants,
    password_links,
    passwords,
    tokens,
    web_sessions,
)
from hipkit.server.services.access.authentication import find_token, hash_token
from hipkit.server.services.access.clients import AddedClient
from hipkit.server.services.access.web_sessions import WebSession
from hipkit.server.services.people.accounts import UserChanges, change_user
from hipkit.server.services.rooms.changes import remove_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.tokens import TokenRecord
from tests.unit.server.asgi import FORM, RawResponse, Site, basic, open_site
from tests.unit.server.two_groups import copy_site

REDIRECT = "https://app.example.com/back"
HOOK = {"url": "https://93.184.216.34/hook", "event": "room_message"}
HALF_AN_HOUR = 30 * 60


def ask(
    site: Site, *headers: tuple[str, str], token: str | None, **form: str
) -> RawResponse:
    body = urlencode(form).encode()
    return site.send(
        "POST", "/v2/oauth/token", body=body, token=token, headers=[FORM, *headers]
    )


def redeem(site: Site, client: AddedClient, code: str) -> RawResponse:
    return ask(
        site,
        basic(client.id, client.secret),
        token=None,
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT,
    )


@dataclass
class Credentials:
    """One of every kind, each made with another where that can be."""

    site: Site
    ann: int
    bob: int
    ops: int
    hooks: int
    client: AddedClient
    room_client: AddedClient
    values: dict[str, str] = field(default_factory=dict)
    refreshed_with: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def good(self) -> set[str]:
        """Return the names of those that are good; codes are used up by that."""
        return {name for name in self.values if self._is_good(name)}

    def _is_good(self, name: str) -> bool:
        site, value = self.site, self.values[name]
        match name.split()[0]:
            case "webhook":
                return self._has_webhook(value)
            case "session":
                found = web_sessions.find_session(
                    site.server.database.stores, value, site.now_us
                )
                return asyncio.run(found) is not None
            case "link":
                stores = site.server.database.stores
                try:
                    asyncio.run(
                        password_links.find_link_user(stores, value, site.now_us)
                    )
                except password_links.PasswordLinkError:
                    return False
                return True
            case "code":
                client = self.room_client if "room" in name else self.client
                return redeem(site, client, value).status == 200
            case "refresh":
                return self.refresh(name).status == 200
        return site.get(f"/v2/oauth/token/{value}", token=value).status == 200

    def refresh(self, name: str) -> RawResponse:
        """Ask as a client where one has to, else with any token."""
        login = self.refreshed_with[name]
        form = {"grant_type": "refresh_token", "refresh_token": self.values[name]}
        token = None if login else self.site.token
        return ask(self.site, *login, token=token, **form)

    def _has_webhook(self, key: str) -> bool:
        return bool(self.site.sql("SELECT 1 FROM webhooks WHERE key = ?", key))

    def token(
        self, name: str, reply: RawResponse, *refreshed_with: tuple[str, str]
    ) -> None:
        assert reply.status == 200, reply.body
        self.values[name] = reply.json["access_token"]
        if "refresh_token" in reply.json:
            refresh = f"refresh {name}"
            self.values[refresh] = reply.json["refresh_token"]
            self.refreshed_with[refresh] = [*refreshed_with]

    def webhook(self, made_with: str) -> None:
        key = made_with.replace(" ", "-")
        path = f"/v2/room/{self.hooks}/extension/webhook/{key}"
        token = self.values[made_with]
        made = self.site.put(path, {**HOOK, "key": key}, token=token)
        assert made.status == 201, made.body
        self.values[f"webhook of {made_with}"] = key


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make everything once; tests take copies of it."""
    made = make(open_site(tmp_path_factory.mktemp("built")))
    made.site.server.close()
    return made


@pytest.fixture
def made(built: Credentials, tmp_path: Path) -> Iterator[Credentials]:
    site = copy_site(built.site, tmp_path)
    yield replace(built, site=site, values={**built.values})
    site.server.close()


def make(site: Site) -> Credentials:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    ops = site.add_room("Ops", owner=ann)
    hooks = site.add_room("Hooks", owner=ann)
    scopes = ["admin_room", "send_message", "view_messages", "view_room"]
    client = site.add_client(scopes, redirect_uris=[REDIRECT])
    room_client = site.add_client(
        ["send_message", "send_notification", "view_room"],
        room=ops,
        redirect_uris=[REDIRECT],
    )
    made = Credentials(site, ann, bob, ops, hooks, client, room_client)
    _make_with_tokens(made)
    for of, one in (("", client), (" in room", room_client)):
        _make_with_client(made, of, one)
    for name in ("token", "personal", "client", "authorized"):
        made.webhook(name)
    made.token(
        "notifier",
        ask(
            site,
            basic(room_client.id, room_client.secret),
            token=None,
            grant_type="room_notification",
        ),
    )
    _make_at_the_page(made)
    return made


def _password_of_bob() -> dict[str, str]:
    return {
        "grant_type": "password",
        "username": "@Bob",
        "password": "correct horse",
    }


def _make_with_tokens(made: Credentials) -> None:
    site, values = made.site, made.values
    values["token"] = site.add_token(user=made.ann, seconds=HALF_AN_HOUR)
    made.token("personal", ask(site, token=values["token"], grant_type="personal"))
    made.token(
        "personal of personal",
        ask(site, token=values["personal"], grant_type="personal"),
    )
    made.token("password", ask(site, token=values["token"], **_password_of_bob()))
    made.token(
        "personal of password",
        ask(site, token=values["password"], grant_type="personal"),
    )


def _make_with_client(made: Credentials, of: str, client: AddedClient) -> None:
    site, values = made.site, made.values
    login = basic(client.id, client.secret)
    own = {"grant_type": "client_credentials"}
    made.token(f"client{of}", ask(site, login, token=None, **own))
    made.token(
        f"client for Ann{of}", ask(site, login, token=None, username="@Ann", **own)
    )
    made.token(
        f"password by client{of}",
        ask(site, login, token=None, **_password_of_bob()),
        login,
    )
    made.token(
        f"password by its token{of}",
        ask(site, token=values[f"client{of}"], **_password_of_bob()),
    )
    values[f"code{of}"] = site.authorization_code(client.id, made.ann, REDIRECT)
    made.token(
        f"authorized{of}",
        redeem(site, client, site.authorization_code(client.id, made.ann, REDIRECT)),
        login,
    )
    renewed = made.refresh(f"refresh authorized{of}")
    values[f"renewed{of}"] = renewed.json["access_token"]
    made.token(
        f"password by authorized{of}",
        ask(site, token=values[f"renewed{of}"], **_password_of_bob()),
    )


def _make_at_the_page(made: Credentials) -> None:
    site, values = made.site, made.values

    async def work() -> None:
        database, ann = site.server.database, made.ann
        user = await database.stores.users.get(ann)
        assert user is not None
        values["session"] = await web_sessions.open_session(
            site.context(), user, user_agent="Browser"
        )
        found = await web_sessions.find_session(
            database.stores, values["session"], site.now_us
        )
        assert isinstance(found, WebSession)
        context = site.context(found.actor)
        own = await tokens.issue_personal_token(
            context, name="Mine", scopes=["view_room"]
        )
        room = await tokens.issue_room_token(context, name="Ops", room=made.ops)
        values["page's personal"] = own.token
        values["page's notifier"] = room[0].token

    asyncio.run(work())
    values["link"] = asyncio.run(
        password_links.create_password_link(site.operator_context(), made.ann)
    )


def revoke_authorization(made: Credentials, name: str) -> None:
    """End what a person allowed, as the page does it."""
    site = made.site

    async def work() -> None:
        stores = site.server.database.stores
        found = await web_sessions.find_session(
            stores, made.values["session"], site.now_us
        )
        refresh = await stores.tokens.refresh_by_hash(
            hash_token(made.values[f"refresh {name}"])
        )
        assert found is not None
        assert refresh is not None
        await tokens.revoke_authorization(site.context(found.actor), refresh.id)

    asyncio.run(work())


def revoke(made: Credentials, name: str) -> None:
    value = made.values[name]
    assert made.site.delete(f"/v2/oauth/token/{value}", token=value).status == 204


def record_of(made: Credentials, name: str) -> TokenRecord:
    stores = made.site.server.database.stores
    found = asyncio.run(find_token(stores, made.values[name], made.site.now_us))
    assert found is not None
    return found


def revoke_by_number(made: Credentials, name: str) -> None:
    number = record_of(made, name).id
    asyncio.run(tokens.revoke_token(made.site.operator_context(), number))


def delete_client(made: Credentials, client: AddedClient) -> None:
    asyncio.run(clients.delete_client(made.site.operator_context(), client.id))


def delete_user(made: Credentials, user: int) -> None:
    assert made.site.delete(f"/v2/user/{user}").status == 204


def delete_room(made: Credentials, room: int) -> None:
    asyncio.run(remove_room(made.site.operator_context(), room))


def change_password(made: Credentials, user: int) -> None:
    changes = UserChanges(password="another horse")
    asyncio.run(change_user(made.site.operator_context(), user, changes))


def pass_time(made: Credentials, seconds: float) -> None:
    made.site.clock[0] += seconds


OF_TOKEN = {
    "token",
    "personal",
    "personal of personal",
    "password",
    "refresh password",
    "personal of password",
    "webhook of token",
    "webhook of personal",
}
OF_AUTHORIZATION = {
    "authorized",
    "refresh authorized",
    "renewed",
    "password by authorized",
    "refresh password by authorized",
}
OF_CLIENT_TOKEN = {
    "client",
    "password by its token",
    "refresh password by its token",
}
OF_CLIENT = {
    *OF_CLIENT_TOKEN,
    *OF_AUTHORIZATION,
    "client for Ann",
    "password by client",
    "refresh password by client",
    "code",
}
IN_ROOM = {f"{name} in room" for name in OF_CLIENT} | {"notifier"}
OF_BOB = {
    "password",
    "refresh password",
    "personal of password",
    *(
        f"{before}password by {who}{after}"
        for before in ("", "refresh ")
        for who in ("client", "its token", "authorized")
        for after in ("", " in room")
    ),
}
OF_ANN = {
    *OF_TOKEN,
    *OF_AUTHORIZATION,
    *(f"{name} in room" for name in OF_AUTHORIZATION),
    "client for Ann",
    "client for Ann in room",
    "code",
    "code in room",
    "webhook of authorized",
    "page's personal",
    "session",
    "link",
}

EVENTS: dict[str, tuple[Callable[[Credentials], None], set[str]]] = {
    "nothing": (lambda made: None, set()),
    "a person's token is revoked": (lambda made: revoke(made, "token"), OF_TOKEN),
    "it is revoked by its number": (
        lambda made: revoke_by_number(made, "token"),
        OF_TOKEN,
    ),
    "a token in the middle is revoked": (
        lambda made: revoke(made, "personal"),
        {"personal", "personal of personal", "webhook of personal"},
    ),
    "a token expires": (
        lambda made: pass_time(made, HALF_AN_HOUR),
        {"token", "code", "code in room"},
    ),
    "a client's token is revoked": (
        lambda made: revoke(made, "client"),
        OF_CLIENT_TOKEN,
    ),
    "an authorized token is revoked": (
        lambda made: revoke(made, "renewed"),
        OF_AUTHORIZATION | {"webhook of authorized"},
    ),
    "an authorization is revoked": (
        lambda made: revoke_authorization(made, "authorized"),
        OF_AUTHORIZATION | {"webhook of authorized"},
    ),
    "the client is deleted": (
        lambda made: delete_client(made, made.client),
        OF_CLIENT | {"webhook of client", "webhook of authorized"},
    ),
    "the room's client is deleted": (
        lambda made: delete_client(made, made.room_client),
        IN_ROOM,
    ),
    "the room is deleted": (
        lambda made: delete_room(made, made.ops),
        IN_ROOM | {"page's notifier"},
    ),
    "the person is deleted": (lambda made: delete_user(made, made.ann), OF_ANN),
    "another person is deleted": (lambda made: delete_user(made, made.bob), OF_BOB),
    "the password is changed": (
        lambda made: change_password(made, made.ann),
        {"session", "link"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS)
def test_what_ends_and_what_stays(made: Credentials, event: str) -> None:
    happen, ended = EVENTS[event]
    assert ended <= made.values.keys()

    happen(made)

    assert made.values.keys() - made.good() == ended


def test_credentials_of_a_swept_token_stay_and_end_with_their_user(
    made: Credentials,
) -> None:
    database = made.site.server.database
    number = record_of(made, "token").id
    pass_time(made, HALF_AN_HOUR)
    now_us = made.site.now_us

    asyncio.run(database.write(lambda stores: stores.tokens.sweep(now_us)))
    asyncio.run(database.write(lambda stores: stores.grants.sweep(0, 1000)))

    assert asyncio.run(database.stores.tokens.get(number)) is None
    assert made.good() >= OF_TOKEN - {"token"}
    delete_user(made, made.ann)
    assert made.good().isdisjoint(OF_TOKEN)


def test_no_grant_is_left_of_deleted_credentials(made: Credentials) -> None:
    database = made.site.server.database
    for user in (made.ann, made.bob):
        delete_user(made, user)
    for client in (made.client, made.room_client):
        delete_client(made, client)
    delete_room(made, made.ops)

    asyncio.run(database.write(lambda stores: stores.grants.sweep(0, 1000)))

    left = made.site.sql("SELECT user_id, client_id FROM grants")
    assert left == [(1, None)]  # The administrator's own token.


def test_grants_are_swept_in_steps(made: Credentials) -> None:
    database = made.site.server.database

    async def add(stores: Stores) -> None:
        for _ in range(7):
            await stores.grants.add(user_id=made.ann)

    async def sweep() -> list[int]:
        positions = [0]
        while len(positions) == 1 or positions[-1]:
            step = partial(sweep_some, positions[-1])
            positions.append(await database.write(step))
        return positions

    async def sweep_some(position: int, stores: Stores) -> int:
        return await stores.grants.sweep(position, 5)

    before = made.site.sql("SELECT COUNT(*) FROM grants")
    asyncio.run(database.write(add))
    positions = asyncio.run(sweep())

    assert made.site.sql("SELECT COUNT(*) FROM grants") == before
    assert positions == [*sorted(positions[:-1]), 0]
    assert len(positions) > 4
    assert made.good() == made.values.keys()


def test_a_chain_of_tokens_of_any_length_ends_whole(site: Site) -> None:
    database = site.server.database

    async def command(stores: Stores) -> None:
        newest = await find_token(stores, site.token, site.now_us)
        assert newest is not None
        parent_id = newest.grant_id
        for _ in range(5_000):
            parent_id = await stores.grants.add(parent_id=parent_id, user_id=1)

    asyncio.run(database.write(command))

    assert site.delete(f"/v2/oauth/token/{site.token}").status == 204
    assert site.sql("SELECT id FROM grants") == []


@pytest.mark.parametrize(
    "name",
    ["authorized", "renewed", "client for Ann", "password by client",
     "password by its token", "password by authorized", "authorized in room"],
)  # fmt: skip
def test_a_token_issued_to_a_client_gets_no_personal_token(
    made: Credentials, name: str
) -> None:
    reply = ask(made.site, token=made.values[name], grant_type="personal")

    assert reply.status == 403
    assert "access_token" not in reply.json


@pytest.mark.parametrize(
    "name",
    [
        "password by client",
        "password by its token",
        "authorized",
        "password by authorized",
    ],
)
def test_a_refreshed_token_is_bound_to_what_the_first_was(
    made: Credentials, name: str
) -> None:
    first = record_of(made, f"{name} in room")

    made.token("again", made.refresh(f"refresh {name} in room"))

    again = record_of(made, "again")
    for member in ("kind", "group_id", "user_id", "client_id", "room_id", "scopes"):
        assert getattr(again, member) == getattr(first, member), member
    assert again.room_id == made.ops


def test_a_token_of_one_room_refreshes_to_tokens_of_that_room(site: Site) -> None:
    site.add_user("Bob")
    site.add_room("Ops")
    site.add_room("Other")
    token = site.client_token(["send_message", "view_room"], room="Ops")
    first = ask(site, token=token, **_password_of_bob()).json

    again = ask(
        site,
        token=site.token,
        grant_type="refresh_token",
        refresh_token=first["refresh_token"],
    ).json["access_token"]

    assert site.get("/v2/room/Ops", token=again).status == 200
    assert site.get("/v2/room/Other", token=again).status == 403


def test_a_refresh_token_is_for_the_client_that_it_was_issued_to(
    made: Credentials,
) -> None:
    own = basic(made.client.id, made.client.secret)
    other = basic(made.room_client.id, made.room_client.secret)

    def statuses(name: str) -> list[int]:
        form = {"grant_type": "refresh_token", "refresh_token": made.values[name]}
        return [
            ask(made.site, *login, token=token, **form).status
            for login, token in (
                ([own], None),
                ([other], None),
                ([], made.site.token),
                ([], None),
            )
        ]

    assert statuses("refresh authorized") == [200, 401, 401, 401]
    assert statuses("refresh password by client") == [200, 401, 401, 401]
    # Whoever came with a token alone may have no secret.
    assert statuses("refresh password by its token") == [200, 401, 200, 401]
    assert statuses("refresh password") == [401, 401, 200, 401]


def test_a_code_is_limited_to_the_room_that_the_client_had_at_consent(
    made: Credentials,
) -> None:
    site = made.site
    sql = "UPDATE oauth_clients SET room_id = ? WHERE id = ?"
    site.sql(sql, made.hooks, made.room_client.id)

    made.token("late", redeem(site, made.room_client, made.values["code in room"]))

    assert record_of(made, "late").room_id == made.ops


def test_a_token_that_ends_during_a_request_issues_none(
    made: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is revoked while the password is checked."""
    site, find = made.site, passwords.user_with_password
    operator = site.operator_context()

    async def find_and_revoke(*arguments: object) -> object:
        found = await find(*arguments)  # type: ignore[arg-type]  # as they came
        record = await find_token(
            site.server.database.stores, made.values["token"], site.now_us
        )
        assert record is not None
        await tokens.revoke_token(operator, record.id)
        return found

    monkeypatch.setattr(grants, "user_with_password", find_and_revoke)

    reply = ask(site, token=made.values["token"], **_password_of_bob())

    assert reply.status == 401
