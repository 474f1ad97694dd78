"""A token suffices for an operation by scope, kind and room; `test_who_may_do_what.py` has all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hipkit.api.errors import ForbiddenError, UnauthorizedError
from hipkit.server.http.authorization import check_allowed
from hipkit.server.services.access.actor import Actor, browser_actor
from hipkit.server.services.access.authentication import Credentials
from hipkit.v2.capabilities import GetCapabilities
from hipkit.v2.oauth_sessions import DeleteSession, GenerateToken, GetSession
from hipkit.v2.rooms import DeleteRoom, GetAllRooms, GetRoom
from hipkit.v2.users import GetAllUsers
from tests.unit.server.asgi import Site


def check(
    site: Site,
    kind: Any,
    actor: Actor | None,
    room: str | None = None,
    *,
    is_served: bool = True,
) -> None:
    asyncio.run(check_allowed(site.context(actor), kind, room, is_served=is_served))


@pytest.fixture
def admin(site: Site) -> Actor:
    user = asyncio.run(site.server.runtime.stores.users.get(1))
    assert user is not None
    return browser_actor(user)


def test_an_operation_for_everybody_needs_no_actor(site: Site) -> None:
    check(site, GetCapabilities, None)

    with pytest.raises(UnauthorizedError):
        check(site, GetRoom, None, "Ops")


def test_the_token_endpoint_takes_credentials_or_a_token(
    site: Site, admin: Actor
) -> None:
    check(site, GenerateToken, admin)

    with pytest.raises(UnauthorizedError, match="id and secret"):
        check(site, GenerateToken, None)


def test_a_clients_secret_is_checked_before_any_grant_runs(site: Site) -> None:
    client = site.add_client(["view_room"])

    def check_secret(secret: str) -> None:
        credentials = Credentials(client_id=client.id, secret=secret)
        context = replace(site.context(), credentials=credentials)
        asyncio.run(check_allowed(context, GenerateToken, None, is_served=False))

    check_secret(client.secret)
    with pytest.raises(UnauthorizedError, match="id or secret"):
        check_secret("wrong")


def test_one_of_the_scopes_suffices_and_the_error_lists_them(
    site: Site, admin: Actor
) -> None:
    site.add_room("Ops")
    reader = _replace(admin, scopes=frozenset({"view_room"}))

    check(site, GetRoom, reader, "Ops")
    with pytest.raises(ForbiddenError, match=r"\[u'manage_rooms'\]") as caught:
        check(site, DeleteRoom, reader, "Ops")
    assert caught.value.scopes == ("manage_rooms",)


def test_the_kind_of_a_token_matters_only_where_something_is_served(
    site: Site, admin: Actor
) -> None:
    site.add_room("Ops")
    other = _replace(admin, token_kind="room notification")

    with pytest.raises(ForbiddenError, match="yours is of the kind"):
        check(site, DeleteRoom, other, "Ops")
    check(site, DeleteRoom, other, "Ops", is_served=False)


def test_a_token_of_any_kind_may_read_and_end_itself(site: Site, admin: Actor) -> None:
    notifier = _replace(admin, token_kind="room notification", scopes=frozenset())

    for kind in (GetSession, DeleteSession):
        check(site, kind, notifier)


def test_a_token_of_one_room_is_checked_against_the_room_that_is_named(
    site: Site, admin: Actor
) -> None:
    ops = site.add_room("Ops")
    site.add_room("Other")
    bound = _replace(admin, room_id=ops)

    check(site, GetRoom, bound, "Ops")
    with pytest.raises(ForbiddenError):
        check(site, GetRoom, bound, "Other")


def test_a_token_of_one_room_calls_only_what_room_clients_may(
    site: Site, admin: Actor
) -> None:
    bound = _replace(admin, room_id=site.add_room("Ops"))

    for kind in (GetAllUsers, GetSession):
        check(site, kind, bound)
    with pytest.raises(ForbiddenError, match="limited to one room"):
        check(site, GetAllRooms, bound)


def _replace(actor: Actor, **changes: Any) -> Actor:
    fields = ("kind", "token_kind", "group_id", "scopes", "name", "limit_key")
    optional = ("user", "client", "room_id", "token")
    given = {name: getattr(actor, name) for name in (*fields, *optional)}
    return Actor(**{**given, **changes})
