"""Where a request ends: nothing that a proxy reads as one request is read as two here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from hipkit.server.http.heads import LARGEST_HEAD_BYTES
from hipkit.server.http.protocol import MOST_WAITING
from tests.unit.server.wire import connect, settle

OFFERS = sorted(Path("tests/data/requests").glob("*.http"))
FOLLOWING = b"GET /following HTTP/1.1\r\nHost: x\r\n\r\n"
NOTIFICATION = b'{"message": "Build 7 passed", "color": "green"}'
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Call = tuple[str, str, bytes]


class Application:
    """Remembers every request that reached it, and answers them."""

    def __init__(self, *, reads: bool = True) -> None:
        self.calls: list[Call] = []
        self.gone = 0
        self._reads = reads

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        scope = cast("HTTPScope", scope)
        body, more = b"", self._reads
        while more:
            message = await receive()
            if message["type"] != "http.request":
                self.gone += 1
                return
            body += message["body"]
            more = message["more_body"]
        self.calls.append((scope["method"], scope["path"], body))
        await send(
            {
                "type": "http.response.start",
                "status": 204,
                "headers": [],
                "trailers": False,
            }
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def sent(
    *reads: bytes, app: ASGI3Application | None = None
) -> tuple[list[Call], bytes, bool]:
    """Return the calls that came of some reads, what was answered, and whether it hung up."""
    application = app or Application()

    async def send() -> tuple[bytes, bool]:
        made, wire = connect(application)
        for read in reads:
            if not wire.is_closing():
                made.data_received(read)
            await settle()
        answered, is_closed = wire.written, wire.is_closing()
        made.connection_lost(ConnectionResetError())
        await settle()
        return answered, is_closed

    answered, is_closed = asyncio.run(send())
    calls = application.calls if isinstance(application, Application) else []
    return calls, answered, is_closed


def pieces(request: bytes) -> list[list[bytes]]:
    """Return a request in one read, in two behind its head and elsewhere, and byte by byte."""
    head = request.index(b"\r\n\r\n") + 4
    cuts = [head, head - 1, head - 4, head + 1, len(request) - 1, 10]
    return [
        [request],
        *([request[:cut], request[cut:]] for cut in cuts),
        [bytes([byte]) for byte in request],
    ]


def head(*lines: bytes, first: bytes = b"POST / HTTP/1.1") -> bytes:
    return b"\r\n".join([first, *lines, b"", b""])


@pytest.mark.parametrize("path", OFFERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("following", [b"", FOLLOWING, FOLLOWING * 3], ids=len)
def test_an_offer_to_change_the_protocol_is_ignored(
    path: Path, following: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    expected: list[Call] = [("POST", "/v2/room/ops/notification", NOTIFICATION)]
    expected += [("GET", "/following", b"")] * following.count(b"GET")

    for reads in pieces(path.read_bytes() + following):
        calls, answered, is_closed = sent(*reads)

        assert calls == expected
        assert answered.replace(CONTINUE, b"") == ANSWER * len(expected)
        assert not is_closed
    # Neither a line that anybody can cause, nor advice to install what would change nothing.
    assert caplog.records == []


def test_offer_upon_offer_is_ignored_on_one_connection() -> None:
    request = OFFERS[0].read_bytes()

    for reads in ([request] * 5, [request * 5]):
        calls, answered, _ = sent(*reads)

        assert [body for _, _, body in calls] == [NOTIFICATION] * 5
        assert answered == ANSWER * 5


@pytest.mark.parametrize(
    "offer",
    [
        b"Connection: Upgrade\r\nUpgrade: h2c",
        b"Connection: upgrade\r\nUpgrade: websocket",
        b"Connection: keep-alive, Upgrade\r\nUpgrade: foo/2, h2c",
        b"Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket",
        b"connection: upgrade\r\nConnection: keep-alive\r\nUPGRADE: TLS/1.0",
        b"Proxy-Connection: upgrade\r\nUpgrade: h2c",
    ],
)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_body_behind_an_offer_is_never_a_request(
    offer: bytes, version: bytes
) -> None:
    hidden = b"DELETE /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    request = head(
        b"Host: x",
        offer,
        b"Content-Length: %d" % len(hidden),
        first=b"POST / HTTP/" + version,
    )

    for reads in ([request + hidden], [request, hidden]):
        assert sent(*reads)[0] == [("POST", "/", hidden)]


def test_an_offer_without_a_body_is_a_request_like_any_other() -> None:
    request = head(
        b"Host: x",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        first=b"GET /feed HTTP/1.1",
    )

    assert sent(request + FOLLOWING)[0] == [
        ("GET", "/feed", b""),
        ("GET", "/following", b""),
    ]


INVALID = {
    "no Host": head(),
    "two Hosts": head(b"Host: x", b"Host: y"),
    "one Host twice": head(b"Host: x", b"Host: x"),
    "two Hosts in HTTP/1.0": head(b"Host: x", b"Host: y", first=b"GET / HTTP/1.0"),
    "two Hosts in one": head(b"Host: x, y"),
    "a Host with a path": head(b"Host: x/y"),
    "a Host with a user": head(b"Host: u@x"),
    "a Host with quotes": head(b'Host: "x"'),
    "no letters in the Host": head(b"Host: \xff"),
    "another Host in the request line": head(
        b"Host: x", first=b"GET http://y/ HTTP/1.1"
    ),
    "a user in the request line": head(b"Host: x", first=b"GET http://u@x/ HTTP/1.1"),
    "an offer without a Host": head(b"Connection: Upgrade", b"Upgrade: h2c"),
    "an offer with two Hosts": head(
        b"Host: x", b"Connection: Upgrade", b"Upgrade: h2c", b"Host: y"
    ),
    "chunks in HTTP/1.0": head(
        b"Host: x", b"Transfer-Encoding: chunked", first=b"POST / HTTP/1.0"
    ),
    "a length and chunks": head(
        b"Host: x", b"Content-Length: 4", b"Transfer-Encoding: chunked"
    ),
    "chunks and a length": head(
        b"Host: x", b"Transfer-Encoding: chunked", b"Content-Length: 4"
    ),
    "two lengths": head(b"Host: x", b"Content-Length: 4", b"Content-Length: 5"),
    "one length twice": head(b"Host: x", b"Content-Length: 4", b"Content-Length: 4"),
    "two lengths in one": head(b"Host: x", b"Content-Length: 4, 4"),
    "a length with a sign": head(b"Host: x", b"Content-Length: +4"),
    "a length below zero": head(b"Host: x", b"Content-Length: -4"),
    "a length in hexadecimal": head(b"Host: x", b"Content-Length: 0x4"),
    "an empty length": head(b"Host: x", b"Content-Length:"),
    "a huge length": head(b"Host: x", b"Content-Length: 99999999999999999999"),
    "compressed chunks": head(b"Host: x", b"Transfer-Encoding: gzip, chunked"),
    "compressed chunks in two lines": head(
        b"Host: x", b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"
    ),
    "chunks behind a comma": head(b"Host: x", b"Transfer-Encoding: ,chunked"),
    "chunks twice": head(b"Host: x", b"Transfer-Encoding: chunked, chunked"),
    "chunks and identity": head(b"Host: x", b"Transfer-Encoding: identity, chunked"),
    "identity": head(b"Host: x", b"Transfer-Encoding: identity"),
    "no chunks": head(b"Host: x", b"Transfer-Encoding: xchunked"),
    "quoted chunks": head(b"Host: x", b'Transfer-Encoding: "chunked"'),
    "chunks with a parameter": head(b"Host: x", b"Transfer-Encoding: chunked;q=1"),
    "chunks with a control character": head(
        b"Host: x", b"Transfer-Encoding: chunked\x0b"
    ),
    "an empty encoding": head(b"Host: x", b"Transfer-Encoding:"),
    "a space before the colon": head(b"Host: x", b"Transfer-Encoding : chunked"),
    "a folded line": head(b"Host: x", b"X: a\r\n b"),
    "a folded encoding": head(b"Host: x", b"Transfer-Encoding:\r\n chunked"),
    "a line that begins with a space": head(b" Host: x", b"Host: x"),
    "a bare CR": head(b"Host: x", b"X: a\rY: b"),
    "a bare LF": head(b"Host: x", b"X: a\nY: b"),
    "a bare LF behind the request line": head(first=b"GET / HTTP/1.1\nHost: x"),
    "a NUL": head(b"Host: x", b"X: a\0b"),
    "a line without a colon": head(b"Host: x", b"X"),
    "a line without a name": head(b"Host: x", b": y"),
    "CONNECT": head(b"Host: x:1", first=b"CONNECT x:1 HTTP/1.1"),
    "CONNECT with a path": head(b"Host: x", first=b"CONNECT / HTTP/1.1"),
    "no version": head(b"Host: x", first=b"GET /"),
    "HTTP/0.9": head(b"Host: x", first=b"GET / HTTP/0.9"),
    "HTTP/1.2": head(b"Host: x", first=b"GET / HTTP/1.2"),
    "HTTP/2.0": head(b"Host: x", first=b"GET / HTTP/2.0"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a head too large for one read": head(
        b"Host: x", b"X: " + b"y" * LARGEST_HEAD_BYTES
    ),
}
CHUNKED = head(b"Host: x", b"Transfer-Encoding: chunked")
INVALID_CHUNKS = {
    "a sign": b"+1\r\na\r\n0\r\n\r\n",
    "a prefix": b"0x1\r\na\r\n0\r\n\r\n",
    "a space": b"1 \r\na\r\n0\r\n\r\n",
    "no size": b"\r\na\r\n0\r\n\r\n",
    "a huge size": b"ffffffffffffffff1\r\na\r\n",
    "a bare LF": b"1\na\r\n0\r\n\r\n",
    "a bare LF in an extension": b"1;a\nb\r\na\r\n0\r\n\r\n",
    "a bare LF behind the data": b"1\r\na\n0\r\n\r\n",
    "more data than said": b"1\r\nabc0\r\n\r\n",
    "a length behind the body": b"1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", INVALID.values(), ids=INVALID.keys())
def test_a_head_that_servers_read_differently_is_400(request_bytes: bytes) -> None:
    for reads in ([request_bytes], [request_bytes + FOLLOWING]):
        calls, answered, is_closed = sent(*reads)

        assert calls == []
        assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert answered.count(b"HTTP/1.1 ") == 1
        assert is_closed


@pytest.mark.parametrize("chunks", INVALID_CHUNKS.values(), ids=INVALID_CHUNKS.keys())
def test_a_body_that_servers_read_differently_is_400(chunks: bytes) -> None:
    for reads in ([CHUNKED + chunks], [CHUNKED, chunks], [CHUNKED, chunks + FOLLOWING]):
        application = Application()
        calls, answered, is_closed = sent(*reads, app=application)

        assert calls == []
        assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert answered.count(b"HTTP/1.1 ") == 1
        assert is_closed
        assert application.gone == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        head(first=b"GET / HTTP/1.0"),
        head(b"Host:", first=b"GET / HTTP/1.1"),
        head(b"Host: ", first=b"GET / HTTP/1.1"),
        head(b"Host: chat_1.example.com.:8070 ", first=b"GET / HTTP/1.1"),
        head(b"Host: [::1]:8070", first=b"GET / HTTP/1.1"),
        head(b"Host: x:8070", first=b"GET http://X:8070/ HTTP/1.1"),
        head(b"Host: X", first=b"GET http://x/ HTTP/1.1"),
    ],
)
def test_a_host_in_any_form_that_http_has_is_taken(request_bytes: bytes) -> None:
    assert sent(request_bytes)[0] == [("GET", "/", b"")]


def test_what_came_before_an_invalid_request_is_answered_first() -> None:
    for invalid in (
        b"garbage\r\n\r\n",
        CHUNKED + b"x",
        head(b"Host: x", first=b"GET http://x HTTP/1.1"),
        *INVALID.values(),
    ):
        before = FOLLOWING * 2
        for reads in ([before + invalid + FOLLOWING], [before, invalid + FOLLOWING]):
            calls, answered, is_closed = sent(*reads)

            assert len(calls) == 2
            assert answered.startswith(ANSWER * 2 + b"HTTP/1.1 400 Bad Request\r\n")
            assert answered.count(b"HTTP/1.1 ") == 3
            assert is_closed


def test_the_requests_that_may_wait_are_answered_before_the_400() -> None:
    calls, answered, is_closed = sent(FOLLOWING * 1000)

    assert len(calls) == MOST_WAITING + 1
    assert answered.startswith(ANSWER * (MOST_WAITING + 1) + b"HTTP/1.1 400 ")
    assert is_closed


def test_an_answer_that_has_begun_is_not_followed_by_a_400() -> None:
    _, answered, is_closed = sent(CHUNKED, b"x", app=Application(reads=False))

    assert answered == ANSWER
    assert is_closed


EXPECTING = head(b"Host: x", b"Content-Length: 3", b"Expect: 100-continue")


def test_a_client_that_waits_is_asked_for_its_body() -> None:
    assert sent(EXPECTING, b"abc", FOLLOWING) == (
        [("POST", "/", b"abc"), ("GET", "/following", b"")],
        CONTINUE + ANSWER * 2,
        False,
    )


def test_a_client_that_is_not_asked_for_its_body_is_hung_up_on() -> None:
    # It may leave the body out, or send it: what comes next could be either.
    application = Application(reads=False)
    _, answered, is_closed = sent(EXPECTING, FOLLOWING, app=application)

    assert application.calls == [("POST", "/", b"")]
    assert b"connection: close\r\n" in answered
    assert CONTINUE not in answered
    assert is_closed


def test_no_client_of_http_1_0_is_asked_for_its_body() -> None:
    request = EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0")
    calls, answered, _ = sent(request, b"abc")

    assert calls == [("POST", "/", b"abc")]
    assert CONTINUE not in answered


def test_every_request_of_a_lost_connection_is_ended() -> None:
    # The first of several, too: a stream of events would go on for nobody.
    heard: list[str] = []

    async def stream(
        scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            pass
        heard.append(message["type"])

    def reads(count: int) -> Sequence[bytes]:
        return [FOLLOWING] * count

    for count in (1, 2, 3):
        heard.clear()
        sent(*reads(count), app=stream)
        assert heard == ["http.disconnect"]
