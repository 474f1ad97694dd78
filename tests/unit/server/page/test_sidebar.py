"""The list of conversations beside every page."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.server.page import sidebar
from hipkit.server.page.sidebar import (
    BY_NAME,
    NEWEST_FIRST,
    Sidebar,
    address_of,
    load_sidebar,
    show_count,
)
from hipkit.server.services.messages.unread import MOST_COUNTED
from tests.unit.server.asgi import Site


@pytest.fixture
def people(site: Site) -> Site:
    for name in ("ann", "bob", "carl", "dora"):
        site.add_user(name, mention_name=name)
    for name in ("beta", "Alpha", "gamma"):
        site.add_room(name)
    site.clock[0] += 60
    return site


def load(site: Site, name: str, sorting: str = BY_NAME) -> Sidebar:
    return asyncio.run(load_sidebar(site.context_of(name), sorting))


def say(site: Site, room: str) -> None:
    site.clock[0] += 1
    body = {"message": "x"}
    assert site.post(f"/v2/room/{room}/notification", body).status == 204


def whisper(site: Site, sender: str, other: str) -> None:
    site.clock[0] += 1
    token = site.add_token(user=f"@{sender}")
    path = f"/v2/user/@{other}/message"
    assert site.post(path, {"message": "x"}, token=token).status == 204


def test_rooms_are_sorted_by_name_or_by_their_last_message(people: Site) -> None:
    for room in ("beta", "gamma"):
        say(people, room)

    assert [one.name for one in load(people, "ann").rooms] == ["Alpha", "beta", "gamma"]
    newest = load(people, "ann", NEWEST_FIRST)
    assert [one.name for one in newest.rooms] == ["gamma", "beta", "Alpha"]


def test_private_chats_are_listed_for_their_two_users_the_latest_first(
    people: Site,
) -> None:
    whisper(people, "ann", "bob")
    whisper(people, "carl", "ann")

    found = load(people, "ann").chats
    assert [one.name for one in found] == ["carl", "bob"]
    assert address_of(found[0]) == f"/chats/{found[0].user_id}"
    assert load(people, "dora").chats == []


def test_old_chats_are_left_out_unless_something_in_them_is_unread(
    people: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidebar, "MOST_CHATS", 1)
    whisper(people, "ann", "bob")
    whisper(people, "carl", "ann")
    whisper(people, "ann", "dora")

    assert [one.name for one in load(people, "ann").chats] == ["dora", "carl"]


def test_what_is_unread_is_added_up_and_says_where_it_begins(people: Site) -> None:
    for room in ("beta", "beta", "gamma"):
        say(people, room)

    found = load(people, "ann")
    beta, alpha = found.rooms[1], found.rooms[0]
    assert found.unread == 3
    assert found.read_us(beta.conversation_id) == beta.read_us
    assert found.read_us(alpha.conversation_id) is None


def test_many_are_shown_as_more_than_ninety_nine() -> None:
    assert [show_count(number) for number in (0, 99, MOST_COUNTED)] == [
        "0",
        "99",
        "99+",
    ]
