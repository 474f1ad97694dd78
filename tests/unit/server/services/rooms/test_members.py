from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.rooms.members import add_auto_join
from tests.unit.server.asgi import Site


def test_a_user_who_posts_a_message_becomes_a_participant(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"}, token=site.add_token(user=ann))

    people = site.get("/v2/room/Ops/participant").json["items"]

    assert [person["name"] for person in people] == ["Administrator", "Ann"]


def test_a_notification_adds_no_participant(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    token = site.add_token(user=ann)
    site.post("/v2/room/Ops/notification", {"message": "hi"}, token=token)

    assert len(site.get("/v2/room/Ops/participant").json["items"]) == 1


@pytest.mark.parametrize("query", ["", "?expand=items"])
@pytest.mark.parametrize("is_private", [False, True])
def test_participants_are_listed_with_their_roles(
    site: Site, query: str, is_private: bool
) -> None:
    site.add_room("Ops", is_private=is_private)
    for name, roles in (("Ann", ["room_admin"]), ("Bob", [])):
        user_id = site.add_user(name)
        if roles or is_private:
            body = {"room_roles": roles}
            assert site.put(f"/v2/room/Ops/member/{user_id}", body).status == 204
        token = site.add_token(user=user_id)
        site.post("/v2/room/Ops/message", {"message": "hi"}, token=token)

    people = site.get(f"/v2/room/Ops/participant{query}").json["items"]

    assert {person["name"]: person["room_roles"] for person in people} == {
        "Administrator": ["room_admin", "room_member"],
        "Ann": ["room_admin"],
        "Bob": ["room_member"],
    }


def test_members_are_listed_with_their_roles(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)

    body = {"room_roles": ["room_admin"]}
    assert site.put("/v2/room/Secret/member/@Ann", body).status == 204

    items = site.get("/v2/room/Secret/member").json["items"]
    assert [item["room_roles"] for item in items] == [
        ["room_admin", "room_member"],
        ["room_admin"],
    ]
    everybody = site.get("/v2/room/Secret/participant?include-offline=true").json[
        "items"
    ]
    assert len(everybody) == 2
    assert len(site.get("/v2/room/Secret/participant").json["items"]) == 1


def test_a_member_can_be_added_without_a_body(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)

    assert site.put("/v2/room/Secret/member/ann@example.com").status == 204

    assert site.get("/v2/room/Secret/member").json["items"][1]["room_roles"] == [
        "room_member"
    ]


def test_an_unknown_role_is_rejected(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)

    reply = site.put("/v2/room/Secret/member/@Ann", {"room_roles": ["king"]})

    assert reply.status == 400
    assert reply.error["validation"] == "enum"


def test_a_member_can_be_removed_but_not_the_owner(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)
    site.put("/v2/room/Secret/member/@Ann")

    assert site.delete("/v2/room/Secret/member/@Ann").status == 204
    assert site.delete("/v2/room/Secret/member/@Ann").status == 404
    assert site.delete("/v2/room/Secret/member/1").status == 403


def test_users_are_invited_into_rooms_that_they_may_enter(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")
    site.add_room("Secret", is_private=True)

    assert site.post("/v2/room/Ops/invite/@Ann").status == 204
    assert site.post("/v2/room/Ops/invite/@Ann", {"reason": "come"}).status == 204
    assert site.post("/v2/room/Secret/invite/@Ann").status == 400
    assert site.post("/v2/room/Ops/invite/@Nobody").status == 404


def test_only_the_operator_adds_automatically_joined_rooms(site: Site) -> None:
    site.add_user("ann", mention_name="ann")
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    site.add_room("Ops")

    with pytest.raises(ForbiddenError, match="operator"):
        asyncio.run(add_auto_join(site.context_of("boss"), "@ann", "Ops"))
    for user, room in (("@nobody", "Ops"), ("@ann", "Nowhere")):
        with pytest.raises(NotFoundError):
            asyncio.run(add_auto_join(site.operator_context(), user, room))

    asyncio.run(add_auto_join(site.operator_context(), "@ann", "Ops"))

    path = "/v2/user/@ann/preference/auto-join"
    assert [room["name"] for room in site.get(path).json["items"]] == ["Ops"]
