"""Removing: the credentials are gone before the add-on learns of it, whatever it answers."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit.api.errors import ConflictError, ForbiddenError, NotFoundError
from hipkit.server.services.addons.installing.removing import (
    Removed,
    end_client,
    remove,
)
from hipkit.server.services.context import Context
from hipkit.server.services.rooms.changes import remove_room
from tests.unit.server.asgi import Site
from tests.unit.server.services.addons.conftest import (
    MemoryAddon,
    clients,
    descriptor,
    install_at,
    operator,
)
from tests.unit.server.services.addons.installing.test_updating import (
    HOOK,
    webhooks,
)


def remove_at(site: Site, client_id: str, context: Context | None = None) -> Removed:
    async def work() -> Removed:
        return await remove(context or await operator(site), client_id)

    return asyncio.run(work())


def test_the_credentials_no_longer_work_when_the_add_on_is_told(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(webhook=[HOOK])
    client_id = install_at(host).installation.client_id

    removed = remove_at(host, client_id)

    assert addon.posted[-1] == (
        "DELETE",
        f"https://karma.example/installable/{client_id}",
        None,
    )
    assert addon.token_statuses == [200, 401]
    assert removed.problem is None
    assert clients(host) == []
    assert webhooks(host) == {}
    token = addon.tokens[0]
    assert host.get(f"/v2/oauth/token/{token}", token=token).status == 401


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        ("https://karma.example/a/", "https://karma.example/a/{}"),
        ("https://karma.example", "https://karma.example/{}"),
        ("https://karma.example/a?b=c", "https://karma.example/a/{}?b=c"),
    ],
)
def test_the_id_is_appended_to_the_path(
    host: Site, addon: MemoryAddon, callback: str, expected: str
) -> None:
    addon.descriptor = descriptor(installable={"callbackUrl": callback})
    client_id = install_at(host).installation.client_id

    remove_at(host, client_id)

    assert addon.posted[-1][1] == expected.format(client_id)


@pytest.mark.parametrize("status", [201, 302, 403, 404, 500])
def test_an_add_on_is_removed_whatever_it_answers(
    host: Site, addon: MemoryAddon, status: int
) -> None:
    client_id = install_at(host).installation.client_id
    addon.status = status

    removed = remove_at(host, client_id)

    assert clients(host) == []
    assert (removed.problem is None) == (status == 201)


def test_an_add_on_is_removed_although_it_is_away(
    host: Site, addon: MemoryAddon
) -> None:
    client_id = install_at(host).installation.client_id
    addon.is_down = True

    assert "connection refused" in str(remove_at(host, client_id).problem)
    assert clients(host) == []
    with pytest.raises(NotFoundError):
        remove_at(host, client_id)


def test_the_page_after_a_removal_tells_once_which_installation_it_was(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        installable={"uninstalledUrl": "https://karma.example/bye"}
    )
    client_id = install_at(host).installation.client_id

    removed = remove_at(host, client_id)

    assert addon.posted == []
    assert removed.next_url is not None
    query = parse_qs(urlsplit(removed.next_url).query)
    assert query["redirect_url"] == ["https://chat.test/addons"]
    path = urlsplit(query["installable_url"][0]).path
    first = host.get(path, token=None)
    assert json.loads(first.body) == {
        "oauthId": client_id,
        "capabilitiesUrl": "https://chat.test/v2/capabilities",
        "groupId": 1,
    }
    assert host.get(path, token=None).status == 404


def test_a_room_s_administrator_removes_only_from_their_room(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_user("Ann", mention_name="ann")
    host.add_room("Ops", owner="@ann")
    host.add_room("Dev")
    ids = [
        install_at(host, room).installation.client_id for room in ("Ops", "Dev", None)
    ]

    for client_id in ids[1:]:
        with pytest.raises(NotFoundError):
            remove_at(host, client_id, host.context_of("ann"))
    remove_at(host, ids[0], host.context_of("ann"))

    assert sorted(clients(host)) == sorted(ids[1:])


def test_clients_that_are_no_add_ons_are_not_removed_as_such(host: Site) -> None:
    client = host.add_client(["send_notification"])

    with pytest.raises(NotFoundError):
        remove_at(host, client.id)


def end_client_at(
    site: Site, client_id: str, context: Context | None = None
) -> Removed | None:
    async def work() -> Removed | None:
        return await end_client(context or await operator(site), client_id)

    return asyncio.run(work())


def test_an_add_on_is_told_when_its_client_is_deleted(
    host: Site, addon: MemoryAddon
) -> None:
    client_id = install_at(host).installation.client_id

    removed = end_client_at(host, client_id)

    assert removed is not None
    assert removed.problem is None
    assert addon.posted[-1][0] == "DELETE"
    assert addon.token_statuses == [200, 401]
    assert clients(host) == []


def test_a_client_that_is_no_add_on_is_deleted_without_a_call(
    host: Site, addon: MemoryAddon
) -> None:
    client = host.add_client(["send_notification"])

    assert end_client_at(host, client.id) is None
    assert addon.calls == []
    assert clients(host) == []


def test_deleting_a_client_ends_an_installation_that_is_under_way(
    host: Site, addon: MemoryAddon
) -> None:
    async def delete() -> None:
        addon.during = None
        [client] = await host.server.database.stores.clients.of_group(1)
        assert await end_client(await operator(host), client.id) is None

    addon.during = delete
    with pytest.raises(ConflictError, match="removed while it was being installed"):
        install_at(host)
    assert addon.posted[-1][0] == "DELETE"


def test_clients_are_deleted_by_administrators_of_the_group(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_user("Ann", mention_name="ann")
    host.add_room("Ops", owner="@ann")
    client_id = install_at(host, "Ops").installation.client_id

    with pytest.raises(ForbiddenError):
        end_client_at(host, client_id, host.context_of("ann"))
    assert clients(host) == [client_id]


def delete_room(site: Site, room: str) -> None:
    async def work() -> None:
        await remove_room(await operator(site), room)

    asyncio.run(work())


def test_an_add_on_of_a_deleted_room_is_told(host: Site, addon: MemoryAddon) -> None:
    host.add_room("Ops")
    stays = install_at(host).installation.client_id
    client_id = install_at(host, "Ops").installation.client_id
    delete_room(host, "Ops")

    asyncio.run(host.server.end_addons())

    method, address, _ = addon.posted[-1]
    assert (method, address.rpartition("/")[2]) == ("DELETE", client_id)
    assert addon.token_statuses[-1] == 401
    assert clients(host) == [stays]
    calls = len(addon.calls)
    asyncio.run(host.server.end_addons())
    assert len(addon.calls) == calls


def test_an_add_on_gets_the_events_of_a_deleted_room_first(
    host: Site, addon: MemoryAddon
) -> None:
    deleted = {"url": "https://karma.example/hook", "event": "room_deleted"}
    addon.descriptor = descriptor(webhook=[deleted])
    addon.asks_for_token = False
    host.add_room("Ops")
    client_id = install_at(host, "Ops").installation.client_id
    delete_room(host, "Ops")

    asyncio.run(host.server.end_addons())
    assert clients(host) == [client_id]

    host.deliver()
    asyncio.run(host.server.end_addons())

    assert [one[2] and one[2].get("event") for one in addon.posted[-2:]] == [
        "room_deleted",
        None,
    ]
    assert clients(host) == []


def test_an_add_on_that_does_not_answer_is_not_visited_either(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        installable={
            "callbackUrl": "https://karma.example/installable",
            "uninstalledUrl": "https://karma.example/bye",
        }
    )
    client_id = install_at(host).installation.client_id
    addon.is_down = True

    removed = remove_at(host, client_id)

    assert removed.problem is not None
    assert removed.next_url is None
