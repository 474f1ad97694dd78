"""Posting to real sockets: which address a connection goes to, and how long it may take."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from hipkit.server.events.delivery import Outcome
from hipkit.server.services.webhooks.deliveries import WebhookDelivery
from hipkit.server.services.webhooks.posters import HttpPoster
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.transports.direct import DirectTransport
from hipkit.transports.egress import EgressPolicy
from tests.unit.server.receiving import Answer, Receiver, receiving


async def test_a_name_that_leads_elsewhere_by_now_is_not_connected_to() -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    with receiving() as receiver:
        policy = EgressPolicy(look_up=lambda host, port: next(answers))
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        await policy.check(url)

        outcome = await post(policy, url)

        assert outcome.verdict == "waiting"
        assert outcome.problem == (
            f"cannot connect to {url.removeprefix('http://').rstrip('/')}: its address is in a"
            " network that webhooks may not reach (hipkit serve --webhook-network permits one)"
        )
        assert receiver.all() == []
    policy.close()


async def test_a_connection_goes_to_the_address_that_was_looked_at() -> None:
    with receiving() as receiver:
        policy = EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])
        url = receiver.url.replace("127.0.0.1", "hooks.example")

        outcome = await post(policy, url)

        assert outcome.status == 204
        host = url.removeprefix("http://")
        assert receiver.next().headers["Host"] == host
    policy.close()


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with receiving() as receiver:
        policy = EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.2", "127.0.0.1"])
        url = receiver.url.replace("127.0.0.1", "hooks.example")

        assert (await post(policy, url)).status == 204
    policy.close()


async def test_tls_is_verified_for_the_name_and_not_for_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    policy = EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])
    certificate = authority.issue_cert("hooks.example")

    with secured(certificate) as receiver:
        port = receiver.url.rpartition(":")[2]
        right = await post(policy, f"https://hooks.example:{port}/")
        wrong = await post(policy, f"https://other.example:{port}/")

        assert right.status == 204
        assert receiver.next().headers["Host"] == f"hooks.example:{port}"
        assert wrong.status is None
        assert "certificate" in str(wrong.problem).lower()
        assert receiver.all() == []
    policy.close()


async def test_an_unknown_authority_is_to_be_named_to_the_server() -> None:
    policy = EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])

    with secured(trustme.CA().issue_cert("hooks.example")) as receiver:
        port = receiver.url.rpartition(":")[2]
        outcome = await post(policy, f"https://hooks.example:{port}/")

    assert outcome.verdict == "waiting"
    assert "set SSL_CERT_FILE for hipkit serve" in str(outcome.problem)
    policy.close()


async def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    policy = EgressPolicy(LOOPBACK)
    with receiving() as receiver:
        assert (await post(policy, receiver.url)).status == 204


async def test_an_answer_that_does_not_come_is_waited_for_within_bounds() -> None:
    release = threading.Event()

    def wait(posted: object) -> Answer:
        release.wait(30)
        return Answer()

    policy = EgressPolicy(LOOPBACK)
    with receiving() as receiver:
        receiver.answer = wait
        try:
            outcome = await post(policy, receiver.url, seconds=0.05)
        finally:
            release.set()

    assert outcome.verdict == "waiting"
    assert outcome.status is None


LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


async def post(policy: EgressPolicy, url: str, *, seconds: float = 10.0) -> Outcome:
    transport = DirectTransport(policy.addresses_of, max_connections=2)
    poster = HttpPoster(transport, now_us=lambda: 0, seconds=seconds)
    webhook = WebhookRecord(
        id=1,
        kind="webhook",
        group_id=1,
        room_id=1,
        event="room_message",
        host="",
        position=0,
        client_id=None,
        user_id=1,
        key="k",
        name="",
        url=url,
        pattern=None,
        authentication="none",
        created_us=0,
        root=None,
    )
    event = EventRecord(
        id=1,
        group_id=1,
        room_id=1,
        event="room_message",
        item="{}",
        root="",
        created_us=0,
    )
    delivery = WebhookDelivery(subscription=webhook, event=event, url=url, body=b"{}")
    try:
        return await poster.post(delivery)
    finally:
        await transport.aclose()


@contextmanager
def secured(certificate: trustme.LeafCert) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with receiving(tls=context) as receiver:
        yield receiver
