from __future__ import annotations

from collections.abc import Iterator

import pycurl
import pytest

from hipkit.transports.protocol import Headers, Options, Request, TransportError
from hipkit.transports.pycurl_handle import Handle, Idle, Route, header_lines
from tests.contract.transports.driver import Chunks, request_to
from tests.contract.transports.scripted_server import OK, ScriptedServer, answering

OPTIONS = Options()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer(answering(OK))
    yield server
    server.close()


def route_to(server: ScriptedServer) -> Route:
    url = f"http://{server.host}:{server.port}"
    return Route("a:80", "", [(pycurl.URL, url), (pycurl.NOSIGNAL, 1)])


@pytest.fixture
def handle(server: ScriptedServer) -> Iterator[Handle]:
    handle = Handle(route_to(server))
    yield handle
    handle.curl.close()


def send(handle: Handle, request: Request, options: Options = OPTIONS) -> None:
    handle.prepare(request, options, None, header_lines(request))
    handle.curl.perform()
    assert handle.response().body == (b"" if request.method == "HEAD" else b"ok")


CONTENTS = [
    None,
    b"s3cret-body",
    Chunks((b"s3cret-body",)),
    Chunks((b"s3cret-body",), 11),
]


@pytest.mark.parametrize("content", CONTENTS, ids=["none", "bytes", "chunks", "sized"])
def test_an_idle_handle_holds_no_header_target_or_body(
    handle: Handle, server: ScriptedServer, content: bytes | Chunks | None
) -> None:
    send(handle, request_to(server, "POST", content=content))
    handle._has_connected = False
    handle.curl.perform()  # with what the handle still holds
    first, second = server.requests
    assert first.body == (b"" if content is None else b"s3cret-body")
    assert (first.header("authorization"), first.target) == (
        "Bearer s3cret-header",
        "/v2/s3cret-target",
    )
    assert (second.body, second.target) == (b"", "/")
    assert second.header("authorization") is None


def test_the_idle_check_is_registered_once_for_a_connection(
    handle: Handle, server: ScriptedServer
) -> None:
    send(handle, request_to(server))
    check = handle._has_data
    assert check is not None
    assert not check()
    send(handle, request_to(server))
    assert handle._has_data is check


def test_a_connection_that_closed_is_neither_checked_nor_used(
    handle: Handle, server: ScriptedServer
) -> None:
    server.script = answering(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), OK)
    send(handle, request_to(server))
    assert handle._has_data is None
    send(handle, request_to(server))
    assert server.connections == 2


@pytest.mark.parametrize(
    ("seconds", "in_multi", "content", "is_exact"),
    [
        (30.0, False, b"x", False),
        (30.0, True, b"x", False),
        (30.0, True, b"x" * 100_000, True),
        (30.0, True, Chunks((b"x",)), True),
        (30.0, False, b"x" * 100_000, True),
        (0.5, False, b"x", True),
        (0.5, True, None, True),
    ],
)
def test_silence_is_left_to_libcurl_where_whole_seconds_do(
    server: ScriptedServer,
    seconds: float,
    in_multi: bool,
    content: bytes | Chunks | None,
    is_exact: bool,
) -> None:
    handle = Handle(route_to(server), in_multi=in_multi)
    request = request_to(server, "POST", content=content)
    handle.prepare(request, Options(seconds), None, header_lines(request))
    assert handle.is_exact == is_exact
    handle.curl.close()


def test_the_way_silence_is_limited_follows_each_call(
    handle: Handle, server: ScriptedServer
) -> None:
    for seconds in (30.0, 0.5, 30.0):
        send(handle, request_to(server), Options(seconds))
        assert handle.is_exact == (seconds == 0.5)


def read(handle: Handle, raw: bytes) -> tuple[int, dict[str, str]]:
    handle._head[:] = raw.splitlines(keepends=True)
    return handle._read_head()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", (200, {})),
        (b"HTTP/1.1 200\r\nA:b\r\n\r\n", (200, {"a": "b"})),
        (b"HTTP/1.1 200 OK\r\nA: b\r\na:  c \r\n\r\n", (200, {"a": "b, c"})),
        (b"HTTP/1.1 200 OK\nA: b\nC: d\n\r\n", (200, {"a": "b", "c": "d"})),
        (b"HTTP/1.1 200 OK\r\nA: \xe9\xa0\r\n\r\n", (200, {"a": "\xe9\xa0"})),
        (b"HTTP/1.1 200 OK\r\nA: HTTP/1.1 500\r\n\r\n", (200, {"a": "HTTP/1.1 500"})),
        (b"HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 404 No\r\n\r\n", (404, {})),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nTrailer: c\r\n\r\n", (200, {"a": "b"})),
    ],
)
def test_a_head_is_read_to_its_end(
    handle: Handle, raw: bytes, expected: tuple[int, dict[str, str]]
) -> None:
    assert read(handle, raw) == expected


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", "broken"),
        (b"HTTP/1.1 200 OK\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", "broken"),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n", "broken"),
        (b"A: b\r\n\r\n", "broken"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "garbage"),
        (b"HTTP/1.1 999 Hm\r\n\r\n", "garbage"),
    ],
)
def test_a_head_that_is_none_is_named(handle: Handle, raw: bytes, kind: str) -> None:
    with pytest.raises(TransportError) as caught:
        read(handle, raw)
    assert caught.value.kind == kind


def test_lines_are_in_the_syntax_of_libcurl_and_prepared_once() -> None:
    headers = Headers((("Accept", "x"), ("X-Empty", "")))
    request = Request("GET", "http", "a", 80, "/", headers)
    lines = header_lines(request)
    assert lines == [
        "Accept: x",
        "X-Empty;",
        "Accept-Encoding: gzip, deflate",
        "content-type:",
        "expect:",
    ]
    assert header_lines(request) is lines


def routes() -> tuple[Route, Route]:
    return Route("a:80", "", []), Route("b:80", "", [])


def test_the_handle_used_last_is_taken_first() -> None:
    here, there = routes()
    idle = Idle([Handle(here), Handle(here), Handle(there)])
    second = idle[1]
    assert idle.take(here, 9) is second
    assert len(idle) == 2
    assert idle.take(Route("a:80", "", []), 9) is None  # of an earlier table of routes
    idle.close()


def test_the_handle_that_was_idle_longest_makes_place_for_another_host() -> None:
    here, there = routes()
    first, second = Handle(here), Handle(here)
    idle = Idle([first, second])
    assert idle.take(there, 2) is None
    assert len(idle) == 2
    assert idle.take(there, 1) is None
    assert [*idle] == [second]
    assert first.curl.closed
    idle.close()
    assert second.curl.closed
    assert not idle
