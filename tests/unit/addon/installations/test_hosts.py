"""A server's document is believed only about that server, and pinned after the first use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import msgspec
import pytest

from hipkit import InstallationError
from hipkit.addon.installations.host_policy import HostPolicy
from hipkit.addon.installations.hosts import LONGEST_DOCUMENT, MOST_AT_ONCE, Host, Hosts
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.testing import AsyncMemoryTransport
from hipkit.transports.protocol import RawResponse, Request, TransportError
from tests.unit.addon.scripted_hosts import ScriptedHost, ScriptedHosts


def hosts_of(servers: ScriptedHosts, policy: HostPolicy | None = None) -> Hosts:
    return Hosts(MemoryStorage(), servers.transport, policy or HostPolicy())


def changed(host: ScriptedHost, path: str, value: object) -> None:
    """Change a member of the document; `...` removes it."""
    *parents, name = path.split(".")
    members = host.document
    for parent in parents:
        inner = members[parent]
        assert isinstance(inner, dict)
        members = inner
    if value is ...:
        del members[name]
    else:
        members[name] = value


async def test_a_document_names_all_addresses() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    changed(host, "links.homepage", "https://www.hipchat.test")
    changed(host, "links.subdomain", "https://example.hipchat.test/")
    assert await hosts_of(servers).read(host.capabilities_url) == Host(
        origin="https://hipchat.test",
        capabilities_url="https://hipchat.test/v2/capabilities",
        api_url="https://hipchat.test/v2",
        token_url="https://hipchat.test/v2/oauth/token",
        authorization_url="https://hipchat.test/users/authorize",
        pages=(
            "https://example.hipchat.test",
            "https://hipchat.test",
            "https://www.hipchat.test",
        ),
    )


@pytest.mark.parametrize(
    "path",
    [
        "links.api",
        "links.homepage",
        "capabilities.hipchatApiProvider",
        "capabilities.hipchatApiProvider.url",
        "capabilities.oauth2Provider.authorizationUrl",
    ],
)
async def test_what_a_server_may_leave_out_is_optional(path: str) -> None:
    servers = ScriptedHosts()
    host = servers.add()
    changed(host, path, ...)
    read = await hosts_of(servers).read(host.capabilities_url)
    assert read.api_url == "https://hipchat.test/v2"


@pytest.mark.parametrize(
    "url",
    ["http://[", "javascript:alert(1)", "https://u:p@hipchat.test/authorize", "", 5],
)
async def test_a_consent_page_without_an_address_is_none(url: object) -> None:
    servers = ScriptedHosts()
    host = servers.add()
    changed(host, "capabilities.oauth2Provider.authorizationUrl", url)
    read = await hosts_of(servers).read(host.capabilities_url)
    assert read.authorization_url is None


EVIL = "https://evil.test"
FAULTS = {
    "names another place": ("links.self", f"{EVIL}/v2/capabilities", 400),
    "names another path": ("links.self", "https://hipchat.test/v2", 400),
    "names itself by http": ("links.self", "http://hipchat.test/v2/capabilities", 400),
    "does not name itself": ("links.self", ..., 400),
    "has no links": ("links", ..., 400),
    "has an API elsewhere": (
        "capabilities.hipchatApiProvider.url",
        f"{EVIL}/v2/",
        403,
    ),
    "has an API by http": (
        "capabilities.hipchatApiProvider.url",
        "http://hipchat.test/v2/",
        403,
    ),
    "has an API with a query": (
        "capabilities.hipchatApiProvider.url",
        "https://hipchat.test/v2?x=",
        400,
    ),
    "has an API with dots": (
        "capabilities.hipchatApiProvider.url",
        "https://hipchat.test/v2/../files",
        400,
    ),
    "has tokens elsewhere": ("capabilities.oauth2Provider.tokenUrl", f"{EVIL}/t", 403),
    "has tokens on another port": (
        "capabilities.oauth2Provider.tokenUrl",
        "https://hipchat.test:8443/t",
        403,
    ),
    "has tokens at no address": ("capabilities.oauth2Provider.tokenUrl", "/t", 400),
    "has no tokens": ("capabilities.oauth2Provider.tokenUrl", ..., 400),
    "has no OAuth": ("capabilities.oauth2Provider", ..., 400),
    "is something else": ("capabilities", [], 400),
    "has no capabilities": ("capabilities", ..., 400),
}


@pytest.mark.parametrize(("path", "value", "status"), FAULTS.values(), ids=FAULTS)
async def test_a_document_that_is_not_the_servers_own_is_refused(
    path: str, value: object, status: int
) -> None:
    servers = ScriptedHosts()
    host = servers.add()
    changed(host, path, value)
    with pytest.raises(InstallationError) as caught:
        await hosts_of(servers).read(host.capabilities_url)
    assert caught.value.status == status


async def test_addresses_of_listed_servers_may_be_mixed() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    token_url = "https://login.hipchat.test/token"
    changed(host, "capabilities.oauth2Provider.tokenUrl", token_url)
    policy = HostPolicy(["hipchat.test", "login.hipchat.test"])
    read = await hosts_of(servers, policy).read(host.capabilities_url)
    assert read.token_url == token_url


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (RawResponse(302, {"location": "https://hipchat.test/"}, b""), "answered 302"),
        (RawResponse(204, {}, b""), "answered 204"),
        (RawResponse(500, {}, b"{}"), "answered 500"),
        (RawResponse(200, {}, b"<html>"), "cannot be read"),
        (RawResponse(200, {}, b""), "cannot be read"),
        (RawResponse(200, {}, b"[]"), "cannot be read"),
        (RawResponse(200, {}, b"[" * 100_000), "cannot be read"),
        (RawResponse(200, {}, b" " * (LONGEST_DOCUMENT + 1)), "cannot read"),
    ],
)
async def test_an_answer_that_is_no_document_is_refused(
    response: RawResponse, reason: str
) -> None:
    servers = ScriptedHosts()
    host = servers.add()
    host.files["/v2/capabilities"] = response
    with pytest.raises(InstallationError, match=reason) as caught:
        await hosts_of(servers).read(host.capabilities_url)
    assert caught.value.status == 400


async def test_a_server_that_is_away_is_named() -> None:
    with pytest.raises(
        InstallationError, match=r"https://hipchat.test: no such server"
    ):
        await hosts_of(ScriptedHosts()).read("https://hipchat.test/v2/capabilities")


async def test_a_server_that_is_not_allowed_is_not_asked() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    with pytest.raises(InstallationError):
        await hosts_of(servers, HostPolicy([])).read(host.capabilities_url)
    assert not host.calls


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("capabilities.hipchatApiProvider.url", "https://hipchat.test/api/"),
        ("capabilities.oauth2Provider.tokenUrl", "https://hipchat.test/files/x"),
    ],
)
async def test_pinned_addresses_do_not_change_until_they_are_forgotten(
    path: str, value: str
) -> None:
    servers = ScriptedHosts()
    host = servers.add()
    hosts = hosts_of(servers)
    await hosts.pin(await hosts.read(host.capabilities_url))
    await hosts.read(host.capabilities_url)
    changed(host, path, value)
    with pytest.raises(InstallationError, match="first installation") as caught:
        await hosts.read(host.capabilities_url)
    assert caught.value.status == 403
    assert await hosts.forget("https://hipchat.test")
    assert not await hosts.forget("https://hipchat.test")
    await hosts.read(host.capabilities_url)


async def test_a_document_in_another_place_of_a_pinned_server_is_not_its_own() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    hosts = hosts_of(servers)
    await hosts.pin(await hosts.read(host.capabilities_url))
    uploaded = msgspec.json.decode(msgspec.json.encode(host.document))
    uploaded["links"]["self"] = "https://hipchat.test/files/capabilities.json"
    address = host.has("/files/capabilities.json", uploaded)
    with pytest.raises(InstallationError, match="first installation"):
        await hosts.read(address)


async def test_of_two_first_installations_the_earlier_one_pins() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    hosts = hosts_of(servers)
    first = await hosts.read(host.capabilities_url)
    changed(host, "capabilities.oauth2Provider.tokenUrl", "https://hipchat.test/t")
    second = await hosts.read(host.capabilities_url)
    await hosts.pin(first)
    with pytest.raises(InstallationError, match="first installation"):
        await hosts.pin(second)


async def test_nothing_is_pinned_where_there_is_a_list() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    hosts = hosts_of(servers, HostPolicy(["hipchat.test"]))
    await hosts.pin(await hosts.read(host.capabilities_url))
    changed(host, "capabilities.oauth2Provider.tokenUrl", "https://hipchat.test/t")
    assert (await hosts.read(host.capabilities_url)).token_url.endswith("/t")


async def test_pins_of_different_servers_are_independent() -> None:
    servers = ScriptedHosts()
    one, two = servers.add(), servers.add(EVIL)
    hosts = hosts_of(servers)
    for host in (one, two):
        await hosts.pin(await hosts.read(host.capabilities_url))
    assert (await hosts.read(one.capabilities_url)).origin == one.origin


async def test_a_transport_error_is_not_chained() -> None:
    servers = ScriptedHosts()
    host = servers.add()
    host.is_away = True
    with pytest.raises(InstallationError) as caught:
        await hosts_of(servers).fetch(host.capabilities_url)
    assert not isinstance(caught.value.__cause__, TransportError)


async def test_slow_servers_leave_connections_to_the_others() -> None:
    waiting = 0
    is_full, is_over = asyncio.Event(), asyncio.Event()

    async def answer(_: Request) -> RawResponse:
        nonlocal waiting
        waiting += 1
        if waiting == MOST_AT_ONCE:
            is_full.set()
        await is_over.wait()
        return RawResponse(404, {}, b"")

    transport = AsyncMemoryTransport(answer)
    hosts = Hosts(MemoryStorage(), transport, HostPolicy())
    async with asyncio.TaskGroup() as tasks:
        for number in range(2 * MOST_AT_ONCE):
            read = hosts.read(f"https://slow{number}.test/v2/capabilities")
            tasks.create_task(refused(read))
        await is_full.wait()
        await asyncio.sleep(0)
        assert waiting == MOST_AT_ONCE
        is_over.set()
    assert waiting == 2 * MOST_AT_ONCE


async def refused(read: Awaitable[Host]) -> None:
    with pytest.raises(InstallationError):
        await read
