"""Routes to a sink on this machine that answers as each target fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from hipkit.relay.routes.route import Route
from hipkit.relay.sending import http
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Rendered,
    Reply,
    Settings,
)
from hipkit.relay.targets.slack import SlackBot
from hipkit.server.events.sender import Sender
from hipkit.server.storage.stores.routes import ROUTE, RouteRecord
from tests.unit.relay.fake_target import FakeSettings, FakeTarget
from tests.unit.relay.routes.relaying import Relay, route
from tests.unit.server import receiving as sink
from tests.unit.server.asgi import Site

PATIENCE_SECONDS = 60


def deliver_to(
    site: Site, answer: Callable[[sink.Posted], sink.Answer], count: int = 1
) -> tuple[RouteRecord, list[sink.Posted], float]:
    """Post messages, try once to deliver them, and return what became of it."""
    with sink.receiving() as receiver:
        receiver.answer = answer
        settings = FakeSettings(
            url=f"{receiver.url}/hook/s3cret", allow_private_network=True
        )
        relay = Relay(site, Route(name="ops", target=FakeTarget(), settings=settings))
        sender = TargetSender(site.server.runtime)
        relay.chat = sender  # type: ignore[assignment]  # the real one
        relay.restart()
        relay.post(count)
        began = relay.now

        async def work() -> None:
            try:
                await Sender(relay.subscriptions, site.server.runtime.signals).drain()
            finally:
                await sender.aclose()

        relay.run(work())
        sender.close()
        relay.close()
        return relay.record(), receiver.all(), began


def replying(
    status: int, *, retry_after: str | None = None
) -> Callable[[sink.Posted], sink.Answer]:
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return lambda posted: sink.Answer(status, b"", headers)


def test_429_is_never_tried_earlier_than_asked(site: Site) -> None:
    record, posted, began = deliver_to(site, replying(429, retry_after="3"), count=2)
    assert len(posted) == 1
    assert record.next_try_us is not None
    assert record.next_try_us >= (began + 3) * 1_000_000
    assert (record.last_status, record.delivered) == (429, 0)


@pytest.mark.parametrize("status", [500, 503])
def test_unavailable_target_keeps_all_that_waits(site: Site, status: int) -> None:
    record, posted, began = deliver_to(site, replying(status), count=2)
    assert len(posted) == 1
    assert record.next_try_us is not None
    assert record.next_try_us >= (began + 1) * 1_000_000
    assert record.tries == 1


def test_reset_connection_is_tried_again(site: Site) -> None:
    def reset(posted: sink.Posted) -> sink.Answer:
        raise ConnectionResetError

    record, _, _ = deliver_to(site, reset)
    assert record.tries == 1
    assert record.last_status is None
    assert "s3cret" not in repr(record)


def test_silence_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.05)
    release = threading.Event()

    def silent(posted: sink.Posted) -> sink.Answer:
        release.wait(PATIENCE_SECONDS)
        return sink.Answer()

    try:
        record, _, _ = deliver_to(site, silent)
    finally:
        release.set()
    assert record.tries == 1
    assert record.last_problem == "no whole answer within 0.05 seconds"


def test_400_costs_one_extra_try(site: Site) -> None:
    record, posted, _ = deliver_to(site, replying(400), count=3)
    assert len(posted) == 6
    assert [message.json["plain"] for message in posted] == [False, True] * 3
    assert record.refused == 3
    assert record.failing_since_us is None


def test_202_is_delivered(site: Site) -> None:
    record, posted, _ = deliver_to(site, replying(202), count=3)
    assert (len(posted), record.delivered) == (3, 3)


def test_ok_false_is_no_success() -> None:
    reply = Reply(status=200, body=b'{"ok": false, "error": "channel_not_found"}')
    assert SlackBot().read(reply).verdict == "route"
    reply = Reply(status=200, body=b'{"ok": true, "ts": "1.2", "channel": "C1"}')
    assert SlackBot().read(reply).verdict == "delivered"


class Chats:
    """Fifty targets, of which one never answers."""

    def __init__(self, expected: int) -> None:
        self.dead = asyncio.Event()
        self.others = asyncio.Event()
        self.is_tried = False
        self.taken: list[str] = []
        self._expected = expected

    async def send(self, rendered: Rendered, settings: Settings) -> Reply | Answer:
        assert isinstance(rendered, HttpCall)
        host = rendered.url.reveal().split("/")[2]
        if host == "dead.example.com":
            self.is_tried = True
            await self.dead.wait()
            return Answer(verdict="later", problem="silence")
        self.taken.append(host)
        if len(self.taken) == self._expected:
            self.others.set()
        return Reply(status=200)


def test_no_route_waits_for_a_target_that_never_answers(site: Site) -> None:
    names = ["dead", *(f"chat{number}" for number in range(49))]
    count = 5

    async def work(relay: Relay) -> Chats:
        chats = Chats(count * (len(names) - 1))
        relay.chat = chats  # type: ignore[assignment]  # targets of its own
        relay.restart()
        sender = Sender(relay.subscriptions, site.server.runtime.signals)
        running = asyncio.create_task(sender.run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await chats.others.wait()
        assert not chats.dead.is_set()
        chats.dead.set()
        sender.stop()
        await running
        return chats

    relay = Relay(site, *(route(name) for name in names))
    relay.post(count)
    chats = relay.run(work(relay))
    relay.close()
    assert chats.is_tried
    assert sorted(set(chats.taken)) == sorted(
        f"{name}.example.com" for name in names[1:]
    )
    assert relay.record("dead").delivered == 0
    assert all(
        relay.record(name).position > relay.record("dead").position
        for name in names[1:]
    )
    assert relay.record("dead").kind == ROUTE
