from __future__ import annotations

from hipkit.server.services.representations.expansion import Expansion
from tests.unit.server.asgi import Site


def test_naming_a_member_names_those_around_it() -> None:
    expand = Expansion(["items.owner.group", " items.statistics "])

    assert set(expand) == {
        "items",
        "items.owner",
        "items.owner.group",
        "items.statistics",
    }
    assert set(expand.below("items")) == {"owner", "owner.group", "statistics"}
    assert set(expand.below("items").below("owner")) == {"group"}
    assert expand.below("item") == Expansion()


def test_nothing_is_expanded_without_paths() -> None:
    assert not Expansion(None)
    assert not Expansion([])
    assert "items" not in Expansion(["itemsowner"])


def test_paths_after_the_twentieth_are_ignored() -> None:
    expand = Expansion([f"items.m{number}" for number in range(30)])

    assert "items.m19" in expand
    assert "items.m20" not in expand


def test_expanded_items_are_in_full_down_to_the_named_member(site: Site) -> None:
    site.add_room("Ops")

    (room,) = site.get("/v2/room?expand=items.owner").json["items"]

    assert room["owner"]["email"] == "admin@example.com"
