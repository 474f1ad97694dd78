"""Scopes: what exists, and what users may have."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from hipkit.server.services.access.scopes import (
    SCOPES,
    check_scopes,
    grantable_scopes,
    name_kind,
    split_scopes,
)
from hipkit.server.services.errors import InvalidValueError
from tests.unit.server.asgi import Site


def test_users_may_have_the_scopes_of_their_role(site: Site) -> None:
    admin = asyncio.run(site.server.database.stores.users.get(1))
    assert admin is not None
    member = replace(admin, is_group_admin=False)
    guest = replace(member, is_guest=True)

    assert grantable_scopes(admin) == SCOPES.keys()
    assert grantable_scopes(member) == SCOPES.keys() - {"admin_group", "import_data"}
    assert grantable_scopes(guest) == {"send_message", "view_messages", "view_room"}
    # Whatever else a guest is said to be.
    assert grantable_scopes(replace(admin, is_guest=True)) == grantable_scopes(guest)


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("view_room send_message", {"view_room", "send_message"}),
        ("view_room,send_message", {"view_room", "send_message"}),
        (" view_room , view_room ", {"view_room"}),
        ("", set()),
    ],
)
def test_scopes_are_separated_by_spaces_or_commas(text: str, scopes: set[str]) -> None:
    assert split_scopes(text) == scopes


def test_scopes_that_exist_and_are_allowed_are_returned() -> None:
    assert check_scopes(["view_room"]) == {"view_room"}
    assert check_scopes(["view_room"], {"view_room", "view_group"}) == {"view_room"}
    assert check_scopes([], []) == frozenset()


@pytest.mark.parametrize(
    ("scopes", "allowed", "problem", "value"),
    [
        (["view_room", "b", "a"], SCOPES, "is not a scope", "a b"),
        (["view_group"], ["view_room"], "than was granted: view_room", "view_group"),
        (["view_group"], [], "than was granted: nothing", "view_group"),
        (["everything"], ["everything"], "is not a scope", "everything"),
    ],
)
def test_other_scopes_are_named_in_the_error(
    scopes: list[str], allowed: list[str], problem: str, value: str
) -> None:
    with pytest.raises(InvalidValueError, match=problem) as caught:
        check_scopes(scopes, allowed)

    assert (caught.value.field, caught.value.value) == ("scope", value)


def test_each_kind_of_token_has_hipchats_name(site: Site) -> None:
    stores = site.server.database.stores
    personal = asyncio.run(stores.tokens.get(1))
    assert personal is not None

    def name(**members: object) -> str:
        return name_kind(replace(personal, **members))

    assert name() == "personal token"
    assert name(client_id="bot") == "user token"
    assert name(kind="room notification") == "room notification token"
    assert name(kind="group client", client_id="bot") == "add-on token"
    assert name(kind="room client", client_id="bot") == "add-on token"
