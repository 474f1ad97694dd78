"""What calls named in vain, and what is suggested instead."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.server.services.access.missing import MOST_COMPARED, Missing
from hipkit.server.services.access.token_calls import WantedCalls, list_calls
from hipkit.server.services.context import Context
from tests.unit.server.asgi import FORM, Site


@pytest.fixture
def ann(site: Site) -> str:
    """Ann's token; a private room of Bob's is hidden from her."""
    site.add_user("Ann", mention_name="ann", password=None)
    site.add_user("Bob Builder", mention_name="bob", password=None)
    site.add_room("On Call", owner="@bob")
    site.add_room("Mergers", owner="@bob", is_private=True)
    return site.add_token(user="@ann")


def newest(context: Context) -> Missing | None:
    found = asyncio.run(list_calls(context, WantedCalls(), count=1))
    return found[0].missing


def test_a_room_in_the_path_is_found_by_a_name_like_it(site: Site, ann: str) -> None:
    site.get("/v2/room/Onn%20Call", token=ann)

    assert newest(site.context_of("ann")) == Missing(
        kind="room", reference="Onn Call", near="On Call"
    )


def test_a_room_in_the_body_of_version_1_too(site: Site, ann: str) -> None:
    body = b"room_id=oncall&from=Bot&message=hi&auth_token=" + ann.encode()
    site.send("POST", "/v1/rooms/message", body=body, token=None, headers=[FORM])

    missing = newest(site.context_of("ann"))

    assert missing is not None
    assert (missing.reference, missing.near) == ("oncall", "On Call")


def test_a_private_room_is_suggested_to_those_only_who_may_see_it(
    site: Site, ann: str
) -> None:
    site.get("/v2/room/Merger", token=ann)

    assert newest(site.context_of("ann")) == Missing(kind="room", reference="Merger")
    site.add_user("Boss", mention_name="boss", password=None, is_group_admin=True)
    seen = newest(site.context_of("boss"))
    assert seen is not None
    assert seen.near == "Mergers"


@pytest.mark.parametrize("reference", ["bobb", "@bob2", "Bob%20Bilder"])
def test_a_user_is_found_by_mention_or_full_name(
    site: Site, ann: str, reference: str
) -> None:
    site.get(f"/v2/user/{reference}", token=ann)

    missing = newest(site.context_of("ann"))

    assert missing is not None
    assert (missing.kind, missing.near) == ("user", "@bob")


def test_a_private_chat_with_an_unknown_user_is_named_to_the_owner_only(
    site: Site, ann: str
) -> None:
    site.post("/v2/user/@bobb/message", {"message": "x"}, token=ann)
    site.add_user("Boss", mention_name="boss", password=None, is_group_admin=True)

    assert newest(site.context_of("boss")) is None
    own = newest(site.context_of("ann"))
    assert own is not None
    assert own.near == "@bob"


def test_numbers_and_other_errors_get_no_suggestion(site: Site, ann: str) -> None:
    site.get("/v2/room/2656454", token=ann)
    number = newest(site.context_of("ann"))
    assert number is not None
    assert (number.id, number.near) == (2656454, None)

    site.get("/v2/room/On%20Call/history/no-such-message", token=ann)
    assert newest(site.context_of("ann")) is None
    site.get("/v2/room/On%20Call", token=ann)
    assert newest(site.context_of("ann")) is None


def test_only_some_names_are_compared_for_one_page(site: Site, ann: str) -> None:
    for number in range(MOST_COMPARED + 2):
        site.get(f"/v2/room/On%20Call{number}", token=ann)
    context = site.context_of("ann")

    found = asyncio.run(list_calls(context, WantedCalls(), count=50))

    suggested = [one.missing.near for one in found if one.missing is not None]
    assert suggested == ["On Call"] * MOST_COMPARED + [None] * 2
