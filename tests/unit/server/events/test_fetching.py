"""One call to elsewhere, over real sockets: bounded in time and size, and never redirected."""

from __future__ import annotations

import ipaddress
import threading

import pytest

from hipkit.server.events.fetching import Fetched, FetchError, fetch, shown_origin
from hipkit.transports.direct import DirectTransport
from hipkit.transports.egress import EgressPolicy
from tests.unit.server.receiving import Answer, Posted, receiving

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


async def post(
    url: str,
    *,
    policy: EgressPolicy | None = None,
    most_bytes: int = 1024,
    seconds: float = 10.0,
) -> Fetched:
    policy = policy or EgressPolicy(LOOPBACK)
    transport = DirectTransport(policy.addresses_of, max_connections=2)
    try:
        return await fetch(
            transport,
            "POST",
            url,
            content=b"{}",
            most_bytes=most_bytes,
            seconds=seconds,
        )
    finally:
        await transport.aclose()
        policy.close()


async def test_an_answer_of_any_status_is_returned() -> None:
    with receiving() as receiver:
        receiver.answer = lambda posted: Answer(200, b"yes")
        yes = await post(f"{receiver.url}/a?b=c")
        receiver.answer = lambda posted: Answer(403, b"no")
        no = await post(receiver.url)

        assert (yes.status, yes.body, yes.is_success) == (200, b"yes", True)
        assert (no.status, no.body, no.is_success) == (403, b"no", False)
        posted = receiver.next()
        assert posted.path.endswith("/a?b=c")
        assert posted.headers["Content-Type"] == "application/json"
        assert posted.body == b"{}"


async def test_a_redirect_is_an_answer() -> None:
    with receiving() as other, receiving() as receiver:
        receiver.answer = lambda posted: Answer(302, headers=(("Location", other.url),))

        assert (await post(receiver.url)).status == 302
        assert other.all() == []


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_is_read_within_bounds(status: int) -> None:
    size = 2_000 if status == 200 else 8 * 1024 * 1024
    with receiving() as receiver:
        receiver.answer = lambda posted: Answer(status, b"x" * size)

        with pytest.raises(FetchError):
            await post(receiver.url)


async def test_an_answer_that_does_not_come_is_waited_for_within_bounds() -> None:
    release = threading.Event()

    def wait(posted: Posted) -> Answer:
        release.wait(30)
        return Answer()

    with receiving() as receiver:
        receiver.answer = wait
        try:
            with pytest.raises(FetchError):
                await post(receiver.url, seconds=0.05)
        finally:
            release.set()


async def test_the_policy_decides_where_a_call_leads() -> None:
    with receiving() as receiver:
        with pytest.raises(FetchError, match="network"):
            await post(receiver.url, policy=EgressPolicy())
        assert receiver.all() == []


@pytest.mark.parametrize(
    "url", ["", "javascript:x", "https://u:secret@h/", "https://h/" + "x" * 3_000]
)
async def test_what_cannot_be_called_is_an_error_that_does_not_repeat_it(
    url: str,
) -> None:
    with pytest.raises(FetchError) as error:
        await post(url)

    assert "secret" not in str(error.value)
    assert "xxx" not in str(error.value)


def test_an_origin_shows_neither_path_nor_password() -> None:
    assert shown_origin("https://u:p@host:8443/secret?x#y") == "https://host:8443"
