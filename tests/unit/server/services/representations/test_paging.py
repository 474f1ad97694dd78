"""Pages, as old programs find their way through them."""

from __future__ import annotations

import pytest

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
