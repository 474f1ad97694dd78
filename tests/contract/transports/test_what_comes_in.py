"""The answer: every way a server may frame it, and where its body goes."""

from __future__ import annotations

import gzip
import os
import threading
import tracemalloc
import zlib
from typing import Any

import pytest

from hipkit.transports.protocol import Options
from tests.contract.transports.conftest import Serve
from tests.contract.transports.driver import Chunks, Driver, only, request_to
from tests.contract.transports.scripted_server import (
    OK,
    Connection,
    ScriptedServer,
    answering,
    one_after_another,
)

TEXT = b"".join(b"line %d of a long text\n" % number for number in range(20_000))


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def answer(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + end


def test_a_response_has_status_headers_and_body(driver: Driver, serve: Serve) -> None:
    server = serve(
        answering(
            b"HTTP/1.1 404 Not Here\r\nContent-Type: text/plain\r\nX-Limit:  5 \r\n"
            b"x-two: a\r\nX-Two: b\r\nX-Empty:\r\nContent-Length: 4\r\n\r\nbody"
        )
    )
    response = driver.send(request_to(server))
    assert response.status == 404
    assert response.body == b"body"
    assert response.headers == {
        "content-type": "text/plain",
        "x-limit": "5",
        "x-two": "a, b",
        "x-empty": "",
        "content-length": "4",
    }


FRAMED = [
    pytest.param(answer(TEXT), TEXT, id="length"),
    pytest.param(chunked(TEXT), TEXT, id="chunk"),
    pytest.param(chunked(b"a", TEXT, b"c"), b"a" + TEXT + b"c", id="chunks"),
    pytest.param(
        chunked(b"abc", end=b"0\r\nX-Trailer: t\r\n\r\n"), b"abc", id="trailer"
    ),
    pytest.param(
        chunked(b"abc").replace(b"3\r\n", b"3;name=value\r\n"), b"abc", id="extension"
    ),
    pytest.param(b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", b"x", id="no reason"),
    pytest.param(answer(b""), b"", id="empty"),
]


@pytest.mark.parametrize(("raw", "body"), FRAMED)
def test_a_framed_body_is_read_and_the_connection_kept(
    driver: Driver, serve: Serve, raw: bytes, body: bytes
) -> None:
    server = serve(answering(raw, OK))
    assert driver.send(request_to(server)).body == body
    assert driver.send(request_to(server)).body == b"ok"
    assert server.connections == 1


def test_a_body_may_last_until_the_server_closes(driver: Driver, serve: Serve) -> None:
    def until_close(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.0 200 OK\r\n\r\n" + TEXT)

    server = serve(until_close)
    assert driver.send(request_to(server)).body == TEXT
    assert driver.send(request_to(server)).body == TEXT
    assert server.connections == 2


@only("httpcore2", "httpcore2-async", "direct-async")  # libcurl refuses it.
def test_lines_of_a_head_may_end_in_a_line_feed(driver: Driver, serve: Serve) -> None:
    server = serve(answering(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"))
    for _ in range(2):
        assert driver.send(request_to(server)).body == b"ok"
    assert server.connections == 1


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_leaves_the_connection_usable(
    driver: Driver, serve: Serve, method: str, raw: bytes
) -> None:
    server = serve(answering(raw, OK))
    assert driver.send(request_to(server, method)).body == b""
    assert driver.send(request_to(server)).body == b"ok"
    assert server.connections == 1


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P"]
)
def test_a_redirect_is_not_followed(driver: Driver, serve: Serve, status: str) -> None:
    server = serve(answering(answer(b"there", "Location: /elsewhere", status=status)))
    response = driver.send(request_to(server))
    assert response.status == int(status[:3])
    assert response.headers["location"] == "/elsewhere"
    assert len(server.requests) == 1


def test_credentials_are_not_asked_for_again(driver: Driver, serve: Serve) -> None:
    unauthorized = answer(b"", 'WWW-Authenticate: Basic realm="x"', status="401 No")
    server = serve(answering(unauthorized))
    assert driver.send(request_to(server)).status == 401
    assert len(server.requests) == 1


def test_cookies_are_neither_kept_nor_sent(driver: Driver, serve: Serve) -> None:
    server = serve(answering(answer(b"", "Set-Cookie: a=b")))
    driver.send(request_to(server))
    driver.send(request_to(server))
    assert server.requests[1].header("cookie") is None


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\nX-Interim: 1\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3,
    ],
)
def test_interim_answers_are_passed_over(
    driver: Driver, serve: Serve, interim: bytes
) -> None:
    server = serve(answering(interim + OK))
    response = driver.send(request_to(server, "POST", content=b"x"))
    assert (response.status, response.body) == (200, b"ok")
    assert response.headers == {"content-length": "2"}


def test_an_answer_that_comes_before_the_upload_is_over_is_read(
    driver: Driver, serve: Serve
) -> None:
    def too_much(connection: Connection) -> None:
        connection.read_head()
        connection.send(
            answer(b"too much", "Connection: close", status="413 Too Large")
        )
        # What a careful server does: it reads on for a while, so that no reset can
        # overtake the answer.
        connection.socket.shutdown(1)
        connection.wait_for_close()

    server = serve(one_after_another(too_much, answering(OK)))
    chunks = Chunks((b"x" * 65536,) * 64, 64 * 65536)
    response = driver.send(request_to(server, "POST", content=chunks))
    assert (response.status, response.body) == (413, b"too much")
    assert driver.send(request_to(server)).body == b"ok"


COMPRESSED = [
    pytest.param("gzip", gzip.compress(TEXT, mtime=0), id="gzip"),
    pytest.param("GZIP", gzip.compress(TEXT, mtime=0), id="upper case"),
    pytest.param("x-gzip", gzip.compress(TEXT, mtime=0), id="x-gzip"),
    pytest.param(
        "gzip",
        gzip.compress(TEXT[:999], mtime=0) + gzip.compress(TEXT[999:]),
        id="members",
    ),
    pytest.param("gzip", gzip.compress(TEXT, mtime=0) + bytes(8), id="padding"),
    pytest.param("deflate", zlib.compress(TEXT), id="zlib"),
    pytest.param("deflate", raw_deflate(TEXT), id="raw deflate"),
    pytest.param("identity", TEXT, id="identity"),
]


@pytest.mark.parametrize(("encoding", "body"), COMPRESSED)
def test_a_compressed_body_is_decompressed(
    driver: Driver, serve: Serve, encoding: str, body: bytes
) -> None:
    server = serve(answering(answer(body, f"Content-Encoding: {encoding}")))
    assert driver.send(request_to(server)).body == TEXT
    assert driver.send(request_to(server)).body == TEXT
    assert server.connections == 1


def test_a_compressed_body_may_come_in_any_chunks(driver: Driver, serve: Serve) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        body = gzip.compress(b"hello", mtime=0) + gzip.compress(b" world")
        whole = answer(body, "Content-Encoding: gzip")
        start = len(whole) - len(body)
        connection.send(whole[:start])
        connection.drip(whole[start:])

    assert driver.send(request_to(serve(script))).body == b"hello world"


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip", b"this is not gzip", "garbage"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-8] + bytes(8), "garbage"),
        ("deflate", b"\x0f\xff\xff\xff", "garbage"),
        ("br", b"whatever", "garbage"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0)), "garbage"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-1000], "broken"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:5], "broken"),
    ],
)
def test_a_compressed_body_that_cannot_be_read_is_a_transport_error(
    driver: Driver, serve: Serve, encoding: str, body: bytes, expected: str
) -> None:
    server = serve(answering(answer(body, f"Content-Encoding: {encoding}"), OK))
    failure = driver.fail(request_to(server))
    assert (failure.kind, failure.may_have_arrived) == (expected, True)
    assert driver.send(request_to(server)).body == b"ok"


LIMITED = Options(timeout_seconds=10, max_response_bytes=100_000)


@pytest.mark.parametrize(
    "raw",
    [
        answer(b"x" * 100_001),
        chunked(b"x" * 100_001),
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 100_001,
        answer(gzip.compress(b"x" * 100_001, mtime=0), "Content-Encoding: gzip"),
        answer(b"x" * 100_001, status="500 Oops"),
    ],
    ids=["length", "chunked", "close", "gzip", "error"],
)
def test_a_body_over_the_limit_is_a_transport_error(
    driver: Driver, serve: Serve, raw: bytes
) -> None:
    server = serve(one_after_another(answering(raw), answering(OK)))
    failure = driver.fail(request_to(server), LIMITED)
    assert (failure.kind, failure.may_have_arrived) == ("too_large", True)
    assert driver.send(request_to(server)).body == b"ok"


def test_a_body_of_just_the_limit_is_taken(driver: Driver, serve: Serve) -> None:
    server = serve(answering(answer(b"x" * 100_000)))
    assert len(driver.send(request_to(server), LIMITED).body) == 100_000


def test_a_small_body_cannot_swell_to_fill_the_memory(
    driver: Driver, serve: Serve
) -> None:
    bomb = gzip.compress(bytes(50_000_000), compresslevel=1)
    server = serve(answering(answer(bomb, "Content-Encoding: gzip")))
    tracemalloc.start()
    try:
        failure = driver.fail(request_to(server), LIMITED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert failure.kind == "too_large"
    assert peak < 5_000_000


class Collector:
    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.came = threading.Event()

    def __call__(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        self.came.set()


def test_a_sink_gets_the_chunks_as_they_arrive(driver: Driver, serve: Serve) -> None:
    sink = Collector()
    seen = []

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(b"first" + b"last")[:-4])
        connection.wait_for(sink.came)
        seen.extend(sink.chunks)
        connection.send(b"last")

    response = driver.send(request_to(serve(script)), sink=sink)
    assert (response.status, response.body) == (200, b"")
    assert b"".join(sink.chunks) == b"firstlast"
    assert b"".join(seen) == b"first"


def test_a_sink_gets_more_than_the_limit_and_decompressed(
    driver: Driver, serve: Serve
) -> None:
    noise = os.urandom(300_000)
    body = gzip.compress(noise, mtime=0)
    server = serve(answering(answer(body, "Content-Encoding: gzip")))
    sink = Collector()
    assert driver.send(request_to(server), LIMITED, sink).body == b""
    assert b"".join(sink.chunks) == noise


@pytest.mark.parametrize("status", ["302 Found", "404 No", "500 Oops"])
def test_the_body_of_a_refusal_is_kept_from_the_sink(
    driver: Driver, serve: Serve, status: str
) -> None:
    sink = Collector()
    server = serve(answering(answer(b"the reason", status=status)))
    response = driver.send(request_to(server), sink=sink)
    assert (response.body, sink.chunks) == (b"the reason", [])


def test_a_sink_that_raises_ends_the_call_and_the_connection(
    driver: Driver, serve: Serve
) -> None:
    class FullError(Exception):
        pass

    def full(_chunk: bytes) -> Any:
        raise FullError("no space left")

    server = serve(one_after_another(answering(answer(TEXT)), answering(OK)))
    with pytest.raises(FullError, match="no space left") as caught:
        driver.send(request_to(server), sink=full)
    assert caught.value.__cause__ is None
    assert driver.send(request_to(server)).body == b"ok"
    assert server.connections == 2


def test_many_answers_on_one_connection_do_not_mix(
    driver: Driver, server: ScriptedServer
) -> None:
    def echo(connection: Connection) -> None:
        while True:
            connection.send(answer(connection.read_request().body))

    server.script = echo
    for number in range(50):
        body = b"%d" % number * number
        assert driver.send(request_to(server, "POST", content=body)).body == body
    assert server.connections == 1
