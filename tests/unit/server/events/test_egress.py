"""Where webhooks may lead, when they are set and when a connection is opened."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from hipkit.api.errors import BadRequestError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.egress import (
    EgressPolicy,
    ForbiddenAddressError,
    is_internal,
    look_up,
    parse_endpoint,
)
from hipkit.server.events.posters import HttpPoster
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionRecord
from tests.unit.server.receiving import Answer, Receiver, receiving

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
def test_an_internal_address_is_told(address: str) -> None:
    assert is_internal(ipaddress.ip_address(address))
    assert not EgressPolicy().is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_told(address: str) -> None:
    assert not is_internal(ipaddress.ip_address(address))
    assert EgressPolicy().is_allowed(address)


def test_an_address_with_a_zone_is_looked_at_without_it() -> None:
    assert not EgressPolicy().is_allowed("fe80::1%eth0")
    assert not EgressPolicy().is_allowed("nonsense")


def test_an_allowed_network_is_allowed_in_every_spelling() -> None:
    receivers = EgressPolicy([ipaddress.ip_network("10.0.0.0/8")])

    assert receivers.is_allowed("10.1.2.3")
    assert receivers.is_allowed("::ffff:10.1.2.3")
    assert not receivers.is_allowed("127.0.0.1")
    assert not receivers.is_allowed("192.168.0.1")


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "localhost"]
)
async def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(OSError, match=r"may not reach|Name or|nodename"):
        await EgressPolicy(look_up=look_up).addresses_of(host, 80)


async def test_one_internal_address_among_several_is_one_too_many() -> None:
    receivers = EgressPolicy(look_up=lambda host, port: ["1.1.1.1", "10.0.0.1"])

    with pytest.raises(ForbiddenAddressError):
        await receivers.addresses_of("hooks.example", 443)


async def test_a_name_is_asked_for_once_at_a_time() -> None:
    asked: list[str] = []
    is_asked, release = threading.Event(), threading.Event()

    def slow(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        is_asked.set()
        release.wait(30)
        return ["1.1.1.1"]

    receivers = EgressPolicy(look_up=slow)
    both = [
        asyncio.create_task(receivers.addresses_of("a.example", 80)) for _ in range(5)
    ]
    await asyncio.to_thread(is_asked.wait, 30)
    release.set()

    assert await asyncio.gather(*both) == [["1.1.1.1"]] * 5
    assert asked == ["a.example"]
    receivers.close()


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
def test_what_is_no_absolute_url_is_refused_in_hipchats_words(url: str) -> None:
    with pytest.raises(BadRequestError, match=r"^Field url must be an absolute URL$"):
        parse_endpoint(url)


async def test_a_name_that_leads_elsewhere_by_now_is_not_connected_to() -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    with receiving() as receiver:
        receivers = EgressPolicy(look_up=lambda host, port: next(answers))
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        await receivers.check(url)

        outcome = await post(receivers, url)

        assert outcome.verdict == "waiting"
        assert outcome.problem is not None
        assert "may not reach" in outcome.problem
        assert receiver.all() == []
    receivers.close()


async def test_a_connection_goes_to_the_address_that_was_looked_at() -> None:
    with receiving() as receiver:
        receivers = EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])
        url = receiver.url.replace("127.0.0.1", "hooks.example")

        outcome = await post(receivers, url)

        assert outcome.status == 204
        host = url.removeprefix("http://")
        assert receiver.next().headers["Host"] == host
    receivers.close()


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with receiving() as receiver:
        receivers = EgressPolicy(
            LOOPBACK, lambda host, port: ["127.0.0.2", "127.0.0.1"]
        )
        url = receiver.url.replace("127.0.0.1", "hooks.example")

        assert (await post(receivers, url)).status == 204
    receivers.close()


async def test_tls_is_verified_for_the_name_and_not_for_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    receivers = EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])
    certificate = authority.issue_cert("hooks.example")

    with secured(certificate) as receiver:
        port = receiver.url.rpartition(":")[2]
        right = await post(receivers, f"https://hooks.example:{port}/")
        wrong = await post(receivers, f"https://other.example:{port}/")

        assert right.status == 204
        assert receiver.next().headers["Host"] == f"hooks.example:{port}"
        assert wrong.status is None
        assert "certificate" in str(wrong.problem).lower()
        assert receiver.all() == []
    receivers.close()


async def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    receivers = EgressPolicy(LOOPBACK)
    with receiving() as receiver:
        assert (await post(receivers, receiver.url)).status == 204


async def test_an_answer_that_does_not_come_is_waited_for_within_bounds() -> None:
    release = threading.Event()

    def wait(posted: object) -> Answer:
        release.wait(30)
        return Answer()

    receivers = EgressPolicy(LOOPBACK)
    with receiving() as receiver:
        receiver.answer = wait
        try:
            outcome = await post(receivers, receiver.url, seconds=0.05)
        finally:
            release.set()

    assert outcome.verdict == "waiting"
    assert outcome.status is None


LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


async def post(receivers: EgressPolicy, url: str, *, seconds: float = 10.0) -> Outcome:
    poster = HttpPoster(
        receivers, most_connections=2, now_us=lambda: 0, seconds=seconds
    )
    subscription = SubscriptionRecord(
        1, "test", 1, 1, "room_message", "", 0, None, 0, None, None, None, None, None
    )
    event = EventRecord(1, 1, 1, "room_message", "x", "{}", 1, "", None, None, 0)
    delivery = Delivery(subscription=subscription, event=event, url=url, body=b"{}")
    try:
        return await poster.post(delivery)
    finally:
        await poster.aclose()


@contextmanager
def secured(certificate: trustme.LeafCert) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with receiving(tls=context) as receiver:
        yield receiver
