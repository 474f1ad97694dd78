from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pycurl
import pytest

from hipkit.transports.protocol import TransportError
from hipkit.transports.pycurl_async import AsyncCurlTransport
from tests.contract.transports.driver import PATIENT, request_to, wait_until
from tests.contract.transports.scripted_server import (
    OK,
    Connection,
    ScriptedServer,
    answering,
    one_after_another,
)


def hang(connection: Connection) -> None:
    connection.read_request()
    connection.hang()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer(one_after_another(hang, answering(OK)))
    yield server
    server.close()


def test_a_callback_that_fails_ends_all_transfers_and_no_later_one(
    server: ScriptedServer,
) -> None:
    async def main() -> None:
        transport = AsyncCurlTransport()
        request = request_to(server, "POST", content=b"x")
        waiting = asyncio.create_task(transport.send(request, PATIENT))
        await asyncio.to_thread(wait_until, lambda: bool(server.requests))
        here = transport._loops[asyncio.get_running_loop()]

        def failing(*_: object) -> None:
            raise OSError("no space left for what epoll watches")

        here._multi.setopt(pycurl.M_SOCKETFUNCTION, failing)
        calls = [waiting, asyncio.create_task(transport.send(request, PATIENT))]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [TransportError] * 2
        here._multi.setopt(pycurl.M_SOCKETFUNCTION, here._watched.on_socket)
        assert (await transport.send(request, PATIENT)).body == b"ok"
        await transport.aclose()

    asyncio.run(main())


def test_most_transfers_set_no_timer(server: ScriptedServer) -> None:
    server.script = answering(OK)

    async def main() -> None:
        transport = AsyncCurlTransport()
        loop = asyncio.get_running_loop()
        timers = []
        call_at = loop.call_at

        def counted(*args: object, **options: object) -> asyncio.TimerHandle:
            timers.append(args)
            return call_at(*args, **options)  # type: ignore[arg-type]  # passed on as they come

        loop.call_at = counted  # type: ignore[method-assign]  # counts
        for _ in range(100):
            await transport.send(request_to(server), PATIENT)
        assert len(timers) < 50
        await transport.aclose()

    asyncio.run(main())


def test_a_call_lets_other_tasks_go_on_however_soon_its_answer_comes(
    server: ScriptedServer,
) -> None:
    server.script = answering(OK)

    async def main() -> None:
        transport = AsyncCurlTransport()
        loop = asyncio.get_running_loop()
        for _ in range(20):
            order: list[str] = []
            loop.call_soon(order.append, "another task")
            await transport.send(request_to(server), PATIENT)
            order.append("the answer")
            assert order == ["another task", "the answer"]
        await transport.aclose()

    asyncio.run(main())
