"""Pages, as old programs find their way through them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.services.representations.paging import Slice
from hipkit.v2.models import Room, RoomPage
from hipkit.v2.rooms import GetAllRooms
from tests.unit.server.asgi import Site


@pytest.mark.parametrize("query", ["", "?max-results=1", "?start-index=1"])
def test_a_pages_own_address_is_the_lists_without_a_query(
    site: Site, query: str
) -> None:
    """HypChat knows a list by that address, and offers its methods only then."""
    site.add_room("Ops")
    site.add_room("Dev")

    page = site.get(f"/v2/room{query}").json

    assert page["links"]["self"] == "http://chat.test/v2/room"


def test_a_dated_historys_own_address_has_no_query(site: Site) -> None:
    site.add_room("Ops")

    page = site.get("/v2/room/Ops/history?date=2023-11-15&timezone=UTC").json

    assert page["links"]["self"] == "http://chat.test/v2/room/1/history"


def test_a_page_links_to_its_neighbours(site: Site) -> None:
    for number in range(5):
        site.add_room(f"Room {number}")

    page = site.get("/v2/room?start-index=2&max-results=2").json

    assert [room["id"] for room in page["items"]] == [3, 4]
    assert (page["startIndex"], page["maxResults"]) == (2, 2)
    assert "start-index=0" in page["links"]["prev"]
    assert page["links"]["next"].startswith("http://chat.test/v2/room?")
    assert "start-index=4" in page["links"]["next"]


def test_following_next_visits_each_room_once(site: Site) -> None:
    for number in range(7):
        site.add_room(f"Room {number}")
    target, seen = "/v2/room?max-results=3", []

    while target:
        page = site.get(target).json
        seen += [room["id"] for room in page["items"]]
        target = page["links"].get("next", "").removeprefix("http://chat.test")

    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_of_no_results_has_no_next(site: Site) -> None:
    site.add_room("Ops")

    page = site.get("/v2/room?max-results=0").json

    assert page["items"] == []
    assert "next" not in page["links"]


def page_of(part: Slice, rooms: list[Room]) -> RoomPage:
    found = rooms[part.start : part.start + part.count]
    return part.page(RoomPage, found, list(part.items(found)))


@given(st.integers(0, 12), st.integers(0, 5), st.integers(0, 15))
def test_a_page_has_the_neighbours_that_the_list_has(
    length: int, size: int, start: int
) -> None:
    rooms = [Room(id=number) for number in range(length)]
    part = Slice.of("/room", GetAllRooms(start_index=start, max_results=size))

    page = page_of(part, rooms)

    assert page.items == rooms[start : start + size]
    assert page.links is not None
    assert (page.links.next is not None) == (size > 0 and start + size < length)
    assert (page.links.prev is not None) == (size > 0 and start > 0)


def test_links_to_neighbours_repeat_what_the_request_chose() -> None:
    request = GetAllRooms(start_index=1, max_results=2, expand=["items", "items.owner"])
    part = Slice.of("/room", request, {"include-private": True, "type": "all"})

    page = page_of(part, [Room(id=number) for number in range(9)])

    assert page.links is not None
    for address, start in ((page.links.prev, "0"), (page.links.next, "3")):
        assert parse_qs(urlsplit(address or "").query) == {
            "include-private": ["true"],
            "type": ["all"],
            "expand": ["items,items.owner"],
            "start-index": [start],
            "max-results": ["2"],
        }


def test_a_list_on_one_page_is_read_without_a_further_item() -> None:
    part = Slice(address="/room/1/history", size=75, has_neighbours=False)

    assert part.count == 75


def test_a_start_beyond_every_number_fits_into_a_database() -> None:
    assert Slice.of("/room", GetAllRooms(start_index=10**30)).start < 1 << 63
