"""Which servers may install an add-on: those of a list, or all of the public network."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hipkit import InstallationError
from hipkit.addon.installations.host_policy import HostPolicy, read_address
from hipkit.transports.protocol import Options, Request, TransportError


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Api.HipChat.com/v2?x=1", "https://api.hipchat.com"),
        ("https://api.hipchat.com:443", "https://api.hipchat.com"),
        ("http://chat.example.com:80/", "http://chat.example.com"),
        ("https://chat.example.com:8443/", "https://chat.example.com:8443"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]"),
    ],
)
def test_an_origin_is_scheme_name_and_port(url: str, origin: str) -> None:
    assert read_address(url).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "chat.example.com",
        "ftp://chat.example.com",
        "https://",
        "https:///v2",
        "https://user:hunter2@chat.example.com",
        "https://user@chat.example.com",
        "https://chat.example.com\\@evil.example",
        "https://chat.example.com\n.evil.example",
        "https://chat.example.com:99999",
        "https://chät.example.com",
        "https://[::1",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://chat.example.com/" + "x" * 3000,
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(url: str) -> None:
    for policy in (HostPolicy(), HostPolicy(["chat.example.com"])):
        with pytest.raises(InstallationError) as caught:
            policy.check(url)
        assert caught.value.status == 400
        assert "hunter2" not in str(caught.value)


def test_without_a_list_every_public_server_is_allowed() -> None:
    policy = HostPolicy()
    assert policy.check("https://chat.example.com/v2") == "https://chat.example.com"
    assert policy.check("https://8.8.8.8/v2") == "https://8.8.8.8"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "[::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "0.0.0.0",  # noqa: S104 - an address that is refused
    ],
)
def test_without_a_list_internal_servers_are_refused_unless_allowed(host: str) -> None:
    with pytest.raises(InstallationError, match="internal") as caught:
        HostPolicy().check(f"https://{host}/v2")
    assert caught.value.status == 403
    HostPolicy(allow_internal=True).check(f"https://{host}/v2")


def test_plain_http_is_refused_unless_allowed() -> None:
    with pytest.raises(InstallationError, match="https only") as caught:
        HostPolicy().check("http://chat.example.com/v2")
    assert caught.value.status == 403
    HostPolicy(allow_internal=True).check("http://chat.example.com/v2")
    HostPolicy(["http://chat.example.com"]).check("http://chat.example.com/v2")


ALLOWED = ["https://api.hipchat.com/v2", "chat.example.com", "http://localhost:8080"]


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://api.hipchat.com/anything", True),
        ("https://chat.example.com", True),
        ("http://localhost:8080/v2", True),
        ("http://api.hipchat.com/v2", False),
        ("https://api.hipchat.com:444/v2", False),
        ("https://api.hipchat.com.evil.example/v2", False),
        ("https://evil.example/api.hipchat.com", False),
        ("https://www.hipchat.com", False),
        ("http://localhost/v2", False),
        ("https://localhost:8080/v2", False),
    ],
)
@pytest.mark.parametrize("allow_internal", [True, False])
def test_with_a_list_only_its_servers_are_allowed(
    url: str, *, is_allowed: bool, allow_internal: bool
) -> None:
    policy = HostPolicy(ALLOWED, allow_internal=allow_internal)
    if is_allowed:
        policy.check(url)
        return
    with pytest.raises(InstallationError, match="does not work with") as caught:
        policy.check(url)
    assert caught.value.status == 403


def test_an_empty_list_allows_nothing() -> None:
    with pytest.raises(InstallationError):
        HostPolicy([]).check("https://api.hipchat.com")


@pytest.mark.parametrize("entry", ["", "https://", "a b", "ftp://a"])
def test_a_list_of_something_else_is_a_mistake(entry: str) -> None:
    with pytest.raises(ValueError, match="allowed hosts are like"):
        HostPolicy([entry])


def resolve(host: str, _port: int) -> Sequence[str]:
    return {
        "public.example": ["8.8.8.8"],
        "internal.example": ["10.0.0.1"],
        "both.example": ["8.8.8.8", "127.0.0.1"],
    }.get(host, [])


async def test_a_connection_is_opened_to_public_addresses_only() -> None:
    policy = HostPolicy(look_up=resolve)
    assert await policy.addresses_of("public.example", 443) == ["8.8.8.8"]
    for host in ("internal.example", "both.example", "127.0.0.1"):
        with pytest.raises(OSError, match="internal network"):
            await policy.addresses_of(host, 443)
    with pytest.raises(OSError, match="no address"):
        await policy.addresses_of("unknown.example", 443)
    policy.close()


async def test_a_listed_server_may_be_internal_and_no_other() -> None:
    policy = HostPolicy(["internal.example"], look_up=resolve)
    assert await policy.addresses_of("internal.example", 443) == ["10.0.0.1"]
    for host, port in (("internal.example", 80), ("both.example", 443)):
        with pytest.raises(OSError, match="internal network"):
            await policy.addresses_of(host, port)
    policy.close()


async def test_allowing_internal_networks_allows_them_all() -> None:
    policy = HostPolicy(allow_internal=True, look_up=resolve)
    assert await policy.addresses_of("internal.example", 80) == ["10.0.0.1"]
    policy.close()


async def test_the_transport_opens_no_connection_into_internal_networks() -> None:
    policy = HostPolicy(look_up=resolve)
    transport = policy.transport()
    request = Request(
        method="GET", scheme="http", host="internal.example", port=80, target="/"
    )
    with pytest.raises(TransportError, match="internal network") as caught:
        await transport.send(request, Options())
    assert not caught.value.may_have_arrived
    await transport.aclose()
    policy.close()
