"""Configuration pages: who may open which, and for which room it is signed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.addons.installing.configuring import (
    configuration_address,
    configuration_of,
    list_configurable,
)
from tests.unit.server.asgi import Site
from tests.unit.server.services.addons.conftest import (
    MemoryAddon,
    descriptor,
    install_at,
)

URL = "https://karma.example/configure"


@pytest.fixture
def ops(host: Site) -> int:
    """A room that Ann owns; Bob is a member of the group."""
    for name in ("ann", "bob"):
        host.add_user(name, mention_name=name, password=None)
    return host.add_room("Ops", owner="@ann")


def installed(
    host: Site, addon: MemoryAddon, room: str | None = None, **page: Any
) -> str:
    addon.descriptor = descriptor(configurable={"url": URL, **page})
    return install_at(host, room).installation.client_id


def address(
    host: Site, name: str, client_id: str, room: str | int | None = None
) -> str:
    return asyncio.run(configuration_address(host.context_of(name), client_id, room))


def test_an_add_on_of_a_room_is_configured_by_its_administrators(
    host: Site, addon: MemoryAddon, ops: int
) -> None:
    client_id = installed(host, addon, "Ops")

    assert address(host, "ann", client_id).startswith(f"{URL}?signed_request=")
    with pytest.raises(NotFoundError):
        address(host, "bob", client_id)


def test_an_add_on_of_the_group_offers_its_page_only_if_it_says_so(
    host: Site, addon: MemoryAddon, ops: int
) -> None:
    hidden = installed(host, addon)
    context = host.context_of("ann")

    assert asyncio.run(list_configurable(context, ops)) == []
    with pytest.raises(NotFoundError):
        address(host, "ann", hidden, ops)


def test_the_page_for_a_room_needs_its_administrator(
    host: Site, addon: MemoryAddon, ops: int
) -> None:
    client_id = installed(host, addon, allowAccessToRoomAdmins=True)

    assert address(host, "ann", client_id, ops).startswith(URL)
    for room in (ops, "Nowhere"):
        with pytest.raises((ForbiddenError, NotFoundError)):
            address(host, "bob", client_id, room)
    with pytest.raises(NotFoundError):
        address(host, "ann", client_id)


def test_an_add_on_of_another_room_is_not_configured_for_this_one(
    host: Site, addon: MemoryAddon, ops: int
) -> None:
    host.add_room("Others")
    client_id = installed(host, addon, "Others", allowAccessToRoomAdmins=True)

    with pytest.raises(NotFoundError):
        address(host, "ann", client_id, ops)


def test_what_no_browser_opens_is_no_page(
    host: Site, addon: MemoryAddon, ops: int
) -> None:
    addon.descriptor = descriptor()
    plain = install_at(host).installation

    assert configuration_of(plain) is None
    with pytest.raises(NotFoundError):
        asyncio.run(configuration_address(host.operator_context(), plain.client_id))
