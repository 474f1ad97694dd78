"""OAuth clients of a group: an administrator's alone, whoever asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import browser_actor
from hipkit.server.services.access.clients import (
    add_client,
    delete_client,
    list_clients,
)
from hipkit.server.services.context import Context
from tests.unit.server.asgi import Site
from tests.unit.server.two_groups import World

Act = Callable[[Context, str], Coroutine[Any, Any, object]]


def client_ids(context: Context) -> list[str]:
    return [client.id for client in asyncio.run(list_clients(context))]


@pytest.mark.parametrize(
    "act",
    [
        lambda context, _: list_clients(context),
        lambda context, _: add_client(context, name="x", scopes=["view_group"]),
        lambda context, client: delete_client(context, client),
    ],
    ids=["list", "add", "delete"],
)
def test_only_administrators_manage_clients(site: Site, act: Act) -> None:
    client = site.add_client(["view_group"])
    site.add_user("ann", mention_name="ann")
    site.add_user("boss", mention_name="boss", is_group_admin=True)

    with pytest.raises(ForbiddenError):
        asyncio.run(act(site.context_of("ann"), client.id))

    assert client_ids(site.context_of("boss")) == [client.id]


def test_an_administrator_adds_and_deletes_clients(site: Site) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    boss = site.context_of("boss")

    made = asyncio.run(add_client(boss, name="x", scopes=["view_group"]))
    assert client_ids(boss) == [made.id]
    asyncio.run(delete_client(boss, made.id))

    assert client_ids(boss) == []


def test_a_client_needs_a_scope(site: Site) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)

    with pytest.raises(BadRequestError, match="at least one scope"):
        asyncio.run(add_client(site.context_of("boss"), name="x", scopes=[]))


def test_a_client_of_another_group_is_not_found(world: World) -> None:
    site, stores = world.site, world.site.server.database.stores
    group = asyncio.run(stores.groups.get(world.second.number))
    assert group is not None
    owner = asyncio.run(stores.users.get(group.owner_id or 0))
    assert owner is not None
    stranger = site.context(browser_actor(owner))
    others = asyncio.run(stores.clients.of_group(world.first.number))
    assert others

    for client in others:
        with pytest.raises(NotFoundError):
            asyncio.run(delete_client(stranger, client.id))

    assert not set(client_ids(stranger)) & {client.id for client in others}
    assert asyncio.run(stores.clients.of_group(world.first.number)) == others


@pytest.mark.parametrize(
    "chosen", [{"client_id": "com.example"}, {"secret": "s3cretOfHipChat"}], ids=str
)
def test_only_the_operator_chooses_id_and_secret(
    site: Site, chosen: dict[str, str]
) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    boss, scopes = site.context_of("boss"), ["view_group"]

    with pytest.raises(ForbiddenError, match="operator"):
        asyncio.run(add_client(boss, name="x", scopes=scopes, **chosen))
    assert client_ids(boss) == []

    added = asyncio.run(
        add_client(site.operator_context(), name="x", scopes=scopes, **chosen)
    )
    assert chosen.items() <= {"client_id": added.id, "secret": added.secret}.items()
    assert added.secret not in repr(added)


@pytest.mark.parametrize(
    "uri",
    ["bot", "ftp://app.test/", "https://", "https://app.test/#part", "//app.test"],
)
def test_a_redirect_uri_is_a_web_address_without_a_fragment(
    site: Site, uri: str
) -> None:
    with pytest.raises(BadRequestError, match="is not a redirect URI"):
        site.add_client(["view_group"], redirect_uris=[uri])


def test_the_secret_is_stored_only_for_clients_that_may_create_webhooks(
    site: Site,
) -> None:
    clients = site.server.database.stores.clients
    hook, other = site.add_client(["admin_room"]), site.add_client(["view_room"])

    assert asyncio.run(clients.signing_secret(hook.id)) == hook.secret
    assert asyncio.run(clients.signing_secret(other.id)) is None
