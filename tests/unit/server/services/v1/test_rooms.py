"""Rooms and their histories by API v1."""

from __future__ import annotations

from tests.unit.server.asgi import Site
from tests.unit.server.http.dialects.test_v1 import form, get, message


def test_rooms_are_listed(site: Site) -> None:
    room_id = site.add_room("Ops", topic="Chef")
    site.add_room("Hidden", is_private=True)
    form(site, "rooms/message", **message())

    ops, hidden = get(site, "rooms/list").json["rooms"]

    assert ops.pop("created") > 0
    assert ops.pop("last_active") > 0
    assert ops.pop("xmpp_jid").endswith("@conf.chat.test")
    assert ops == {
        "room_id": room_id,
        "name": "Ops",
        "topic": "Chef",
        "owner_user_id": 1,
        "is_archived": False,
        "is_private": False,
        "guest_access_url": "",
    }
    assert (hidden["is_private"], hidden["last_active"]) == (True, 0)


def test_a_room_has_its_participants_and_members(site: Site) -> None:
    site.add_room("Ops", is_private=True)
    site.post("/v2/room/Ops/message", {"message": "I am here"})

    room = get(site, "rooms/show", room_id="Ops").json["room"]

    assert room["guest_access_url"] is None
    assert room["participants"] == [{"user_id": 1, "name": "Administrator"}]
    assert 1 in room["member_user_ids"]


def test_a_room_is_created_and_deleted(site: Site) -> None:
    made = form(
        site,
        "rooms/create",
        name="Development",
        owner_user_id=1,
        topic="Go",
        guest_access=1,
        privacy="public",
    )
    room = made.json["room"]

    assert made.status == 200
    assert (room["name"], room["topic"], room["owner_user_id"]) == (
        "Development",
        "Go",
        1,
    )
    assert room["guest_access_url"].startswith("http://chat.test/")
    assert "participants" not in room
    gone = form(site, "rooms/delete", room_id=room["room_id"])
    assert (gone.status, gone.json) == (200, {"deleted": True})
    assert get(site, "rooms/show", room_id=room["room_id"]).status == 404


def test_a_taken_name_is_rejected(site: Site) -> None:
    site.add_room("Ops")

    reply = form(site, "rooms/create", name="ops", owner_user_id=1)

    assert (reply.status, reply.error["message"]) == (
        400,
        "Another room exists with that name.",
    )


def test_a_topic_is_changed_in_the_name_of_a_program(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(["admin_room", "view_messages"])

    reply = form(site, "rooms/topic", token, room_id="Ops", topic="x", **{"from": "CI"})

    assert (reply.status, reply.json) == (200, {"status": "ok"})
    (change,) = get(site, "rooms/history", room_id="Ops", date="recent").json[
        "messages"
    ]
    assert change["from"] == {"name": "CI", "user_id": "api"}


def test_a_history_has_dates_and_senders_as_v1_had_them(site: Site) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "by hand"})
    form(site, "rooms/message", **message(message="by program"))

    reply = get(site, "rooms/history", room_id="Ops", date="recent", timezone="UTC")

    by_hand, by_program = reply.json["messages"]
    assert by_hand == {
        "date": "2023-11-14T22:13:20+0000",
        "from": {"name": "Administrator", "user_id": 1},
        "message": "by hand",
    }
    assert by_program["from"] == {"name": "Alerts", "user_id": "api"}
