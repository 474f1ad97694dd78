"""Updating: an add-on keeps its credentials where it can be told, and its webhooks always."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError, ConflictError, NotFoundError
from hipkit.server.services.addons.installing.installing import Installed
from hipkit.server.services.addons.installing.listing import find_named_addon
from hipkit.server.services.addons.installing.offers import (
    Offer,
    read_offer,
    read_update,
)
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.context import Context
from hipkit.server.services.rooms.changes import remove_room
from tests.unit.server.asgi import FORM, Site, basic, call
from tests.unit.server.services.addons.conftest import (
    ADDRESS,
    MemoryAddon,
    clients,
    descriptor,
    install_at,
    operator,
    put_in,
)

CALLBACK = "https://karma.example/installable"
UPDATE = "https://karma.example/updated"
IN_PLACE = {"callbackUrl": CALLBACK, "updateCallbackUrl": UPDATE}
HOOK = {"url": "https://karma.example/hook", "event": "room_message", "key": "say"}
OTHER = {"url": "https://karma.example/other", "event": "room_enter"}


def offer_of(site: Site, installed: Installed, address: str | None = None) -> Offer:
    async def work() -> Offer:
        client_id = installed.installation.client_id
        return await read_update(await operator(site), client_id, address=address)

    return asyncio.run(work())


def update(site: Site, installed: Installed) -> Installed:
    async def work() -> Installed:
        context = await operator(site)
        offer = await read_update(context, installed.installation.client_id)
        return await install(context, offer)

    return asyncio.run(work())


def webhooks(site: Site) -> dict[str, tuple[int, str | None, str]]:
    store = site.server.database.stores.webhooks
    found = asyncio.run(store.of_group(1, managed_by=None, start=0, count=100))
    return {one.url: (one.id, one.client_id, one.event) for one in found}


def scopes(site: Site) -> list[str]:
    found = asyncio.run(site.server.database.stores.clients.of_group(1))
    return [client.scopes for client in found]


def with_scopes(*names: str, **capabilities: Any) -> dict[str, Any]:
    return descriptor(
        installable=IN_PLACE,
        hipchatApiConsumer={"scopes": list(names)},
        **capabilities,
    )


def test_an_update_keeps_id_and_secret_and_is_posted_without_it(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = with_scopes("send_notification")
    installed = install_at(host)
    addon.descriptor = with_scopes("send_notification", "view_room")
    addon.scopes = "view_room send_notification"

    offer = offer_of(host, installed)
    updated = update(host, installed)

    assert offer.new_scopes == ("view_room",)
    assert offer.scopes == ("send_notification", "view_room")
    assert addon.posted[-1] == (
        "POST",
        UPDATE,
        {
            "oauthId": installed.installation.client_id,
            "capabilitiesUrl": "https://chat.test/v2/capabilities",
            "groupId": 1,
        },
    )
    assert addon.token_statuses == [200, 200], "it has the new scope in the call"
    assert updated.installation.client_id == installed.installation.client_id
    assert scopes(host) == ["send_notification view_room"]


def test_a_refused_update_changes_nothing(host: Site, addon: MemoryAddon) -> None:
    addon.descriptor = with_scopes("send_notification", webhook=[HOOK])
    installed = install_at(host)
    before = webhooks(host)
    tokens = list(addon.tokens)
    addon.descriptor = with_scopes("send_notification", "admin_group", webhook=[OTHER])
    during: list[str] = []

    async def refuse() -> None:
        during.extend(addon.tokens[1:])
        addon.status = 403

    addon.scopes = "admin_group"
    addon.during = refuse
    with pytest.raises(BadRequestError, match="was not updated"):
        update(host, installed)

    assert webhooks(host) == before
    assert scopes(host) == ["send_notification"]
    assert host.get("/v2/capabilities", token=tokens[0]).status == 200
    assert host.get(f"/v2/oauth/token/{during[0]}", token=during[0]).status == 401
    # The next one is not held up.
    addon.status, addon.during, addon.scopes = 200, None, None
    update(host, installed)


def test_an_update_that_was_cut_off_is_taken_back_in_time(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = with_scopes("send_notification")
    installed = install_at(host)
    addon.descriptor = with_scopes("send_notification", "admin_group")

    async def crash() -> None:
        raise RuntimeError

    addon.during = crash
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "hipkit.server.services.addons.installing.updating._revert", do_nothing
        )
        with pytest.raises(RuntimeError):
            update(host, installed)
        assert scopes(host) == ["admin_group send_notification"]
        with pytest.raises(ConflictError, match="being updated just now"):
            update(host, installed)

    host.clock[0] += 61
    asyncio.run(host.server.sweep_addons())

    assert scopes(host) == ["send_notification"]


async def do_nothing(*_: object) -> None:
    pass


def test_tokens_with_a_scope_that_is_gone_end(host: Site, addon: MemoryAddon) -> None:
    addon.descriptor = with_scopes("send_notification", "view_group")
    installed = install_at(host)
    addon.descriptor = with_scopes("send_notification")
    addon.asks_for_token = False

    update(host, installed)

    assert host.get("/v2/room", token=addon.tokens[0]).status == 401


def test_codes_with_a_scope_that_is_gone_end(host: Site, addon: MemoryAddon) -> None:
    back = "https://karma.example/back"
    consumer = {"redirectionUrls": [back]}
    addon.descriptor = with_scopes(
        "send_notification", "view_group", oauth2Consumer=consumer
    )
    installed = install_at(host)
    client_id = installed.installation.client_id
    addon.descriptor = with_scopes("send_notification", oauth2Consumer=consumer)

    statuses = []
    for _ in range(2):
        code = host.authorization_code(client_id, 1, back)
        update(host, installed)
        reply = host.send(
            "POST",
            "/v2/oauth/token",
            body=f"grant_type=authorization_code&code={code}&redirect_uri={back}".encode(),
            token=None,
            headers=[basic(client_id, addon.secrets[client_id]), FORM],
        )
        statuses.append(reply.status)

    # The first code has a scope that is gone, the second one has none.
    assert statuses == [400, 200]


def test_webhooks_are_kept_by_key_and_by_place(host: Site, addon: MemoryAddon) -> None:
    addon.descriptor = with_scopes(webhook=[HOOK, OTHER, OTHER | {"url": CALLBACK}])
    installed = install_at(host)
    before = webhooks(host)
    assert len(before) == 3

    # The one with a key elsewhere in the list, one without at its place, the last one gone.
    new = OTHER | {"event": "room_exit"}
    addon.descriptor = with_scopes(webhook=[HOOK, new])
    update(host, installed)

    after = webhooks(host)
    assert after[HOOK["url"]] == before[HOOK["url"]]
    assert after[OTHER["url"]][:2] == before[OTHER["url"]][:2]
    assert after[OTHER["url"]][2] == "room_exit"
    assert len(after) == 2


def test_webhooks_that_the_add_on_made_itself_are_left_alone(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = with_scopes("admin_room", webhook=[HOOK])
    host.add_room("Ops")
    installed = install_at(host, "Ops")
    own = {"url": "https://karma.example/own", "event": "room_exit"}
    made = host.put("/v2/room/Ops/extension/webhook/own", own, token=addon.tokens[0])
    assert made.status == 201
    addon.descriptor = with_scopes("admin_room")

    update(host, installed)

    assert list(webhooks(host)) == [own["url"]]


def test_without_an_address_for_updates_an_add_on_gets_new_credentials(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(webhook=[HOOK])
    installed = install_at(host)
    before = webhooks(host)
    old_token = addon.tokens[0]

    updated = update(host, installed)

    old_id, new_id = installed.installation.client_id, updated.installation.client_id
    assert old_id != new_id
    assert [one[1] for one in addon.posted] == [CALLBACK, CALLBACK]
    assert addon.secrets[old_id] != addon.secrets[new_id]
    assert clients(host) == [new_id]
    assert webhooks(host)[HOOK["url"]] == (
        before[HOOK["url"]][0],
        new_id,
        HOOK["event"],
    )
    assert host.get("/v2/capabilities", token=addon.tokens[1]).status == 200
    gone = host.get(f"/v2/oauth/token/{old_token}", token=old_token)
    assert gone.status == 401


def test_an_add_on_may_create_a_declared_webhook_while_it_is_updated(
    host: Site, addon: MemoryAddon
) -> None:
    consumer = {"scopes": ["admin_group"]}
    addon.descriptor = descriptor(webhook=[HOOK], hipchatApiConsumer=consumer)
    installed = install_at(host)
    before = webhooks(host)
    statuses = []

    async def create_it() -> None:
        addon.during = None
        response = await call(
            host.server,
            "PUT",
            b"/v2/extension/webhook/say",
            [
                ("Host", "chat.test"),
                ("Authorization", f"Bearer {addon.tokens[-1]}"),
                ("Content-Type", "application/json"),
            ],
            [json.dumps(OTHER).encode()],
        )
        statuses.append(response.status)

    addon.during = create_it
    updated = update(host, installed).installation

    assert statuses == [201]
    assert webhooks(host) == {
        HOOK["url"]: (before[HOOK["url"]][0], updated.client_id, "room_message")
    }


def test_the_old_credentials_stay_where_the_new_ones_are_refused(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(webhook=[HOOK])
    installed = install_at(host)
    before = webhooks(host)
    addon.status = 500

    with pytest.raises(BadRequestError, match="Karma was not updated"):
        update(host, installed)

    assert clients(host) == [installed.installation.client_id]
    assert webhooks(host) == before
    addon.status = 200
    update(host, installed)


def test_an_add_on_that_is_removed_while_it_is_updated_stays_removed(
    host: Site, addon: MemoryAddon
) -> None:
    installed = install_at(host)

    async def remove_it() -> None:
        addon.during = None
        await remove(await operator(host), installed.installation.client_id)

    addon.during = remove_it
    with pytest.raises(ConflictError, match="removed while it was being updated"):
        update(host, installed)

    assert clients(host) == []
    assert addon.posted[-1][0] == "DELETE"
    assert not addon.posted[-1][1].endswith(installed.installation.client_id)
    assert addon.token_statuses[-1] == 401


def test_installing_again_is_an_update(host: Site, addon: MemoryAddon) -> None:
    addon.descriptor = with_scopes("send_notification")
    first = install_at(host)

    again = install_at(host)

    assert again.installation.client_id == first.installation.client_id
    assert [one[1] for one in addon.posted] == [CALLBACK, UPDATE]


def test_an_add_on_s_key_is_not_taken_over_from_another_address(
    host: Site, addon: MemoryAddon
) -> None:
    install_at(host)

    async def work() -> None:
        await put_in(await operator(host), address="https://evil.example/")

    with pytest.raises(ConflictError, match="from another address"):
        asyncio.run(work())
    assert len(addon.posted) == 1


def test_an_update_from_a_new_address_is_one_of_the_same_add_on(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = with_scopes()
    installed = install_at(host)

    offer = offer_of(host, installed, "https://new.example/descriptor")
    assert offer.read.address == "https://new.example/descriptor"
    addon.descriptor = with_scopes() | {"key": "com.example.other"}
    with pytest.raises(BadRequestError, match="is that of the add-on"):
        offer_of(host, installed)


def test_an_offer_s_digest_changes_with_what_is_offered(
    host: Site, addon: MemoryAddon
) -> None:
    def digest() -> str:
        async def work() -> str:
            return (await read_offer(await operator(host), ADDRESS)).digest

        return asyncio.run(work())

    addon.descriptor = with_scopes("send_notification")
    first = digest()
    assert digest() == first
    addon.descriptor = with_scopes("send_notification", "admin_group")
    assert digest() != first


def test_an_add_on_s_id_is_found_although_another_has_it_as_its_key(
    host: Site, addon: MemoryAddon
) -> None:
    installed = install_at(host).installation
    addon.descriptor["key"] = installed.client_id
    other = install_at(host).installation

    async def find(reference: str) -> str:
        return (await find_named_addon(await operator(host), reference)).client_id

    assert asyncio.run(find(installed.client_id)) == installed.client_id
    assert asyncio.run(find(other.client_id)) == other.client_id


def test_what_is_not_installed_is_not_updated(host: Site, addon: MemoryAddon) -> None:
    async def work() -> None:
        await read_update(await operator(host), "nonsense")

    with pytest.raises(NotFoundError):
        asyncio.run(work())
    assert addon.calls == []


def test_the_browser_goes_to_the_page_after_updates(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        installable=IN_PLACE
        | {
            "installedUrl": "https://karma.example/installed",
            "updatedUrl": "https://karma.example/updated-page",
        }
    )
    installed = install_at(host)

    async def work() -> Installed:
        context = await operator(host)
        offer = await read_offer(context, ADDRESS, relay_state="a b")
        return await install(context, offer)

    updated = asyncio.run(work())

    assert updated.installation.client_id == installed.installation.client_id
    assert updated.next_url is not None
    assert updated.next_url.startswith("https://karma.example/updated-page?")
    assert updated.next_url.endswith("&relayState=a+b")


def test_modules_of_the_descriptor_are_made_and_replaced(
    host: Site, addon: MemoryAddon
) -> None:
    def pages() -> list[str]:
        store = host.server.database.stores.extensions
        client_id = clients(host)[0]
        return [one.key for one in asyncio.run(store.of_descriptor(client_id))]

    def page(key: str) -> dict[str, str]:
        return {"key": key, "url": f"https://karma.example/{key}"}

    addon.descriptor = with_scopes(externalPage=[page("one"), page("two")])
    installed = install_at(host)
    assert pages() == ["one", "two"]
    addon.descriptor = with_scopes(externalPage=[page("two"), page("three")])

    update(host, installed)

    assert pages() == ["two", "three"]


def test_an_add_on_is_not_updated_in_a_room_that_is_deleted_meanwhile(
    host: Site, addon: MemoryAddon
) -> None:
    room_id = host.add_room("Ops")
    addon.descriptor = with_scopes("send_notification")
    installed = install_at(host, "Ops")
    addon.descriptor = with_scopes("send_notification", "view_room")

    async def delete() -> None:
        addon.during = None
        await remove_room(await operator(host), room_id)

    addon.during = delete
    with pytest.raises(NotFoundError, match="The room of Karma was deleted"):
        update(host, installed)

    assert scopes(host) == ["send_notification"]
    asyncio.run(host.server.end_addons())
    assert addon.posted[-1][0] == "DELETE"
    assert clients(host) == []


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Cut off the next command of a context: it runs, and its caller is cancelled meanwhile."""
    write = Context.write

    async def cancelled(context: Context, command: Any) -> None:
        monkeypatch.setattr(Context, "write", write)
        with suppress(ConflictError):
            await write(context, command)
        raise asyncio.CancelledError

    return lambda: monkeypatch.setattr(Context, "write", cancelled)


@pytest.mark.parametrize("installable", [IN_PLACE, {"callbackUrl": CALLBACK}])
def test_an_update_that_is_cancelled_as_it_begins_leaves_nothing(
    host: Site,
    addon: MemoryAddon,
    cut_off: Callable[[], None],
    installable: dict[str, str],
) -> None:
    one = {"hipchatApiConsumer": {"scopes": ["send_notification"]}}
    addon.descriptor = descriptor(installable=installable, **one)
    installed = install_at(host)
    both = {"hipchatApiConsumer": {"scopes": ["send_notification", "admin_group"]}}
    addon.descriptor = descriptor(installable=installable, **both)
    cut_off()
    with pytest.raises(asyncio.CancelledError):
        update(host, installed)
    assert scopes(host) == ["send_notification"]
    update(host, installed)


def test_what_is_cancelled_takes_back_nothing_of_another_update(
    host: Site, addon: MemoryAddon, cut_off: Callable[[], None]
) -> None:
    addon.descriptor = with_scopes("send_notification")
    installed = install_at(host)
    addon.descriptor = with_scopes("send_notification", "admin_group")
    client_id = installed.installation.client_id
    seen: list[str] = []

    async def cancel_another() -> None:
        context = await operator(host)
        offer = await read_update(context, client_id)
        host.clock[0] += 1
        cut_off()
        with pytest.raises(asyncio.CancelledError):
            await install(context, offer)
        client = await host.server.database.stores.clients.get(client_id)
        assert client is not None
        seen.append(client.scopes)

    addon.during = cancel_another
    update(host, installed)
    assert seen == ["admin_group send_notification"]
