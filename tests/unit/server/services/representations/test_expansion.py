from __future__ import annotations

from tests.unit.server.asgi import Site


def test_expanded_items_are_in_full_down_to_the_named_member(site: Site) -> None:
    site.add_room("Ops")

    (room,) = site.get("/v2/room?expand=items.owner").json["items"]

    assert room["owner"]["email"] == "admin@example.com"
