"""Changes to rooms: names, owners and ids, archiving and deleting."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.rooms.changes import (
    RoomChanges,
    change_room,
    create_room,
    remove_room,
)
from hipkit.v2.rooms import CreateRoom
from tests.unit.server.asgi import Site


def full_update(**changes: object) -> dict[str, object]:
    return {
        "name": "Ops",
        "privacy": "public",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": 1},
        **changes,
    }


def test_a_name_is_taken_in_any_case(site: Site) -> None:
    site.post("/v2/room", {"name": "STRASSE"})

    reply = site.post("/v2/room", {"name": "straße"})

    assert reply.status == 400
    assert reply.error["message"] == "Another room exists with that name."


def test_an_invalid_name_is_rejected(site: Site) -> None:
    for name in ("", "   ", "a\nb", "a\x00b", "x" * 51):
        assert site.post("/v2/room", {"name": name}).status == 400, name


def test_participants_become_members_when_a_room_turns_private(site: Site) -> None:
    ann = site.add_user("Ann")
    token = site.add_token(user=ann)
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"}, token=token)

    site.put("/v2/room/Ops", full_update(privacy="private"))

    assert site.get("/v2/room/Ops", token=token).status == 200
    assert len(site.get("/v2/room/Ops/member").json["items"]) == 2


def test_an_archived_room_takes_no_messages(site: Site) -> None:
    site.add_room("Ops")
    site.put("/v2/room/Ops", full_update(is_archived=True))

    for target, body in (
        ("/v2/room/Ops/message", {"message": "x"}),
        ("/v2/room/Ops/notification", {"message": "x"}),
        ("/v2/room/Ops/share/link", {"link": "http://example.com"}),
    ):
        reply = site.post(target, body)
        assert reply.status == 403
        assert "archived" in reply.error["message"]
    assert site.put("/v2/room/Ops/topic", {"topic": "x"}).status == 403


def test_a_deleted_room_is_gone_and_its_name_free(site: Site) -> None:
    site.add_room("Ops")
    token = site.add_room_token("Ops")
    site.post("/v2/room/Ops/message", {"message": "hello"})

    assert site.delete("/v2/room/Ops").status == 204

    assert site.get("/v2/room/Ops").status == 404
    assert site.get("/v2/room/1").status == 404
    assert (
        site.post("/v2/room/1/notification", {"message": "x"}, token=token).status
        == 401
    )
    assert site.post("/v2/room", {"name": "Ops"}).status == 201
    assert site.messages("Ops") == []


@pytest.fixture
def people(site: Site) -> Site:
    """A server with a room of one user, another user, and an administrator."""
    for name in ("ann", "bob", "boss"):
        site.add_user(name, mention_name=name, is_group_admin=name == "boss")
    site.add_room("Mine", owner="@ann")
    return site


def test_only_the_operator_chooses_the_id_of_a_room(people: Site) -> None:
    with pytest.raises(ForbiddenError, match="operator"):
        asyncio.run(
            create_room(people.context_of("boss"), CreateRoom("Ops"), room_id=2656454)
        )

    asyncio.run(
        create_room(people.operator_context(), CreateRoom(" Ops "), room_id=2656454)
    )

    room = people.get("/v2/room/2656454").json
    assert (room["name"], room["owner"]["id"]) == ("Ops", 1)


def test_the_owner_of_a_new_room_is_the_one_named_or_the_actor(people: Site) -> None:
    ann = people.context_of("ann")

    asyncio.run(create_room(ann, CreateRoom("Own")))
    asyncio.run(create_room(ann, CreateRoom("Given", owner_user_id="@bob")))

    own, given = (people.get(f"/v2/room/{name}").json for name in ("Own", "Given"))
    assert own["owner"]["id"] == ann.actor.user_id
    assert given["owner"]["id"] == people.context_of("bob").actor.user_id
    with pytest.raises(InvalidValueError, match="owner_user_id"):
        asyncio.run(create_room(ann, CreateRoom("Nobody's", owner_user_id="@nobody")))


def test_rooms_are_archived_and_deleted_by_who_administers_them(people: Site) -> None:
    bob = people.context_of("bob")
    with pytest.raises(ForbiddenError):
        asyncio.run(change_room(bob, "Mine", RoomChanges(is_archived=True)))
    with pytest.raises(ForbiddenError):
        asyncio.run(remove_room(bob, "Mine"))

    ann = people.context_of("ann")
    archived = asyncio.run(change_room(ann, "Mine", RoomChanges(is_archived=True)))
    reopened = asyncio.run(
        change_room(people.operator_context(), "Mine", RoomChanges(is_archived=False))
    )
    assert (archived.is_archived, reopened.is_archived) == (True, False)
    assert archived.version != reopened.version
    assert asyncio.run(remove_room(ann, "Mine")).name == "Mine"
    with pytest.raises(NotFoundError):
        asyncio.run(remove_room(people.context_of("boss"), "Mine"))


def test_what_is_not_named_stays_as_it_is(people: Site) -> None:
    ann = people.context_of("ann")
    before = people.get("/v2/room/Mine?expand=owner").json

    changed = asyncio.run(change_room(ann, "Mine", RoomChanges(name=" Ours ")))
    asyncio.run(change_room(ann, changed.id, RoomChanges(owner="@bob")))

    after = people.get("/v2/room/Ours?expand=owner").json
    for name in ("topic", "privacy", "is_archived", "is_guest_accessible"):
        assert after[name] == before[name], name
    assert after["owner"]["id"] == people.context_of("bob").actor.user_id
    with pytest.raises(ForbiddenError):
        asyncio.run(change_room(ann, "Ours", RoomChanges(name="Back")))
    bob = people.context_of("bob")
    for changes in (
        RoomChanges(name="x" * 51),
        RoomChanges(owner="@nobody"),
        RoomChanges(name=""),
    ):
        with pytest.raises(InvalidValueError):
            asyncio.run(change_room(bob, "Ours", changes))


def test_an_archived_room_gets_a_topic_only_when_it_is_reopened(people: Site) -> None:
    ann = people.context_of("ann")
    asyncio.run(change_room(ann, "Mine", RoomChanges(is_archived=True)))

    with pytest.raises(ForbiddenError, match="archived"):
        asyncio.run(change_room(ann, "Mine", RoomChanges(topic="x")))
    reopened = RoomChanges(topic="x", is_archived=False)
    assert asyncio.run(change_room(ann, "Mine", reopened)).topic == "x"
