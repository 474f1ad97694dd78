"""Who acts: what each kind of actor may do, and what limits count it by."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from hipkit.server.services.access.actor import (
    Actor,
    browser_actor,
    effective_scopes,
    operator,
    token_actor,
    webhook_actor,
)
from hipkit.server.services.access.authentication import find_token
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.services.rooms.publishing import sender_of
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord
from tests.unit.server.asgi import Site

SAME = 7
"""One number for everything: tokens, people and webhooks are numbered apart."""

HOOK = {"url": "http://receiver.test/", "event": "room_message", "key": "hook"}


@pytest.fixture
def token(site: Site) -> TokenRecord:
    found = asyncio.run(
        find_token(site.server.database.stores, site.token, site.now_us)
    )
    assert found is not None
    return replace(found, id=SAME)


@pytest.fixture
def user(site: Site) -> UserRecord:
    number = site.add_user("Ann Other")
    found = asyncio.run(site.server.database.stores.users.get(number))
    assert found is not None
    return replace(found, id=SAME)


@pytest.fixture
def client(site: Site) -> ClientRecord:
    made = site.add_client(scopes=["send_notification"])
    found = asyncio.run(site.server.database.stores.clients.get(made.id))
    assert found is not None
    return found


@pytest.fixture
def webhook(site: Site) -> WebhookRecord:
    site.add_room("Ops")
    assert site.post("/v2/room/Ops/webhook", HOOK).status == 201
    found = asyncio.run(site.server.database.stores.webhooks.get(1))
    assert found is not None
    return replace(found, id=SAME)


def test_every_actor_is_counted_by_a_key_of_its_own(
    token: TokenRecord, user: UserRecord, client: ClientRecord, webhook: WebhookRecord
) -> None:
    actors = [
        token_actor(token, user, None),
        token_actor(replace(token, id=SAME + 1), user, None),
        browser_actor(user),
        webhook_actor(webhook, user),
        webhook_actor(replace(webhook, id=SAME + 1), client),
        operator(user.group_id),
    ]

    assert len({actor.limit_key for actor in actors}) == len(actors)
    assert [actor.kind for actor in actors if actor.token is not None] == ["token"] * 2


def test_a_webhook_may_only_notify_and_only_where_its_client_may(
    user: UserRecord, client: ClientRecord, webhook: WebhookRecord
) -> None:
    bound = replace(client, room_id=3)
    actors = [webhook_actor(webhook, owner) for owner in (user, client, bound)]

    assert [actor.scopes for actor in actors] == [{"send_notification"}] * 3
    assert [actor.room_id for actor in actors] == [None, None, 3]
    assert [actor.user_id for actor in actors] == [SAME, None, None]
    assert [actor.client_id for actor in actors] == [None, client.id, client.id]


@pytest.mark.parametrize("is_admin", [True, False])
def test_user_and_rights_are_those_of_the_user(
    token: TokenRecord, user: UserRecord, *, is_admin: bool
) -> None:
    person = replace(user, is_group_admin=is_admin, is_guest=not is_admin)

    for actor in (browser_actor(person), token_actor(token, person, None)):
        assert actor.is_group_admin is is_admin
        assert actor.is_guest is not is_admin
        assert (actor.user_id, actor.name) == (SAME, "Ann Other")
    assert token_actor(token, person, None).grant_id == token.grant_id
    assert browser_actor(person).grant_id is None


def test_a_token_of_one_room_has_no_scopes_over_the_group(
    token: TokenRecord, user: UserRecord
) -> None:
    scopes = replace(token, scopes="admin_group manage_rooms view_room")
    admin = replace(user, is_group_admin=True)

    for room_id, expected in (
        (None, {"admin_group", "manage_rooms", "view_room"}),
        (3, {"view_room"}),
    ):
        assert effective_scopes(replace(scopes, room_id=room_id), admin) == expected
        assert effective_scopes(replace(scopes, room_id=room_id), None) == expected
    assert effective_scopes(scopes, user) == {"manage_rooms", "view_room"}


def test_the_operator_has_all_rights_and_no_name_in_messages(user: UserRecord) -> None:
    actor = operator(user.group_id)

    assert actor.scopes == SCOPES.keys()
    assert sender_of(actor, Addresses("http://chat.test")) is None


def test_a_token_without_user_or_client_is_shown_by_its_own_name(
    token: TokenRecord,
) -> None:
    actor: Actor = token_actor(replace(token, name="CI", user_id=None), None, None)

    sender = sender_of(actor, Addresses("http://chat.test"))
    assert sender is not None
    assert sender.name == actor.name == "CI"
