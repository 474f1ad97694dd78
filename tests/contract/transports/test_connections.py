"""Connections: when one is used again, and who may use it."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hipkit.transports.protocol import Headers, Options, TransportError
from tests.contract.transports.authority import Authority
from tests.contract.transports.conftest import Serve
from tests.contract.transports.driver import (
    ONLY_ASYNC,
    ONLY_SYNC,
    PATIENT,
    Chunks,
    Driver,
    Kind,
    MakeDriver,
    only,
    request_to,
    wait_until,
    wait_until_received,
)
from tests.contract.transports.scripted_server import (
    NO_CONTENT,
    OK,
    PATIENCE_SECONDS,
    Connection,
    ScriptedServer,
    answering,
    one_after_another,
)

METHODS = ["GET", "POST", "PUT", "DELETE"]


def answer_once(connection: Connection) -> None:
    """Answer one request, and close."""
    connection.read_request()
    connection.send(OK)


def echo(connection: Connection) -> None:
    while True:
        body = connection.read_request().body
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )


def test_a_connection_is_kept(driver: Driver, server: ScriptedServer) -> None:
    for _ in range(3):
        driver.send(request_to(server))
    assert server.connections == 1


def test_a_connection_is_kept_after_no_content(driver: Driver, serve: Serve) -> None:
    server = serve(answering(NO_CONTENT))
    for _ in range(3):
        driver.send(request_to(server, "POST", content=b"x"))
    assert server.connections == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("content", [None, b"x"], ids=["empty", "body"])
def test_an_idle_connection_that_the_server_closed_is_replaced_and_sent_on_once(
    driver: Driver, serve: Serve, method: str, content: bytes | None
) -> None:
    server = serve(answer_once)
    for number in (1, 2):
        assert driver.send(request_to(server, method, content=content)).body == b"ok"
        assert len(server.requests) == number
        wait_until_received(server)
    assert server.connections == 2


def test_an_idle_connection_that_was_reset_is_replaced(
    driver: Driver, serve: Serve
) -> None:
    answered = threading.Event()

    def answer_then_reset(connection: Connection) -> None:
        answer_once(connection)
        connection.wait_for(answered)
        connection.reset()

    server = serve(answer_then_reset)
    for _ in range(2):
        answered.clear()
        assert driver.send(request_to(server, "POST", content=b"x")).body == b"ok"
        answered.set()
        wait_until_received(server)
    assert len(server.requests) == server.connections == 2


def test_what_an_idle_server_says_is_not_taken_for_an_answer(
    driver: Driver, serve: Serve
) -> None:
    answered = threading.Event()

    def talkative(connection: Connection) -> None:
        answer_once(connection)
        connection.wait_for(answered)
        connection.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        connection.wait_for_close()

    server = serve(one_after_another(talkative, answering(OK)))
    driver.send(request_to(server))
    answered.set()
    wait_until_received(server)
    assert driver.send(request_to(server, "POST", content=b"x")).status == 200
    assert server.connections == 2


def test_a_second_answer_to_a_call_is_not_taken_for_that_to_the_next(
    driver: Driver, serve: Serve
) -> None:
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
    server = serve(one_after_another(answering(OK + second), answering(OK)))
    assert driver.send(request_to(server)).body == b"ok"
    if driver.kind.library != "httpcore2":  # The others close the connection.
        assert driver.send(request_to(server, "POST")).body == b"ok"
    else:  # httpcore2 keeps what it has read, and shows it only after sending.
        failure = driver.fail(request_to(server, "POST"))
        assert (failure.kind, failure.may_have_arrived) == ("garbage", True)
    assert driver.send(request_to(server)).body == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize("line", [b"Connection: close", b"connection: Close"])
def test_a_connection_that_the_server_closes_is_not_kept(
    driver: Driver, serve: Serve, line: bytes
) -> None:
    server = serve(answering(OK.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)))
    driver.send(request_to(server))
    driver.send(request_to(server))
    assert server.connections == 2


def test_a_connection_is_not_kept_longer_than_configured(
    make_driver: MakeDriver, server: ScriptedServer
) -> None:
    driver = make_driver(keepalive_seconds=0.2)
    driver.send(request_to(server))
    time.sleep(0.3)
    driver.send(request_to(server))
    assert server.connections == 2


@only("pycurl")  # The setting is libcurl's, and the same for both.
def test_libcurl_counts_the_age_of_a_connection_in_whole_seconds(
    make_driver: MakeDriver, server: ScriptedServer
) -> None:
    driver = make_driver(keepalive_seconds=1)
    driver.send(request_to(server))
    time.sleep(2.1)
    driver.send(request_to(server))
    assert server.connections == 2


def test_two_servers_do_not_share_a_connection(driver: Driver, serve: Serve) -> None:
    servers = [serve(answering(OK)) for _ in range(2)]
    for server in servers * 2:
        driver.send(request_to(server))
    assert [server.connections for server in servers] == [1, 1]


def test_making_a_transport_opens_no_connection_and_starts_no_thread(
    kind: Kind,
) -> None:
    class Forbidden(socket.socket):
        def __init__(self, *args: object, **settings: object) -> None:
            raise AssertionError("a socket was opened")

    threads = threading.active_count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", Forbidden)
        kind.make()
    assert threading.active_count() == threads


def test_closing_twice_does_nothing_and_sending_afterwards_is_a_mistake(
    driver: Driver, server: ScriptedServer
) -> None:
    driver.send(request_to(server))
    driver.close()
    driver.close()
    with pytest.raises(RuntimeError, match="closed"):
        driver.send(request_to(server))
    assert len(server.requests) == 1


def test_closing_closes_the_connections(driver: Driver, serve: Serve) -> None:
    left = threading.Event()

    def has_data(connection: Connection) -> None:
        answer_once(connection)
        connection.wait_for_close()
        left.set()

    driver.send(request_to(serve(has_data)))
    assert not left.is_set()
    driver.close()
    assert left.wait(PATIENCE_SECONDS)


@ONLY_SYNC
def test_closing_lets_a_call_on_its_way_end_in_another_thread(
    driver: Driver, serve: Serve
) -> None:
    closed, left = threading.Event(), threading.Event()

    def answer_late(connection: Connection) -> None:
        connection.read_request()
        connection.wait_for(closed)
        connection.send(OK)
        connection.wait_for_close()
        left.set()

    server = serve(answer_late)
    with ThreadPoolExecutor() as threads:
        call = threads.submit(driver.send, request_to(server))
        wait_until(lambda: bool(server.requests))
        driver.close()
        closed.set()
        assert call.result(PATIENCE_SECONDS).body == b"ok"
    assert left.wait(PATIENCE_SECONDS)


@ONLY_ASYNC
def test_closing_ends_a_call_on_its_way_in_another_task(
    kind: Kind, serve: Serve
) -> None:
    server = serve(lambda connection: (connection.read_request(), connection.hang()))

    async def main() -> None:
        transport = kind.make()
        request = request_to(server, "POST", content=b"x")
        call = asyncio.create_task(transport.send(request, PATIENT))
        await asyncio.to_thread(wait_until, lambda: bool(server.requests))
        await transport.aclose()
        with pytest.raises(TransportError) as caught:
            await call
        assert (caught.value.kind, caught.value.may_have_arrived) == ("broken", True)

    asyncio.run(main())


def test_nothing_of_a_call_is_kept(driver: Driver, server: ScriptedServer) -> None:
    class Sink:
        def __call__(self, chunk: bytes) -> None: ...

    def living(kind: type) -> int:
        gc.collect()
        # Not `isinstance`, which asks objects: lazy ones of other libraries do more than answer.
        return sum(type(found) is kind for found in gc.get_objects())

    driver.send(request_to(server, "POST", content=b"x"), sink=Sink())
    assert living(Sink) == 0


def test_calls_to_several_servers_keep_the_limit_of_connections(
    make_driver: MakeDriver, serve: Serve
) -> None:
    driver = make_driver(max_connections=2)
    left = threading.Event()

    def has_left(connection: Connection) -> None:
        answer_once(connection)
        connection.wait_for_close()
        left.set()

    for script in (has_left, answering(OK), answering(OK)):
        assert driver.send(request_to(serve(script))).body == b"ok"
    assert left.wait(PATIENCE_SECONDS), "the oldest idle connection stays"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("before", ["GET", "HEAD", "POST", "DELETE", "chunks"])
def test_nothing_of_a_call_shows_in_the_next_one_over_its_connection(
    driver: Driver, serve: Serve, before: str, method: str
) -> None:
    def script(connection: Connection) -> None:
        while True:
            size = b"0" if connection.read_request().method == "HEAD" else b"2"
            connection.send(
                OK.replace(b": 2", b": " + size)[: -2 if size == b"0" else None]
            )

    server = serve(script)
    if before == "chunks":
        request = request_to(server, "POST", content=Chunks((b"s3cret", b"-body")))
    else:
        body = b"s3cret-body" if before == "POST" else None
        request = request_to(server, before, content=body)
    driver.send(request)
    driver.send(request_to(server, method, "/next", headers=()))
    driver.send(request_to(serve(script), method, "/next", headers=()))
    _, received = server.requests
    assert server.connections == 1
    assert (received.method, received.target, received.body) == (method, "/next", b"")
    length = "0" if method == "POST" else None
    assert received.header("content-length") == length
    assert received.header("transfer-encoding") is None
    assert received.header("authorization") is None


# Threads and tasks


@ONLY_SYNC
def test_two_clients_of_one_transport_never_send_each_others_token(
    driver: Driver, serve: Serve
) -> None:
    server = serve(answering(OK))

    def call(number: int) -> None:
        token = f"token-{number % 16}"
        headers = Headers((("Authorization", token),))
        assert driver.send(request_to(server, "POST", f"/{token}", headers=headers))

    with ThreadPoolExecutor(16) as threads:
        assert len([*threads.map(call, range(400))]) == 400
    assert len(server.requests) == 400
    for received in server.requests:
        assert received.header("authorization") == received.target.lstrip("/")


@ONLY_SYNC  # In an event loop, `asyncio.run` turns Ctrl-C into a cancellation.
def test_ctrl_c_ends_a_call_that_waits(driver: Driver, serve: Serve) -> None:
    def interrupt(connection: Connection) -> None:
        connection.read_request()
        os.kill(os.getpid(), signal.SIGINT)
        connection.hang()

    server = serve(one_after_another(interrupt, answering(OK)))
    with pytest.raises(KeyboardInterrupt):
        driver.send(request_to(server))
    assert driver.send(request_to(server)).body == b"ok"


@ONLY_SYNC
def test_one_transport_serves_many_threads(kind: Kind, serve: Serve) -> None:
    server = serve(echo)
    driver = Driver(kind, max_connections=8)

    def call(number: int) -> bool:
        body = b"%d" % number * 100
        return driver.send(request_to(server, "POST", content=body)).body == body

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(call, range(400)))
    driver.end()
    assert len(server.requests) == 400
    assert server.connections <= 8


@ONLY_ASYNC
@pytest.mark.parametrize("has_epoll", [True, False])
def test_one_transport_serves_many_tasks(
    kind: Kind, serve: Serve, monkeypatch: pytest.MonkeyPatch, has_epoll: bool
) -> None:
    if not has_epoll:
        monkeypatch.delattr(select, "epoll", raising=False)
    server = serve(echo)

    async def main() -> None:
        transport = kind.make(max_connections=8)

        async def call(number: int) -> None:
            body = b"%d" % number * (100 if number % 50 else 100_000)
            request = request_to(server, "POST", content=body)
            assert (await transport.send(request, PATIENT)).body == body

        await asyncio.gather(*map(call, range(400)))
        await transport.aclose()

    asyncio.run(main())
    assert len(server.requests) == 400
    assert server.connections <= 8


@ONLY_ASYNC
def test_a_task_that_waits_for_a_connection_has_an_end(
    kind: Kind, serve: Serve
) -> None:
    server = serve(one_after_another(Connection.hang, answering(OK)))

    async def main() -> None:
        transport = kind.make(max_connections=1)
        request = request_to(server, "POST", content=b"x")
        blocked = asyncio.create_task(transport.send(request, PATIENT))
        await asyncio.to_thread(wait_until, lambda: server.connections > 0)
        with pytest.raises(TransportError) as caught:
            await transport.send(request, Options(timeout_seconds=0.2))
        assert (caught.value.kind, caught.value.may_have_arrived) == ("timeout", False)
        blocked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await blocked
        assert (await transport.send(request, PATIENT)).body == b"ok"
        await transport.aclose()

    asyncio.run(main())


@ONLY_ASYNC
def test_as_many_calls_as_there_may_be_connections_are_sent_at_once(
    kind: Kind, serve: Serve
) -> None:
    all_came = threading.Event()

    def answer_when_all_came(connection: Connection) -> None:
        while True:  # Closing would race with the next call over the connection.
            connection.read_request()
            connection.wait_for(all_came)
            connection.send(OK)

    server = serve(answer_when_all_came)

    async def main() -> None:
        transport = kind.make(max_connections=25)
        calls = [transport.send(request_to(server), PATIENT) for _ in range(30)]
        running = asyncio.gather(*calls)
        await asyncio.to_thread(wait_until, lambda: len(server.requests) == 25)
        assert server.connections == 25
        all_came.set()
        assert {response.body for response in await running} == {b"ok"}
        await transport.aclose()

    asyncio.run(main())


@ONLY_ASYNC
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_tasks_that_wait_for_a_connection_get_it_in_order(
    kind: Kind, serve: Serve, is_cancelled: bool
) -> None:
    server = serve(echo)
    began: list[int] = []

    class Numbered(Chunks):
        def __iter__(self) -> Iterator[bytes]:
            began.append(int(self.chunks[0]))
            return iter(self.chunks)

    async def main() -> None:
        transport = kind.make(max_connections=2)

        async def call(number: int) -> None:
            body = b"%d" % number
            request = request_to(server, "POST", content=Numbered((body,)))
            assert (await transport.send(request, PATIENT)).body == body

        tasks = [asyncio.create_task(call(number)) for number in range(40)]
        await asyncio.sleep(0)
        if is_cancelled:
            for task in tasks[10:20]:
                task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        failed = [each for each in outcomes if each is not None]
        assert len(failed) == 10 * is_cancelled, failed[:1]
        await transport.aclose()

    asyncio.run(main())
    left = [*range(10 if is_cancelled else 20), *range(20, 40)]
    # The first two open their connections at the same time, and either may take longer.
    assert [number for number in began if number > 1] == left[2:]
    assert server.connections <= 2


@ONLY_ASYNC
def test_closing_ends_the_wait_for_a_connection(kind: Kind, serve: Serve) -> None:
    server = serve(lambda connection: (connection.read_request(), connection.hang()))

    async def main() -> None:
        transport = kind.make(max_connections=1)
        request = request_to(server, "POST", content=b"x")
        calls = [asyncio.create_task(transport.send(request, PATIENT)) for _ in "ab"]
        await asyncio.to_thread(wait_until, lambda: bool(server.requests))
        await transport.aclose()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in outcomes] == [TransportError, RuntimeError]

    asyncio.run(main())
    assert len(server.requests) == 1


@ONLY_SYNC
def test_a_call_that_waits_for_a_connection_is_not_sent_after_closing(
    kind: Kind, serve: Serve
) -> None:
    closed = threading.Event()

    def answer_late(connection: Connection) -> None:
        connection.read_request()
        closed.wait(PATIENCE_SECONDS)
        connection.send(OK)

    server = serve(answer_late)
    transport = kind.make(max_connections=1)
    request = request_to(server, "POST", content=b"x")
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(transport.send, request, PATIENT) for _ in "ab"]
        wait_until(lambda: bool(server.requests))
        transport.close()
        closed.set()
    outcomes = [call.exception() for call in calls]
    assert sorted(type(each).__name__ for each in outcomes) == [
        "NoneType",
        "RuntimeError",
    ]
    assert len(server.requests) == 1


@ONLY_ASYNC
@pytest.mark.parametrize("place", ["before the answer", "within the answer"])
def test_the_connection_of_a_cancelled_call_is_not_used_again(
    kind: Kind, serve: Serve, place: str
) -> None:
    left = threading.Event()

    def stall(connection: Connection) -> None:
        connection.read_request()
        if place == "within the answer":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
        connection.wait_for_close()
        left.set()

    server = serve(one_after_another(stall, answering(OK)))

    async def main() -> None:
        transport = kind.make()
        chunks: list[Any] = []
        task = asyncio.create_task(
            transport.send(
                request_to(server, "POST", content=b"x"), PATIENT, chunks.append
            )
        )
        seen = server.requests if place == "before the answer" else chunks
        await asyncio.to_thread(wait_until, lambda: bool(seen))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        request = request_to(server)
        assert (await transport.send(request, PATIENT)).body == b"ok"
        assert await asyncio.to_thread(left.wait, PATIENCE_SECONDS)
        await transport.aclose()

    asyncio.run(main())
    assert [received.method for received in server.requests] == ["POST", "GET"]
    assert server.connections == 2


@ONLY_ASYNC
def test_a_second_event_loop_gets_connections_of_its_own(
    kind: Kind, server: ScriptedServer
) -> None:
    transport = kind.make()

    async def call(*, last: bool = False) -> None:
        assert (await transport.send(request_to(server), PATIENT)).body == b"ok"
        if last:
            await transport.aclose()

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(call())
        second.run(call())
        first.run(call())
        assert server.connections == 2
        second.run(call(last=True))
        # `aclose` reaches the loop it runs in; a loop that is over counts as closed.
        first.run(asyncio.sleep(0))
    drop(transport)


@ONLY_ASYNC
def test_a_loop_that_has_ended_is_forgotten(kind: Kind, server: ScriptedServer) -> None:
    transport = kind.make()

    async def call() -> None:
        assert (await transport.send(request_to(server), PATIENT)).body == b"ok"

    for _ in range(3):
        asyncio.run(call())
        drop()
    assert len(transport._loops) == 1
    drop(transport)


@ONLY_ASYNC
def test_a_transport_that_nobody_closed_leaves_nothing_to_a_running_loop(
    kind: Kind, serve: Serve
) -> None:
    left = threading.Event()

    def has_left(connection: Connection) -> None:
        answer_once(connection)
        connection.wait_for_close()
        left.set()

    async def main() -> None:
        for script in (has_left, answering(OK)):
            transport = kind.make()
            await transport.send(request_to(serve(script)), PATIENT)
            transport = None
            drop()
            await asyncio.sleep(0)
        assert await asyncio.to_thread(left.wait, PATIENCE_SECONDS)

    asyncio.run(main())


@ONLY_ASYNC
def test_a_call_whose_task_nobody_keeps_comes_to_its_end(
    kind: Kind, serve: Serve
) -> None:
    collected, ended = threading.Event(), threading.Event()

    def answer_late(connection: Connection) -> None:
        connection.read_request()
        connection.wait_for(collected)
        connection.send(OK)

    server = serve(answer_late)

    async def call() -> None:
        transport = kind.make()
        assert (await transport.send(request_to(server), PATIENT)).body == b"ok"
        await transport.aclose()
        ended.set()

    async def main() -> None:
        asyncio.create_task(call())  # noqa: RUF006 - nobody keeps it, as said
        await asyncio.to_thread(wait_until, lambda: bool(server.requests))
        gc.collect()
        collected.set()
        assert await asyncio.to_thread(ended.wait, PATIENCE_SECONDS)

    asyncio.run(main())


def drop(transport: Any = None) -> None:
    """Let go of connections whose loop has ended: Python reports them, as any socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        if transport is not None:
            transport._loops.clear()
        gc.collect()


FORK = """
import asyncio, importlib, os, sys
from hipkit.transports.protocol import Options, Request

module, name, port, authority = sys.argv[1:]
module = importlib.import_module("hipkit.transports." + module)
transport = getattr(module, name)(verify=authority)
runner = asyncio.Runner()

def call(who):
    global runner
    request = Request("GET", "https", "127.0.0.1", int(port), "/" + who)
    outcome = transport.send(request, Options(timeout_seconds=10))
    reply = runner.run(outcome) if asyncio.iscoroutine(outcome) else outcome
    assert reply.body == b"ok"

def fork(child):
    process = os.fork()
    if process == 0:
        child()
        sys.exit(0)  # All of Python's cleaning up included.
    _, status = os.waitpid(process, 0)
    assert status == 0, status

def busy_child():
    global runner
    runner = asyncio.Runner()  # The parent's event loop is not the child's to run.
    call("child")
    call("child")

call("parent")
fork(lambda: None)
call("parent")
fork(busy_child)
call("parent")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this machine does not fork")
def test_after_a_fork_child_and_parent_go_their_own_ways(
    kind: Kind, serve: Serve, authority: Authority
) -> None:
    server = serve(answering(OK), tls=authority.server("127.0.0.1"))
    command = [sys.executable, "-c", FORK, kind.module, kind.name]
    subprocess.run([*command, str(server.port), authority.file], check=True)
    assert [received.target for received in server.requests] == [
        "/parent",
        "/parent",
        "/child",
        "/child",
        "/parent",
    ]
    # The parent's calls all went over one connection, which no child has harmed.
    assert server.connections == 2
