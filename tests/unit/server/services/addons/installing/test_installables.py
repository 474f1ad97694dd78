"""The browser's way: the add-on fetches its data once, with a token from the address."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from hipkit.server.storage.protocol import Stores
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

PAGE = "https://karma.example/installed"


@pytest.fixture(autouse=True)
def browser_only(addon: MemoryAddon) -> None:
    page = {"key": "help", "url": "https://karma.example/help"}
    addon.descriptor = descriptor(
        installable={"installedUrl": PAGE}, webhook=[HOOK], externalPage=[page]
    )


def begin(host: Site) -> tuple[str, str]:
    installed = install_at(host)
    assert installed.is_pending
    assert installed.next_url is not None
    assert installed.next_url.startswith(f"{PAGE}?")
    query = parse_qs(urlsplit(installed.next_url).query)
    client_id = installed.installation.client_id
    assert query["redirect_url"] == [f"https://chat.test/addons/{client_id}"]
    parts = urlsplit(query["installable_url"][0])
    assert parts.netloc == "chat.test"
    return client_id, parts.path


def test_the_data_is_that_of_the_post_and_is_fetched_once(
    host: Site, addon: MemoryAddon
) -> None:
    client_id, path = begin(host)
    assert path.startswith(f"/v2/addon/{client_id}/installable/")
    assert len(path.rpartition("/")[2]) == 20
    assert webhooks(host) == {}

    first, second = host.get(path, token=None), host.get(path, token=None)

    assert (first.status, second.status) == (200, 404)
    data = json.loads(first.body)
    assert list(data) == ["oauthId", "oauthSecret", "capabilitiesUrl", "groupId"]
    assert data["oauthId"] == client_id
    assert addon.posted == []
    addon.secrets[client_id] = data["oauthSecret"]
    asyncio.run(addon.ask_for_token(client_id))
    assert addon.token_statuses == [200]
    assert list(webhooks(host)) == [HOOK["url"]]
    modules = host.server.database.stores.extensions.of_descriptor(client_id)
    assert [module.key for module in asyncio.run(modules)] == ["help"]


def test_asking_for_the_head_alone_fetches_nothing(host: Site) -> None:
    _, path = begin(host)

    response = host.send("HEAD", path, token=None)

    assert response.status == 405
    assert response.header("Allow") == "GET"
    assert host.get(path, token=None).status == 200


def test_the_key_of_the_add_on_may_stand_in_place_of_the_id(host: Site) -> None:
    client_id, path = begin(host)

    by_other = path.replace(client_id, "com.example.other")
    by_key = path.replace(client_id, "com.example.karma")

    assert host.get(by_other, token=None).status == 404
    assert host.get(by_key, token=None).status == 200


def test_the_token_is_good_for_a_quarter_of_an_hour(host: Site) -> None:
    _, path = begin(host)

    host.clock[0] += 15 * 60

    assert host.get(path, token=None).status == 404
    asyncio.run(host.server.sweep_addons())
    assert clients(host) == []


def test_an_installation_that_waits_is_not_removed_before(host: Site) -> None:
    _, path = begin(host)

    host.clock[0] += 14 * 60
    asyncio.run(host.server.sweep_addons())

    assert host.get(path, token=None).status == 200


def test_an_installation_that_was_never_fetched_is_begun_anew(host: Site) -> None:
    first, path = begin(host)
    second, other = begin(host)

    assert clients(host) == [second] != [first]
    assert host.get(path, token=None).status == 404
    assert host.get(other, token=None).status == 200


def test_a_text_to_hand_back_goes_along(host: Site, addon: MemoryAddon) -> None:
    from hipkit.server.services.addons.installing.offers import read_offer
    from hipkit.server.services.addons.installing.updating import install
    from tests.unit.server.services.addons.conftest import ADDRESS

    async def work() -> str | None:
        context = await operator(host)
        offer = await read_offer(context, ADDRESS, relay_state="a b&c=d")
        return (await install(context, offer)).next_url

    query = parse_qs(urlsplit(str(asyncio.run(work()))).query)

    assert query["relayState"] == ["a b&c=d"]


@pytest.mark.parametrize("token", ["x", "x" * 20, "%2e%2e", "x" * 5_000])
def test_nothing_is_told_with_a_token_that_is_not_one(host: Site, token: str) -> None:
    client_id, _ = begin(host)

    response = host.get(f"/v2/addon/{client_id}/installable/{token}", token=None)

    assert response.status == 404
    assert b"oauthSecret" not in response.body


def test_the_token_is_not_stored(host: Site) -> None:
    _, path = begin(host)
    token = path.rpartition("/")[2].encode()

    database = host.server.settings.database
    for file in database.parent.glob(f"{database.name}*"):
        if file.is_file():
            assert token not in file.read_bytes()


def test_calls_are_listed_without_the_token_and_the_secret(
    host: Site, addon: MemoryAddon
) -> None:
    _, path = begin(host)
    data = host.get(path, token=None).json

    (call,) = host.calls(None)

    assert call.operation_id == "get_integration_installable_data"
    assert data["oauthId"] in call.answer
    for text in (call.target, call.answer, repr(call.headers)):
        assert path.rpartition("/")[2] not in text
        assert data["oauthSecret"] not in text


def test_there_is_nothing_to_fetch_where_another_took_the_place(
    host: Site, addon: MemoryAddon
) -> None:
    client_id, path = begin(host)
    store = host.server.database.stores.installations
    pending = asyncio.run(store.get(client_id))
    assert pending is not None
    other = replace(pending, client_id="other", state="installed")

    async def take_the_place() -> None:
        client = await host.server.database.stores.clients.get(client_id)
        assert client is not None

        async def command(stores: Stores) -> None:
            await stores.clients.add(replace(client, id="other"), 1)
            await stores.installations.add(other)

        await host.server.database.write(command)

    asyncio.run(take_the_place())
    unknown = host.get(path[:-1], token=None)
    answer = host.get(path, token=None)

    assert (answer.status, answer.body) == (404, unknown.body)
