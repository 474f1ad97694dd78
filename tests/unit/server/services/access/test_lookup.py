"""Who sees what of rooms and people; operation by operation it is `test_who_may_do_what.py`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import browser_actor
from hipkit.server.services.access.authentication import identify
from hipkit.server.services.access.lookup import (
    chatting_user,
    check_group_admin,
    check_may_read,
    check_operator,
    find_active_user,
    find_room_to_administer,
    find_user,
    list_hidden_rooms,
    own_user,
    row_id,
)
from hipkit.server.services.access.scopes import SCOPES
from tests.unit.server.asgi import FORM, Site, basic
from tests.unit.server.two_groups import World


def test_private_rooms_are_listed_for_their_members_and_administrators(
    site: Site,
) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    site.add_room("Open")
    site.add_room("Secret", is_private=True)
    site.put("/v2/room/Secret/member/@Ann")

    for token, count in (
        (site.token, 2),
        (site.add_token(user=ann), 2),
        (site.add_token(user=bob), 1),
        (site.client_token(["view_room"]), 2),
    ):
        assert len(site.get("/v2/room", token=token).json["items"]) == count


def test_rooms_are_hidden_from_who_may_not_see_them(site: Site) -> None:
    for name in ("ann", "bob"):
        site.add_user(name, mention_name=name)
    site.add_user("gus", mention_name="gus", is_guest=True)
    secret = site.add_room("Secret", is_private=True, owner="@ann")
    public = site.add_room("Open")
    deleted = site.add_room("Gone", is_private=True, owner="@ann")
    site.delete("/v2/room/Gone")

    for name, hidden in (
        ("ann", set()),
        ("bob", {secret}),
        ("gus", {secret, public}),
    ):
        user = asyncio.run(site.server.database.stores.users.by_mention(1, name))
        assert user is not None
        context = site.context(browser_actor(user))
        rooms = [secret, public, deleted]
        assert asyncio.run(list_hidden_rooms(context, rooms)) == hidden


ACCEPTED = {
    "success": {
        "code": 202,
        "type": "Accepted",
        "message": "This auth_token has access to use this method.",
    }
}


def test_auth_test_accepts_and_does_nothing(site: Site) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/message?auth_test=true", {"message": "x"})

    assert (reply.status, reply.json) == (202, ACCEPTED)
    assert site.messages("Ops") == []
    deletion = site.delete("/v2/room/Ops?auth_test=true")
    assert (deletion.status, deletion.json) == (202, ACCEPTED)
    assert site.get("/v2/room/Ops").status == 200
    poor = site.add_token(scopes=["view_room"])
    assert site.delete("/v2/room/Ops?auth_test=true", token=poor).status == 403
    assert site.delete("/v2/room/Ops?auth_test=true", token=None).status == 401


def test_a_token_may_be_in_the_query(site: Site) -> None:
    assert site.get(f"/v2/room?auth_token={site.token}", token=None).status == 200


def test_a_token_of_one_room_has_no_rights_in_the_group(site: Site) -> None:
    site.add_room("Ops")
    ann = site.add_user("Ann", is_group_admin=True)
    client = site.add_client(
        ["view_group", "send_message", "view_messages"], room="Ops"
    )
    form = b"grant_type=client_credentials&username=@Ann"
    token = site.send(
        "POST",
        "/v2/oauth/token",
        body=form,
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).json["access_token"]

    assert (
        site.post("/v2/room/Ops/message", {"message": "x"}, token=token).status == 201
    )
    for method, path in (
        ("GET", "/v2/room"),
        ("POST", "/v2/user/1/message"),
        ("GET", "/v2/user/1/history"),
        ("GET", f"/v2/user/{ann}/preference/auto-join"),
    ):
        assert site.send(method, path, token=token).status == 403, path
    with pytest.raises(BadRequestError, match="admin_group"):
        site.add_client(["admin_group"], room="Ops")


def test_users_of_another_group_are_not_found(shared: World) -> None:
    site, stranger = shared.site, shared.second.ids["ann"]
    for reference in (str(stranger), "@ann2", "ann2@example.com"):
        with shared.stays_as_it_is():
            assert site.get(f"/v2/user/{reference}").status == 404
            message = {"message": "x"}
            assert site.post(f"/v2/user/{reference}/message", message).status == 404


def test_groups_may_use_the_same_names(world: World) -> None:
    for part in (world.first, world.second):
        made = world.site.post(
            "/v2/room", {"name": "Elsewhere"}, token=part.tokens["admin"]
        )
        assert made.status == 201
    assert world.site.delete("/v2/room/Elsewhere").status == 204
    token = world.second.tokens["admin"]
    assert world.site.get("/v2/room/Elsewhere", token=token).status == 200


def test_only_the_operator_passes_the_check_for_it(site: Site) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    stores = site.server.database.stores
    addon = asyncio.run(identify(stores, site.client_token(SCOPES), site.now_us))

    for actor in (site.context_of("boss").actor, addon):
        with pytest.raises(ForbiddenError):
            check_operator(actor)

    check_operator(site.operator_context().actor)


def test_group_administrators_addons_and_the_operator_administer_the_group(
    site: Site,
) -> None:
    site.add_user("ann", mention_name="ann")
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    stores = site.server.database.stores
    addon = asyncio.run(identify(stores, site.client_token(SCOPES), site.now_us))

    with pytest.raises(ForbiddenError):
        check_group_admin(site.context_of("ann").actor)
    for actor in (
        site.context_of("boss").actor,
        site.operator_context().actor,
        addon,
    ):
        check_group_admin(actor)


def test_deleted_users_are_found_by_id_but_are_not_active(site: Site) -> None:
    ann = site.add_user("Ann")
    stores, actor = site.server.database.stores, site.operator_context().actor
    assert asyncio.run(find_active_user(stores, actor, "@Ann")).id == ann
    site.delete("/v2/user/@Ann")

    assert asyncio.run(find_user(stores, actor, ann)).is_deleted
    for reference in (ann, "@Ann", 99):
        with pytest.raises(NotFoundError):
            asyncio.run(find_active_user(stores, actor, reference))


def test_the_operator_finds_private_rooms_and_administers_them(site: Site) -> None:
    secret = site.add_room("Secret", is_private=True)
    stores, actor = site.server.database.stores, site.operator_context().actor

    for reference in (secret, str(secret), "secret", " Secret "):
        room = asyncio.run(find_room_to_administer(stores, actor, reference))
        assert room.id == secret


def test_a_private_chat_is_read_by_its_two_users_only(world: World) -> None:
    site, first = world.site, world.first
    stores = site.server.database.stores
    ann, bob = (site.context_of(name).actor for name in ("ann1", "bob1"))
    chat = asyncio.run(
        site.server.database.write(
            lambda stores: stores.messages.open_private_conversation(
                1, first.ids["ann"], first.ids["bob"]
            )
        )
    )

    for actor in (ann, bob):
        asyncio.run(check_may_read(stores, actor, chat))
    admin = asyncio.run(stores.users.get(1))
    assert admin is not None
    others = [
        browser_actor(admin),
        site.operator_context().actor,
        replace(ann, room_id=first.ids["open"]),
        site.context_of("ann2", world.second.number).actor,
        browser_actor(structs.replace(own_user(ann), is_guest=True)),
    ]
    for actor in others:
        with pytest.raises(NotFoundError):
            asyncio.run(check_may_read(stores, actor, chat))


def test_a_rooms_messages_are_read_by_those_who_may_see_the_room(site: Site) -> None:
    for name in ("ann", "bob"):
        site.add_user(name, mention_name=name)
    secret = site.add_room("Secret", is_private=True, owner="@ann")
    stores = site.server.database.stores
    room = asyncio.run(stores.rooms.get(secret))
    assert room is not None

    asyncio.run(
        check_may_read(stores, site.context_of("ann").actor, room.conversation_id)
    )
    bob = site.context_of("bob").actor
    with pytest.raises(ForbiddenError):
        asyncio.run(check_may_read(stores, bob, room.conversation_id))
    with pytest.raises(NotFoundError):
        asyncio.run(check_may_read(stores, bob, 999))


def test_guests_and_addons_have_no_private_chats(site: Site) -> None:
    site.add_user("ann", mention_name="ann")
    site.add_user("gil", mention_name="gil", is_guest=True)
    operator = site.operator_context().actor

    assert chatting_user(site.context_of("ann").actor).mention_name == "ann"
    assert own_user(site.context_of("gil").actor).mention_name == "gil"
    with pytest.raises(ForbiddenError, match="Guests have no private chats"):
        chatting_user(site.context_of("gil").actor)
    for check in (own_user, chatting_user):
        with pytest.raises(ForbiddenError, match="needs a user's token"):
            check(operator)


@pytest.mark.parametrize(
    ("reference", "number"),
    [(7, 7), ("8", 8), ("007", 7), ("\u0667", None), ("-7", None), ("7a", None),
     ("1" * 18, int("1" * 18)), ("1" * 19, None), ("", None)],
)  # fmt: skip
def test_an_id_is_a_number_that_a_database_can_store(
    reference: str | int, number: int | None
) -> None:
    assert row_id(reference) == number
