from __future__ import annotations

import pytest

from tests.unit.server.asgi import Site

LINKS = "http://chat.test/v2/room/1"


def test_a_full_room_has_every_recorded_member(site: Site) -> None:
    site.post("/v2/room", {"name": "Dev Ops"})

    room = site.get("/v2/room/1").json

    assert set(room) == {
        "id", "name", "privacy", "topic", "is_archived", "is_guest_accessible",
        "guest_access_url", "avatar_url", "created", "last_active", "version", "xmpp_jid",
        "owner", "participants", "statistics", "delegate_admin_visibility", "links",
    }  # fmt: skip
    assert room["guest_access_url"] is None
    assert room["last_active"] is None
    assert room["created"] == "2023-11-14T22:13:20+00:00"
    assert set(room["owner"]) == {"id", "name", "mention_name", "version", "links"}
    assert room["statistics"] == {"links": {"self": f"{LINKS}/statistics"}}
    assert set(room["links"]) == {"self", "webhooks", "participants"}


def test_a_listed_room_is_short(site: Site) -> None:
    site.post("/v2/room", {"name": "Dev Ops", "privacy": "private"})

    (room,) = site.get("/v2/room").json["items"]

    assert set(room) == {"id", "name", "privacy", "is_archived", "version", "links"}
    assert room["links"]["members"] == f"{LINKS}/member"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Ops", "1_ops@conf.chat.test"),
        ("Dev Ops 2", "1_dev_ops_2@conf.chat.test"),
        ("Größe", "1_größe@conf.chat.test"),
        ("dev_ops", "1_dev_ops-1@conf.chat.test"),
        ("***", "1____-1@conf.chat.test"),
    ],
)
def test_the_xmpp_address_of_a_room_is_derived_from_its_name(
    site: Site, name: str, address: str
) -> None:
    room = site.add_room(name)

    assert site.get(f"/v2/room/{room}").json["xmpp_jid"] == address


def test_no_two_rooms_have_one_xmpp_address(site: Site) -> None:
    names = ["a b", "a_b", "a-b", "a.b", "***", "+++", "a b 4", "a-b-2", "a_b-3"]

    rooms = [site.add_room(name) for name in names]

    found = {site.get(f"/v2/room/{room}").json["xmpp_jid"] for room in rooms}
    assert len(found) == len(names)
