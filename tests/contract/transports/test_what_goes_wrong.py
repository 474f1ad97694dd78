"""Every way a call may fail: what it is called, and whether the request may have arrived."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hipkit.transports.protocol import Options, Request
from tests.contract.transports.conftest import Serve
from tests.contract.transports.driver import (
    ONLY_SYNC,
    Chunks,
    Driver,
    MakeDriver,
    only,
    request_to,
    wait_until,
)
from tests.contract.transports.scripted_server import (
    OK,
    PATIENCE_SECONDS,
    Connection,
    Script,
    ScriptedServer,
    answering,
    one_after_another,
)

METHODS = ["GET", "POST", "PUT", "DELETE"]


AN_HOUR = 60 * 60.0
SILENCE_SECONDS = 1.0
"""Long enough to connect and to send something, also on a busy machine."""


def brief(seconds: float = SILENCE_SECONDS) -> Options:
    return Options(timeout_seconds=seconds)


def ends_in(seconds: float = SILENCE_SECONDS) -> Options:
    return Options(timeout_seconds=AN_HOUR, deadline=time.monotonic() + seconds)


def then(*actions: Script) -> Script:
    """Read one request, then do this."""

    def script(connection: Connection) -> None:
        connection.read_request()
        for action in actions:
            action(connection)

    return script


# Nothing arrived


def test_a_refused_connection_has_not_arrived(driver: Driver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failure = driver.fail(Request("POST", "http", "127.0.0.1", port, "/", (), b"x"))
    assert (failure.kind, failure.may_have_arrived) == ("connect", False)
    assert f"127.0.0.1:{port}" in failure.reason
    assert "refused" in failure.reason.lower() or "connect" in failure.reason.lower()


def test_an_unknown_name_has_not_arrived(driver: Driver) -> None:
    failure = driver.fail(Request("POST", "http", "nowhere.invalid", 80, "/", (), b"x"))
    assert (failure.kind, failure.may_have_arrived) == ("connect", False)
    assert "nowhere.invalid" in failure.reason


def _is_full(listener: socket.socket) -> bool:
    """Ask the system how many connections wait to be accepted, and how many may."""
    shown = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    waiting, most = struct.unpack_from("II", shown, 24)
    return bool(waiting > most)


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full, so that connecting to it never ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        while not _is_full(listener):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


@pytest.mark.parametrize("by_deadline", [False, True])
def test_a_timeout_while_connecting_has_not_arrived(
    driver: Driver, full_port: int, by_deadline: bool
) -> None:
    request = Request("POST", "http", "127.0.0.1", full_port, "/", (), b"x")
    failure = driver.fail(request, ends_in(0.2) if by_deadline else brief(0.2))
    assert (failure.kind, failure.may_have_arrived) == ("timeout", False)


def test_a_deadline_that_has_passed_sends_nothing(
    driver: Driver, server: ScriptedServer
) -> None:
    failure = driver.fail(request_to(server, "POST", content=b"x"), ends_in(-1))
    assert (failure.kind, failure.may_have_arrived) == ("timeout", False)
    assert server.connections == 0


@ONLY_SYNC  # For tasks there is a test of its own in `test_connections.py`.
def test_waiting_for_a_free_connection_has_an_end_and_sends_nothing(
    make_driver: MakeDriver, serve: Serve
) -> None:
    enough = threading.Event()
    driver = make_driver(max_connections=1)
    hold = then(lambda connection: connection.wait_for(enough))
    server = serve(one_after_another(hold, answering(OK)))
    with ThreadPoolExecutor() as threads:
        blocked = threads.submit(driver.fail, request_to(server))
        try:
            wait_until(lambda: bool(server.requests))
            request = request_to(server, "POST", content=b"x")
            failure = driver.fail(request, brief(0.2))
        finally:
            enough.set()
        assert blocked.result(PATIENCE_SECONDS).kind == "broken"
    assert (failure.kind, failure.may_have_arrived) == ("timeout", False)
    assert driver.send(request_to(server)).body == b"ok"


# It may have arrived


def say(data: bytes) -> Script:
    return lambda connection: connection.send(data)


BROKEN = {
    "closed unanswered": then(),
    "reset unanswered": then(Connection.reset),
    "half a status line": then(say(b"HTTP/1.1 20")),
    "half a head": then(say(b"HTTP/1.1 200 OK\r\nContent-Le")),
    "head without end": then(say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")),
    "interim answer only": then(say(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "short body": then(say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")),
    "no body": then(say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")),
    "reset in the body": then(
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"),
        Connection.pause,  # so that the reset does not overtake what was said
        Connection.reset,
    ),
    "short chunk": then(
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
    ),
    "no last chunk": then(
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    ),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_connection_may_have_arrived_and_is_not_sent_again(
    driver: Driver, serve: Serve, script: Script
) -> None:
    server = serve(script)
    failure = driver.fail(request_to(server, "POST", content=b"s3cret-body"))
    assert (failure.kind, failure.may_have_arrived) == ("broken", True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("content", [None, b"s3cret-body"], ids=["empty", "body"])
def test_a_reused_connection_that_breaks_is_not_replaced_by_sending_again(
    driver: Driver, serve: Serve, script: Script, method: str, content: bytes | None
) -> None:
    def first_well(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        script(connection)

    server = serve(one_after_another(first_well, answering(OK)))
    driver.send(request_to(server))
    failure = driver.fail(request_to(server, method, content=content))
    assert (failure.kind, failure.may_have_arrived) == ("broken", True)
    assert [received.method for received in server.requests] == ["GET", method]
    assert driver.send(request_to(server)).body == b"ok"


@pytest.mark.parametrize("size", [300_000, None])
def test_a_body_in_chunks_is_not_sent_again_over_a_reused_connection(
    driver: Driver, serve: Serve, size: int | None
) -> None:
    def first_well(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.read_request()

    server = serve(one_after_another(first_well, answering(OK)))
    driver.send(request_to(server))
    chunks = Chunks((b"x" * 100_000,) * 3, size, replayable=True)
    failure = driver.fail(request_to(server, "POST", content=chunks))
    assert (failure.kind, failure.may_have_arrived) == ("broken", True)
    assert [received.method for received in server.requests] == ["GET", "POST"]


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize(
    "content", [b"x", Chunks((b"x" * 65536,) * 100)], ids=["small", "large"]
)
def test_a_server_that_leaves_before_reading_is_never_said_to_have_read(
    driver: Driver, serve: Serve, end: str, content: bytes | Chunks
) -> None:
    server = serve(Connection.reset if end == "reset" else lambda _connection: None)
    failure = driver.fail(request_to(server, "POST", content=content))
    assert failure.kind in ("broken", "connect")
    assert server.requests == []


GARBAGE = {
    "a banner": b"SSH-2.0-OpenSSH_9.6\r\n",
    "mail": b"220 mail.example.com ESMTP ready\r\n",
    "markup": b"<html>s3cret-target</html>\r\n\r\n",
    "binary": b"\x15\x03\x01\x00\x02\x02\x16" * 10,
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_what_is_not_http_is_named_so_at_once(
    driver: Driver, serve: Serve, data: bytes
) -> None:
    server = serve(then(say(data), Connection.wait_for_close))
    failure = driver.fail(request_to(server, "POST", content=b"x"))
    # libcurl gives a broken chunk the same number as a broken connection.
    is_named = driver.kind.library != "pycurl" or b"chunked" not in data
    assert failure.kind == ("garbage" if is_named else "broken")
    assert failure.may_have_arrived
    assert len(server.requests) == 1


@only(
    "httpcore2", "httpcore2-async", "direct-async"
)  # libcurl takes the first three digits, and waits for more.
def test_a_status_that_is_none_is_not_http(driver: Driver, serve: Serve) -> None:
    server = serve(then(say(b"HTTP/1.1 99999 Hm\r\n\r\n"), Connection.wait_for_close))
    failure = driver.fail(request_to(server))
    assert (failure.kind, failure.may_have_arrived) == ("garbage", True)


def flood(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    while not connection.server.over.is_set():
        connection.send(b"X-Flood: s3cret-target and more\r\n" * 100)


def long_line(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not connection.server.over.is_set():
        connection.send(b"x" * 10_000)


@pytest.mark.parametrize("script", [flood, long_line])
def test_a_head_without_end_is_not_kept(
    driver: Driver, serve: Serve, script: Script
) -> None:
    failure = driver.fail(request_to(serve(script)))
    assert (failure.kind, failure.may_have_arrived) == ("garbage", True)


def trailers(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    while not connection.server.over.is_set():
        connection.send(b"X-Flood: s3cret-target and more\r\n" * 100)


def chunk_extension(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=")
    while not connection.server.over.is_set():
        connection.send(b"x" * 10_000)


@only("direct-async")
@pytest.mark.parametrize("script", [trailers, chunk_extension])
def test_what_is_no_content_has_an_end(
    driver: Driver, serve: Serve, script: Script
) -> None:
    failure = driver.fail(request_to(serve(script)))
    assert (failure.kind, failure.may_have_arrived) == ("garbage", True)


@only("direct-async")
@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Transfer-Encoding: gzip",
        b"Content-Length: -2",
    ],
)
def test_a_response_whose_end_is_unclear_is_not_taken(
    driver: Driver, serve: Serve, framing: bytes
) -> None:
    # Whatever it is taken for, the connection is not used again.
    raw = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\nok"
    server = serve(
        one_after_another(
            then(say(raw), Connection.wait_for_close),
            answering(OK),
        )
    )
    assert driver.fail(request_to(server), brief()).may_have_arrived
    assert driver.send(request_to(server)).body == b"ok"
    assert server.connections == 2


# Time


def test_silence_before_the_response_is_a_timeout(driver: Driver, serve: Serve) -> None:
    server = serve(then(Connection.hang))
    failure = driver.fail(request_to(server, "POST", content=b"x"), brief())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)
    wait_until(lambda: len(server.requests) == 1)


def test_silence_within_the_response_is_a_timeout(driver: Driver, serve: Serve) -> None:
    half = say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
    failure = driver.fail(request_to(serve(then(half, Connection.hang))), brief())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)


# Blocking libcurl fills the system's send buffer, some 64 KiB a second, and takes that for
# progress. The deadline holds all the same.
@only("httpcore2", "httpcore2-async", "direct-async", "pycurl-async")
@pytest.mark.parametrize(
    "content",
    [b"x" * 20_000_000, Chunks((b"x" * 65536,) * 300)],
    ids=["bytes", "pieces"],
)
def test_a_server_that_does_not_read_the_request_is_a_timeout(
    driver: Driver, serve: Serve, content: bytes | Chunks
) -> None:
    server = serve(Connection.hang)
    failure = driver.fail(request_to(server, "POST", content=content), brief())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)


def test_the_deadline_ends_a_silence(driver: Driver, serve: Serve) -> None:
    server = serve(then(Connection.hang))
    failure = driver.fail(request_to(server, "POST", content=b"x"), ends_in())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)
    wait_until(lambda: len(server.requests) == 1)


def test_the_deadline_ends_a_head_that_drips(driver: Driver, serve: Serve) -> None:
    drip = b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000
    server = serve(then(lambda connection: connection.drip(drip)))
    failure = driver.fail(request_to(server), ends_in())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)


def test_the_deadline_ends_a_body_that_drips(driver: Driver, serve: Serve) -> None:
    head = say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    server = serve(then(head, lambda connection: connection.drip(b"x" * 1000)))
    failure = driver.fail(request_to(server), ends_in())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)


def test_the_deadline_ends_a_request_that_is_taken_slowly(
    driver: Driver, serve: Serve
) -> None:
    def slow(connection: Connection) -> None:
        while not connection.pause():
            connection.socket.recv(1000)

    # In pieces: copying a large one can take until the deadline on a busy machine.
    body = Chunks((b"x" * 65536,) * 700)
    failure = driver.fail(request_to(serve(slow), "POST", content=body), ends_in())
    assert (failure.kind, failure.may_have_arrived) == ("timeout", True)


def slow_steps() -> Iterator[None]:
    """Take longer than the longest silence, in steps that are far shorter."""
    end = time.monotonic() + 1.2 * SILENCE_SECONDS
    while time.monotonic() < end:
        time.sleep(0.02)
        yield


def test_an_answer_may_take_longer_than_the_longest_silence(
    driver: Driver, serve: Serve
) -> None:
    def drip(connection: Connection) -> None:
        for _ in slow_steps():
            connection.send(b"1\r\nx\r\n")
        connection.send(b"0\r\n\r\n")

    head = say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    response = driver.send(request_to(serve(then(head, drip))), brief())
    assert set(response.body) == set(b"x")


def test_a_request_may_take_longer_than_the_longest_silence(
    driver: Driver, serve: Serve
) -> None:
    class Slow(Chunks):
        def __iter__(self) -> Iterator[bytes]:
            return (b"x" * 1000 for _ in slow_steps())

    server = serve(answering(OK))
    request = request_to(server, "POST", content=Slow(()))
    assert driver.send(request, brief()).body == b"ok"


def test_after_a_timeout_a_late_response_is_not_taken_for_the_next(
    driver: Driver, serve: Serve
) -> None:
    late = threading.Event()

    def answer_late(connection: Connection) -> None:
        connection.read_request()
        connection.wait_for(late)
        connection.send(OK.replace(b"ok", b"no"))

    server = serve(one_after_another(answer_late, answering(OK)))
    assert driver.fail(request_to(server), brief()).kind == "timeout"
    late.set()
    assert driver.send(request_to(server)).body == b"ok"
