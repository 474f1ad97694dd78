"""The request on the wire: every byte is the caller's, and nothing is added unasked."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from hipkit.transports.protocol import Headers, Request
from tests.contract.transports.conftest import Serve
from tests.contract.transports.driver import SECRETS, Chunks, Driver, Kind, request_to
from tests.contract.transports.scripted_server import (
    OK,
    Connection,
    ScriptedServer,
    answering,
)

TARGETS = [
    "/v2/room/Dev%20Ops",
    "/v2/room/a%2Fb%2fc",
    "/v2/room/%2e%2E/..%2F",
    "/v2/../../etc",
    "/v2/./room/.",
    "//v2//room//",
    "/v2/room/100%25",
    "/v2/room/%252F",
    "/v2/room/%F0%9F%98%80%e4%bd%a0",
    "/v2/user/@mention/~x/a;b=c,d",
    "/v2/room/\"<>[\\]^`{|}'",
    "/v2/room/a#b",
    "/v2/room?",
    "/v2/room??a=b&c=%20+%2B&&d",
    "/v2/room?next=https://chat.example.com/../x",
    "/",
]


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_goes_out_byte_for_byte(
    driver: Driver, server: ScriptedServer, target: str
) -> None:
    driver.send(request_to(server, target=target))
    assert server.requests[0].target == target


def test_headers_go_out_in_order_with_nothing_added_unasked(
    driver: Driver, server: ScriptedServer
) -> None:
    headers = (
        ("X-One", "1"),
        ("Authorization", "Bearer abc"),
        ("Content-Type", "application/json"),
        ("X-Empty", ""),
        ("x-signs", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t end"),
        ("X-One", "2"),
    )
    driver.send(request_to(server, "POST", headers=headers, content=b"{}"))
    lines = server.requests[0].lines
    given = [f"{name}: {value}".rstrip() for name, value in headers]
    assert [line.rstrip() for line in lines if line.rstrip() in given] == given
    assert sorted({line.rstrip() for line in lines} - set(given)) == [
        "Accept-Encoding: gzip, deflate",
        "Content-Length: 2",
        f"Host: 127.0.0.1:{server.port}",
    ]


def test_the_id_of_a_request_is_not_kept_with_the_headers_of_many(
    driver: Driver, server: ScriptedServer
) -> None:
    common = Headers((("X-One", "1"),))
    plain = request_to(server, headers=common)

    for request_id in ("first", "second", ""):
        driver.send(replace(plain, request_id=request_id))

    sent = [each.header("x-request-id") for each in server.requests]
    assert sent == ["first", "second", None]
    assert all(each.header("x-one") == "1" for each in server.requests)


@pytest.mark.parametrize("request_id", ["a b", "a\r\nX-B: c", "\u00e9", "\x00"])
def test_an_id_that_would_break_the_request_is_refused_before_anything_is_sent(
    driver: Driver, server: ScriptedServer, request_id: str
) -> None:
    with pytest.raises(ValueError, match="or id has a character"):
        driver.send(replace(request_to(server), request_id=request_id))
    assert server.connections == 0


def test_accept_encoding_is_the_callers_where_given(
    driver: Driver, server: ScriptedServer
) -> None:
    driver.send(request_to(server, headers=(("accept-encoding", "identity"),)))
    assert server.requests[0].header("accept-encoding") == "identity"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A", "1\nX-B: 2"),
        ("X-A", "caf\u00e9"),
        ("X-A", " 1"),
        ("X-A", "1\x00"),
        ("X A", "1"),
        ("X-A:", "1"),
        ("", "1"),
        ("Host", "elsewhere"),
        ("content-length", "3"),
        ("Transfer-Encoding", "chunked"),
    ],
)
def test_a_header_that_would_break_the_request_is_refused_before_anything_is_sent(
    driver: Driver, server: ScriptedServer, name: str, value: str
) -> None:
    with pytest.raises(ValueError, match="header"):
        driver.send(request_to(server, headers=((name, value),)))
    assert server.connections == 0


@pytest.mark.parametrize(
    "change",
    [
        {"target": "/a b"},
        {"target": "/a\r\nX: y"},
        {"target": ""},
        {"target": "/\u00e9"},
        {"method": "GET /"},
        {"method": "get"},
        {"host": "a b"},
        {"host": "a/b"},
        {"host": "user@a"},
    ],
)
def test_a_request_line_that_cannot_stand_is_refused_before_anything_is_sent(
    driver: Driver, server: ScriptedServer, change: dict[str, str]
) -> None:
    parts = {"method": "GET", "target": "/", "host": "127.0.0.1"} | change
    request = Request(
        parts["method"], "http", parts["host"], server.port, parts["target"]
    )
    with pytest.raises(ValueError, match="HTTP cannot carry"):
        driver.send(request)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("method", "content", "size"),
    [
        ("GET", None, None),
        ("DELETE", None, None),
        ("POST", None, "0"),
        ("PUT", None, "0"),
        ("PATCH", None, "0"),
        ("POST", b"", "0"),
        ("DELETE", b"", "0"),
        ("POST", b"abc", "3"),
        ("PUT", b"abc", "3"),
        ("DELETE", b"abc", "3"),
        ("GET", b"abc", "3"),
        ("POST", b"\x00\r\n\xff" * 50_000, "200000"),
        ("POST", Chunks((b"ab", b"", b"c"), 3), "3"),
        ("PUT", Chunks((), 0), "0"),
    ],
)
def test_a_body_goes_out_whole_with_its_size(
    driver: Driver,
    server: ScriptedServer,
    method: str,
    content: bytes | Chunks | None,
    size: str | None,
) -> None:
    driver.send(request_to(server, method, content=content))
    received = server.requests[0]
    assert received.method == method
    assert received.header("content-length") == size
    assert received.header("transfer-encoding") is None
    whole = b"".join(content) if isinstance(content, Chunks) else content or b""
    assert received.body == whole


def test_a_body_with_head_is_refused_before_anything_is_sent(
    driver: Driver, server: ScriptedServer
) -> None:
    with pytest.raises(ValueError, match="HEAD"):
        driver.send(request_to(server, "HEAD", content=b"x"))
    assert server.connections == 0


def test_a_body_of_unknown_size_goes_out_in_chunks(
    driver: Driver, server: ScriptedServer
) -> None:
    chunks = (b"first", b"", b"x" * 100_000, b"last")
    driver.send(request_to(server, "POST", content=Chunks(chunks)))
    received = server.requests[0]
    assert received.header("transfer-encoding") == "chunked"
    assert received.header("content-length") is None
    assert received.body == b"".join(chunks)


def test_a_large_body_does_not_wait_to_be_asked_for(
    driver: Driver, server: ScriptedServer
) -> None:
    driver.send(request_to(server, "POST", content=b"x" * 3_000_000))
    assert server.requests[0].header("expect") is None
    assert len(server.requests[0].body) == 3_000_000


@pytest.mark.parametrize(
    ("chunks", "size"),
    [
        ((b"abc", b"de"), 6),
        ((b"abc", b"de"), 4),
        ((b"abc", b"de"), 3),
        ((), 1),
        ((b"a",), 0),
    ],
)
def test_a_body_that_is_not_as_long_as_announced_never_arrives_whole(
    driver: Driver, serve: Serve, chunks: tuple[bytes, ...], size: int
) -> None:
    server = serve(answering(OK))
    with pytest.raises(OSError, match="the body"):
        driver.send(request_to(server, "POST", content=Chunks(chunks, size)))
    server.close()
    assert server.requests == []


class Vanishing(Chunks):
    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * 10
        raise FileNotFoundError("the file has gone")


@pytest.mark.parametrize("size", [20, None])
def test_an_error_while_reading_the_body_reaches_the_caller(
    driver: Driver, server: ScriptedServer, size: int | None
) -> None:
    with pytest.raises(FileNotFoundError, match="the file has gone"):
        driver.send(request_to(server, "POST", content=Vanishing((), size)))
    assert driver.send(request_to(server)).body == b"ok"
    assert [received.method for received in server.requests] == ["GET"]


def test_no_log_line_shows_what_was_sent(
    driver: Driver, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        driver.send(request_to(server, "POST", content=b"s3cret-body"))
    assert not [secret for secret in SECRETS if secret in caplog.text]


UPLOAD = """
import asyncio, importlib, resource, sys
from dataclasses import dataclass
from hipkit.transports.protocol import Options, Request

@dataclass
class Zeros:
    count: int
    size_bytes: int | None = None
    replayable = True
    def __iter__(self):
        for _ in range(self.count):
            yield bytes(65536)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def send(count, size):
    request = Request(
        "POST", "http", "127.0.0.1", int(sys.argv[1]), "/", (), Zeros(count, size)
    )
    outcome = transport.send(request, Options())
    reply = runner.run(outcome) if asyncio.iscoroutine(outcome) else outcome
    assert reply.body == b"ok"

transport = getattr(
    importlib.import_module("hipkit.transports." + sys.argv[2]), sys.argv[3]
)()
runner = asyncio.Runner()
send(16, None)
before = peak()
send(800, 800 * 65536)
send(800, None)
print(peak() - before)
"""


def test_fifty_megabytes_go_out_in_flat_memory(kind: Kind, serve: Serve) -> None:
    if sys.platform != "linux":
        pytest.skip("this machine runs no Linux, whose unit of ru_maxrss is known")

    def script(connection: Connection) -> None:
        while True:
            connection.read_request(keep_body=False)
            connection.send(OK)

    server = serve(script)
    grown = subprocess.run(
        [sys.executable, "-c", UPLOAD, str(server.port), kind.module, kind.name],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(grown.stdout) < 20, "megabytes"
