"""Where outgoing calls may lead."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Sequence

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.transports.egress import (
    EgressPolicy,
    ForbiddenAddressError,
    is_internal,
    look_up,
    parse_endpoint,
)

INTERNAL = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "100.128.0.1",
    "172.32.0.1",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_an_internal_address_is_forbidden(address: str) -> None:
    assert is_internal(ipaddress.ip_address(address))
    assert not EgressPolicy().is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert not is_internal(ipaddress.ip_address(address))
    assert EgressPolicy().is_allowed(address)


def test_an_address_with_a_zone_is_looked_at_without_it() -> None:
    assert not EgressPolicy().is_allowed("fe80::1%eth0")
    assert not EgressPolicy().is_allowed("nonsense")


def test_an_allowed_network_is_allowed_in_every_spelling() -> None:
    policy = EgressPolicy([ipaddress.ip_network("10.0.0.0/8")])

    assert policy.is_allowed("10.1.2.3")
    assert policy.is_allowed("::ffff:10.1.2.3")
    assert not policy.is_allowed("127.0.0.1")
    assert not policy.is_allowed("192.168.0.1")


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "localhost"]
)
async def test_other_spellings_of_loopback_are_forbidden(host: str) -> None:
    with pytest.raises(OSError, match=r"may not reach|Name or|nodename"):
        await EgressPolicy(look_up=look_up).addresses_of(host, 80)


async def test_one_internal_address_among_several_is_one_too_many() -> None:
    policy = EgressPolicy(look_up=lambda host, port: ["1.1.1.1", "10.0.0.1"])

    with pytest.raises(ForbiddenAddressError):
        await policy.addresses_of("hooks.example", 443)


async def test_a_name_is_resolved_once_at_a_time() -> None:
    asked: list[str] = []
    is_asked, release = threading.Event(), threading.Event()

    def slow(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        is_asked.set()
        release.wait(30)
        return ["1.1.1.1"]

    policy = EgressPolicy(look_up=slow)
    both = [asyncio.create_task(policy.addresses_of("a.example", 80)) for _ in range(5)]
    await asyncio.to_thread(is_asked.wait, 30)
    release.set()

    assert await asyncio.gather(*both) == [["1.1.1.1"]] * 5
    assert asked == ["a.example"]
    policy.close()


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a.example", "/"),
        ("http://a.example/x?y=z#part", "/x?y=z"),
        ("http://a.example/%7Ea/ä?q=ü&r=a+b", "/%7Ea/%C3%A4?q=%C3%BC&r=a+b"),
        ("http://a.example?token=a%2Fb", "/?token=a%2Fb"),
    ],
)
def test_an_address_is_sent_as_it_was_given(url: str, target: str) -> None:
    assert parse_endpoint(url).target == target


def test_ports_come_from_the_scheme() -> None:
    assert parse_endpoint("HTTPS://a.example/").port == 443
    assert parse_endpoint("http://a.example:8080/").port == 8080
    with pytest.raises(BadRequestError):
        parse_endpoint("https://a:b@a.example/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "ftp://a.example/",
        "http:///x",
        "http://a.example:0/",
        "http://a.example:99999/",
        "http://[::1/",
        "http://a.example/b c",
        "http://a.example/\u00a0",
        "http://a.example/\u200d",
        "http://a.example\\@b.example/",
        "http://ä.example/",
        "\x01http://a.example/",
    ],
)
def test_a_url_that_is_not_absolute_is_an_error_in_hipchats_words(url: str) -> None:
    with pytest.raises(BadRequestError, match=r"^Field url must be an absolute URL$"):
        parse_endpoint(url)


def test_a_name_of_no_host_is_told_in_plain_words() -> None:
    with pytest.raises(OSError, match=r"^there is no such host$"):
        look_up("nohost.invalid", 443)


def test_a_name_server_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OSError, match=r"no name server answers$"):
        look_up("chat.example.com", 443)
