from __future__ import annotations

import asyncio

import pytest

from tests.unit.server.asgi import Site, call
from tests.unit.server.services.senders.sending import (
    OLD,
    MakeSite,
    notify,
    relay_site,
    said,
)


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return relay_site(make_site, rooms={"777": "Dev Ops"}, new_rooms=3)


def room_names(site: Site) -> dict[int, str]:
    found = site.get("/v2/room").json["items"]
    return {room["id"]: room["name"] for room in found}


def test_a_room_that_a_message_names_is_made(site: Site) -> None:
    assert notify(site, "Build%20Farm").status == 204

    assert said(site, "Build%20Farm") == ["up"]


def test_letters_of_either_case_are_the_same_room(site: Site) -> None:
    notify(site, "Ops", "one")
    notify(site, "OPS", "two")
    notify(site, "%20ops%20", "three")

    assert len(room_names(site)) == 1
    assert sorted(said(site, "ops")) == ["one", "three", "two"]


def test_a_room_that_is_named_by_its_id_gets_that_id(site: Site) -> None:
    assert notify(site, "12345").status == 204
    assert notify(site, "12345", "again").status == 204

    assert room_names(site) == {12345: "Room 12345"}


def test_spaces_around_an_id_make_no_name_of_it(site: Site) -> None:
    assert notify(site, "%2012345%20").status == 204
    assert notify(site, "12345").status == 204

    assert room_names(site) == {12345: "Room 12345"}


def test_the_settings_name_rooms_of_known_ids(site: Site) -> None:
    notify(site, "777", "by id")
    notify(site, "Dev%20Ops", "by name")

    assert room_names(site) == {777: "Dev Ops"}
    assert sorted(said(site, "777")) == ["by id", "by name"]


def test_an_id_and_its_name_are_one_room_whichever_comes_first(site: Site) -> None:
    notify(site, "dev%20ops", "by name")
    notify(site, "777", "by id")

    assert len(room_names(site)) == 1
    assert sorted(said(site, "Dev%20Ops")) == ["by id", "by name"]


def test_a_room_made_by_name_gets_no_id_that_hipchat_had(site: Site) -> None:
    notify(site, "One")
    notify(site, "Two")
    notify(site, "1")

    assert room_names(site) == {
        1: "Room 1",
        1_000_000_000: "One",
        1_000_000_001: "Two",
    }


def test_a_name_that_is_taken_gets_a_number(site: Site) -> None:
    notify(site, "Room%205", "by name")
    notify(site, "5", "by id")

    assert room_names(site) == {5: "Room 5 (2)", 1_000_000_000: "Room 5"}


@pytest.mark.parametrize("room", ["0", "1000000000", "9" * 18])
def test_a_number_that_hipchat_never_gave_makes_no_room(site: Site, room: str) -> None:
    assert notify(site, room).status == 404
    assert room_names(site) == {}


@pytest.mark.parametrize("room", ["x" * 51, "a%0Ab", "%20", "9" * 60])
def test_what_is_no_name_makes_no_room(site: Site, room: str) -> None:
    assert notify(site, room).status in (400, 404)
    assert room_names(site) == {}


def test_so_many_rooms_are_made_and_no_more(site: Site) -> None:
    for name in ("a", "b", "c"):
        assert notify(site, name).status == 204

    refused = notify(site, "d")

    assert refused.status == 507
    assert "new_rooms" in refused.error["message"]
    assert notify(site, "a").status == 204
    target = f"/v1/rooms/message?auth_token={OLD}&room_id=e&from=x&message=y"
    v1 = site.post(target, token=None)
    assert v1.status == 507
    assert "new_rooms" in v1.error["message"]
    assert site.post("/v2/room", {"name": "f"}, token=OLD).status == 507
    assert site.get("/v2/room/g", token=OLD).status == 507


def test_a_deleted_room_makes_place_for_another_but_not_for_its_id(site: Site) -> None:
    for name in ("7", "b", "c"):
        notify(site, name)
    site.delete("/v2/room/7")

    assert notify(site, "7").status == 404
    assert notify(site, "d").status == 204
    assert notify(site, "e").status == 507


def test_rooms_of_the_operator_do_not_count(site: Site) -> None:
    for number in range(4):
        site.add_room(f"Mine {number}")

    assert notify(site, "theirs").status == 204


def test_no_room_is_left_of_a_message_that_is_refused(site: Site) -> None:
    body = {"message": "x", "attach_to": "0" * 37}

    assert site.post("/v2/room/Ops/notification", body, token=OLD).status == 400
    assert room_names(site) == {}


def test_a_room_is_made_once_by_two_at_once(site: Site) -> None:
    headers = [("Host", site.host), ("Authorization", f"Bearer {OLD}")]
    headers.append(("Content-Type", "application/json"))

    async def both() -> None:
        await asyncio.gather(
            *(
                call(
                    site.server,
                    "POST",
                    f"/v2/room/{name}/notification".encode(),
                    headers,
                    [b'{"message": "x"}'],
                )
                for name in ("Ops", "ops", "OPS", "42", "42")
            )
        )

    asyncio.run(both())

    assert len(room_names(site)) == 2
    assert (len(said(site, "Ops")), len(said(site, "42"))) == (3, 2)


def test_a_private_room_takes_only_senders_who_are_members(site: Site) -> None:
    site.add_room("Board", is_private=True)
    assert notify(site, "Board").status == 403

    site.put("/v2/room/Board/member/@Relay", {})

    assert notify(site, "Board").status == 204


def test_an_archived_room_takes_nothing(site: Site) -> None:
    notify(site, "Old")
    room = site.get("/v2/room/Old").json
    changes = {"name": "Old", "privacy": "public", "is_archived": True}
    others = {"is_guest_accessible": False, "topic": "", "owner": {"id": 1}}
    assert site.put(f"/v2/room/{room['id']}", changes | others).status == 204

    assert notify(site, "Old").status == 403


def test_looking_a_room_up_makes_it(site: Site) -> None:
    found = site.get("/v2/room/Ops", token=OLD)

    assert (found.status, found.json["name"]) == (200, "Ops")
    assert notify(site, str(found.json["id"])).status == 204
    shown = site.get(f"/v1/rooms/show?room_id=Ops&auth_token={OLD}", token=None)
    assert shown.json["room"]["room_id"] == found.json["id"]


def test_what_only_reads_makes_no_room(site: Site) -> None:
    """No program of API v1 posts into what it looks up: it posts by name."""
    shown = site.get(f"/v1/rooms/show?room_id=Ops&auth_token={OLD}", token=None)
    tried = site.get("/v2/room/Ops?auth_test=true", token=OLD)

    assert (shown.status, tried.status) == (404, 202)
    assert site.get("/v2/room/Ops").status == 404


def test_only_senders_make_rooms_by_naming_them(site: Site) -> None:
    assert notify(site, "Ops", token="").status == 404
    assert site.get("/v2/room/Ops").status == 404


def test_a_topic_makes_the_room_and_changes_that_of_others(site: Site) -> None:
    site.add_room("Mine")

    for room in ("Mine", "New"):
        reply = site.put(f"/v2/room/{room}/topic", {"topic": "quiet"}, token=OLD)
        assert reply.status == 204
        assert said(site, room) == ["quiet"]


def test_a_room_that_is_created_belongs_to_its_sender(site: Site) -> None:
    new = {"name": "Ops", "owner_user_id": 1}

    made = site.post("/v2/room", new, token=OLD)

    assert made.status == 201
    assert site.get("/v2/room/Ops").json["owner"]["name"] == "Relay"
    assert site.post("/v2/room", new, token=OLD).status == 400


def test_no_program_lets_guests_in_nor_learns_how(site: Site) -> None:
    made = site.post("/v2/room", {"name": "A", "guest_access": True}, token=OLD)
    site.add_room("Open", guest_access=True)

    assert made.status == 201
    assert site.get("/v2/room/A").json["is_guest_accessible"] is False
    assert site.get("/v2/room/Open").json["guest_access_url"] is not None
    for target in ("/v2/room/Open", "/v2/room?expand=items"):
        assert b"guest_access_url" in site.get(target).body
        assert site.get("/v2/room/Open").json["guest_access_url"].encode() not in (
            site.get(target, token=OLD).body
        )


@pytest.mark.parametrize("parent", ["card-1", "0f0e9d5a-0000-4000-8000-000000000001"])
def test_what_belongs_to_an_unknown_message_or_a_card_is_posted(
    site: Site, parent: str
) -> None:
    """HipChat had it, or it is not kept any more; the text is what matters."""
    attached = {"message": "one", "attach_to": parent}
    reply = {"message": "two", "parentMessageId": parent}

    for path, body in (("notification", attached), ("reply", reply)):
        assert site.post(f"/v2/room/Ops/{path}", body, token=OLD).status == 204
        assert site.post(f"/v2/room/Ops/{path}", body).status in (400, 404)
    assert sorted(said(site, "Ops")) == ["one", "two"]
    shown = site.get("/v2/room/Ops/history").json["items"]
    assert {item.get("attach_to") for item in shown} == {parent}
