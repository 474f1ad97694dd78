from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import NotFoundError
from hipkit.server.services.rooms.guests import GuestRoom, find_guest_room
from tests.unit.server.asgi import Site

OPEN = {
    "name": "Ops",
    "privacy": "public",
    "is_archived": False,
    "is_guest_accessible": True,
    "topic": "",
    "owner": {"id": 1},
}


def guest_key(site: Site) -> str:
    url: str = site.get("/v2/room/Ops").json["guest_access_url"]
    return url.rpartition("/")[2]


def find(site: Site, key: str) -> GuestRoom:
    return asyncio.run(find_guest_room(site.server.database.stores, key))


def test_guests_read_from_the_message_that_switched_access_on(site: Site) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "before"})
    site.put("/v2/room/Ops", OPEN)

    found = find(site, guest_key(site))

    before, switched = site.messages("Ops")
    assert found.room.name == "Ops"
    assert before["date"] < switched["date"]
    assert f"{found.since_us % 1_000_000:06}" in switched["date"]


def test_guests_of_a_room_that_was_created_with_access_read_all_of_it(
    site: Site,
) -> None:
    site.post("/v2/room", {"name": "Ops", "guest_access": True})

    found = find(site, guest_key(site))

    assert found.since_us == found.room.created_us


def test_a_key_is_invalid_once_access_is_off(site: Site) -> None:
    site.post("/v2/room", {"name": "Ops", "guest_access": True})
    key = guest_key(site)
    site.put("/v2/room/Ops", {**OPEN, "is_guest_accessible": False})

    for invalid in (key, "", "unknown"):
        with pytest.raises(NotFoundError):
            find(site, invalid)
