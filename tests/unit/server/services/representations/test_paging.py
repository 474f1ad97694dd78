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
