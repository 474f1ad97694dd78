"""What one connection can take of the server's memory is bounded, and for how long too."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from hipkit.server.http import protocol
from hipkit.server.http.protocol import BoundedProtocol
from hipkit.server.page.advice.calls import advice_on
from hipkit.server.serve import listen
from hipkit.server.services.access.token_calls import SeenCall
from tests.unit.server import wire
from tests.unit.server.asgi import Site
from tests.unit.server.wire import Wire


async def never_answers(
    scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    await asyncio.Event().wait()


def connect() -> tuple[BoundedProtocol, Wire]:
    return wire.connect(never_answers)


async def waits_out(wire: Wire) -> bool:
    async with asyncio.timeout(10):
        return await wire.ended.wait()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run_quickly(test: Callable[[], object]) -> None:
        monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.01)
        monkeypatch.setattr(protocol, "READ_SECONDS", 0.01)
        asyncio.run(test())  # type: ignore[arg-type]  # every test here is a coroutine

    return run_quickly


def test_a_connection_that_says_nothing_is_closed(run: Callable[..., None]) -> None:
    async def test() -> None:
        _, wire = connect()
        assert await waits_out(wire)

    run(test)


def test_a_head_that_never_ends_closes_the_connection(
    run: Callable[..., None],
) -> None:
    async def test() -> None:
        made, wire = connect()
        made.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        made.data_received(b"GET / HTTP/1.1\r\nHo")
        assert await waits_out(wire)

    run(test)


def test_a_whole_head_stops_the_clock() -> None:
    async def test() -> None:
        made, _ = connect()
        made.data_received(b"GET / HTTP/1.1\r\nHo")
        assert made._head_timer is not None
        made.data_received(b"st: x\r\n\r\n")
        assert made._head_timer is None

    asyncio.run(test())


def test_headers_behind_a_body_are_not_kept() -> None:
    async def test() -> None:
        made, _ = connect()
        made.data_received(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\na\r\n0\r\n"
        )
        for _ in range(3):
            made.data_received(b"Authorization: Bearer other\r\n" * 1000)
        assert len(list(made.scope["headers"])) == 2
        made.data_received(b"\r\nGET / HTTP/1.1\r\nHost: y\r\n\r\n")
        assert made.scope["headers"] == [(b"host", b"y")]

    asyncio.run(test())


def test_a_client_that_reads_nothing_is_cut_off(run: Callable[..., None]) -> None:
    async def test() -> None:
        made, wire = connect()
        wire.unread = 100_000
        made.pause_writing()
        assert await waits_out(wire)

    run(test)


def test_a_client_that_reads_slowly_is_not_cut_off() -> None:
    async def test() -> None:
        made, wire = connect()
        wire.unread = 100_000
        made.pause_writing()
        for _ in range(5):
            wire.unread -= 1
            made._check_reading()
            assert not wire.is_closing()
        made._check_reading()
        assert wire.is_closing()

    asyncio.run(test())


def test_a_client_that_has_read_its_answer_is_not_watched() -> None:
    async def test() -> None:
        made, wire = connect()
        wire.unread = 100_000
        made.pause_writing()
        made.resume_writing()
        assert made._reading_timer is None

    asyncio.run(test())


def test_only_so_many_requests_wait_for_one() -> None:
    async def test() -> None:
        made, wire = connect()
        made.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000)
        assert len(made.pipeline) <= protocol.MOST_WAITING
        made.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(made.pipeline) <= protocol.MOST_WAITING
        assert not wire.written

    asyncio.run(test())


def test_small_pieces_of_an_answer_are_sent_at_once() -> None:
    # Without this an answer of two pieces takes 40 ms.
    async def test() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(
                connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            )
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                return await found
            finally:
                writer.close()

    assert asyncio.run(test()) == 1


HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32))


@pytest.mark.parametrize(
    ("sent", "line", "problem"),
    [
        (HELLO, ("", ""), "speaks TLS (https)"),
        (b"nonsense\r\n\r\n", ("", ""), "Invalid HTTP request"),
        (
            b"GET /v2/room HTTP/1.1\r\nX-A: b\r\n\r\n",
            ("GET", "/v2/room"),
            "one Host header",
        ),
        (
            b"POST /v2/room?auth_token=s3cr3t-t0ken HTTP/1.1\r\nHost: a b\r\n\r\n",
            ("POST", "/v2/room?auth_token=***"),
            "The Host header",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"\xff" * 20,
            ("", ""),
            "Invalid HTTP request",
        ),
    ],
    ids=["TLS", "nonsense", "no host", "bad host", "nonsense behind a request"],
)
def test_what_is_refused_here_is_among_the_calls(
    site: Site, sent: bytes, line: tuple[str, str], problem: str
) -> None:
    async def test() -> None:
        made, _ = wire.connect(answers_at_once, site.server.runtime)
        made.data_received(sent)
        await wire.settle()
        made.connection_lost(None)

    asyncio.run(test())

    (call,) = site.calls(None)
    assert (call.method, call.target) == line
    assert problem in (call.problem or "")
    assert (call.status, call.operation_id) == (400, "unknown")
    assert call.is_failed
    assert "s3cr3t" not in repr(call)
    seen = SeenCall(call=call, token=None, room=None, message=None)
    assert advice_on(seen) is not None


def test_bytes_of_tls_behind_a_request_are_no_sign_of_https(site: Site) -> None:
    async def test() -> None:
        made, _ = wire.connect(answers_at_once, site.server.runtime)
        made.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await wire.settle()
        made.data_received(HELLO)
        made.connection_lost(None)

    asyncio.run(test())

    (call,) = site.calls(None)
    assert call.problem == "Invalid HTTP request received."


async def answers_at_once(
    scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send(
        {"type": "http.response.body", "body": b"", "more_body": False},
    )
