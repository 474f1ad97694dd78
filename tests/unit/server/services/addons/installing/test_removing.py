"""Removing: the credentials are gone before the add-on learns of it, whatever it answers."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit.api.errors import NotFoundError
from hipkit.server.services.addons.installing.removing import Removed, remove
from hipkit.server.services.context import Context
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
