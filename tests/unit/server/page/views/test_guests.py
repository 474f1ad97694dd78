"""Guests read along, as long as guest access is on, and see nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from hipkit.server.page.streams import feed
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


def set_guests(site: Site, room: int, *, on: bool, **members: object) -> None:
    whole = site.get(f"/v2/room/{room}").json
    change = {name: whole[name] for name in ("name", "topic", "privacy", "owner")}
    change |= {"is_archived": False, "is_guest_accessible": on, **members}
    assert site.put(f"/v2/room/{room}", change).status == 204


def say(site: Site, text: str) -> None:
    assert site.post("/v2/room/Ops/message", {"message": text}).status == 201


def address(site: Site, room: int) -> str:
    url: str = site.get(f"/v2/room/{room}").json["guest_access_url"]
    return urlsplit(url).path


@pytest.fixture
def room(site: Site) -> int:
    return site.add_room("Ops")


def test_guests_see_the_messages_since_access_was_enabled(
    site: Site, room: int, visitor: Visitor
) -> None:
    say(site, "before")
    set_guests(site, room, on=True)
    say(site, "after")

    page = visitor.get(address(site, room))

    assert page.status == 200
    assert ">after<" in page.text
    assert ">before<" not in page.text
    assert "<textarea" not in page.text


def test_no_part_of_the_history_has_earlier_messages(
    site: Site, room: int, visitor: Visitor
) -> None:
    say(site, "before")
    hidden = site.messages("Ops")[0]["id"]
    set_guests(site, room, on=True)
    say(site, "after")
    path = address(site, room)

    assert visitor.get(f"{path}?at={hidden}").status == 404
    for query in ("after=0", f"before={1 << 60}", "after=1"):
        assert ">before<" not in visitor.get(f"{path}/history?{query}").text


def test_a_reply_does_not_quote_an_earlier_message(
    site: Site, room: int, visitor: Visitor
) -> None:
    say(site, "the secret plan")
    hidden = site.messages("Ops")[0]["id"]
    set_guests(site, room, on=True)
    reply = {"message": "after", "parentMessageId": hidden}
    assert site.post("/v2/room/Ops/reply", reply).status == 204

    for part in ("", "/history"):
        text = visitor.get(address(site, room) + part).text
        assert ">after<" in text
        assert "the secret plan" not in text
        assert hidden not in text


def test_a_room_created_with_guest_access_shows_all_messages(
    site: Site, visitor: Visitor
) -> None:
    made = site.post("/v2/room", {"name": "Ops", "guest_access": True}).json["id"]
    say(site, "first")

    assert ">first<" in visitor.get(address(site, made)).text


@pytest.mark.parametrize("part", ["", "/history", "/feed"])
def test_the_address_ends_with_guest_access(
    site: Site, room: int, visitor: Visitor, part: str
) -> None:
    set_guests(site, room, on=True)
    path = address(site, room)
    set_guests(site, room, on=False)

    assert visitor.get(path + part).status == 404


def test_enabling_access_again_changes_address_and_beginning(
    site: Site, room: int, visitor: Visitor
) -> None:
    set_guests(site, room, on=True)
    say(site, "to the first guests")
    first = address(site, room)
    set_guests(site, room, on=False)
    set_guests(site, room, on=True)

    assert visitor.get(first).status == 404
    assert ">to the first guests<" not in visitor.get(address(site, room)).text


def test_access_enabled_in_an_archived_room_begins_there(
    site: Site, room: int, visitor: Visitor
) -> None:
    say(site, "before")
    set_guests(site, room, on=False, is_archived=True)
    set_guests(site, room, on=True, is_archived=True)
    set_guests(site, room, on=True)

    assert ">before<" not in visitor.get(address(site, room)).text


def test_a_deleted_room_has_no_guest_page(
    site: Site, room: int, visitor: Visitor
) -> None:
    set_guests(site, room, on=True)
    path = address(site, room)
    site.delete(f"/v2/room/{room}")

    assert visitor.get(path).status == 404


def test_the_room_page_shows_the_guest_address(
    site: Site, room: int, ann: Visitor
) -> None:
    set_guests(site, room, on=True)

    assert f"http://chat.test{address(site, room)}" in ann.get(f"/rooms/{room}").text


def test_the_guest_page_names_no_other_room(
    site: Site, room: int, visitor: Visitor
) -> None:
    site.add_room("Plans")
    set_guests(site, room, on=True)

    assert "Plans" not in visitor.get(address(site, room)).text


def test_guests_get_half_of_the_streams_at_most(
    site: Site, room: int, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_guests(site, room, on=True)
    monkeypatch.setattr(feed, "MOST_STREAMS", 0)

    full = visitor.get(f"{address(site, room)}/feed")

    assert full.status == 503
    assert "retry-after" in full.headers
    # Half of one place is none, and the one is for a person who signed in.
    monkeypatch.setattr(feed, "MOST_STREAMS", 1)
    assert visitor.get(f"{address(site, room)}/feed").status == 503
