from __future__ import annotations

import asyncio
import gzip
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from hipkit.testing import AsyncMemoryTransport, MemoryTransport
from hipkit.testing.asgi import Message, Receive, Send
from hipkit.transports.protocol import Options, RawResponse, Request, TransportError

PATIENT = Options(timeout_seconds=10)
SendAny = Callable[..., RawResponse]


def request(
    method: str = "GET", target: str = "/", content: Any = None, **headers: str
) -> Request:
    return Request(
        method,
        "http",
        "chat.example.com",
        8080,
        target,
        tuple(headers.items()),
        content,
    )


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., SendAny]]:
    """Make a memory transport, and give a blocking `send` of it."""
    ends: list[Callable[[], object]] = []

    def make(*arguments: Any, **settings: Any) -> SendAny:
        if request.param == "sync":
            transport = MemoryTransport(*arguments, **settings)
            ends.append(transport.close)
            return lambda made, options=PATIENT, sink=None: transport.send(
                made, options, sink
            )
        runner = asyncio.Runner()
        other = AsyncMemoryTransport(*arguments, **settings)
        ends.extend((runner.close, lambda: runner.run(other.aclose())))
        return lambda made, options=PATIENT, sink=None: runner.run(
            other.send(made, options, sink)
        )

    yield make
    for end in reversed(ends):
        end()


# A function


def test_a_function_gets_the_request_and_returns_the_response(
    connect: Callable[..., SendAny],
) -> None:
    seen = []

    def handler(made: Request) -> RawResponse:
        seen.append(made)
        return RawResponse(201, {"X-Made": "yes"}, b"body")

    made = request("POST", "/v2/room/a%2Fb", b"{}")
    assert connect(handler)(made) == RawResponse(201, {"x-made": "yes"}, b"body")
    assert seen == [made]


async def test_a_coroutine_function_will_do_too() -> None:
    async def handler(made: Request) -> RawResponse:
        await asyncio.sleep(0)
        return RawResponse(204, {})

    transport = AsyncMemoryTransport(handler)
    assert (await transport.send(request(), Options())).status == 204


def test_an_error_that_the_function_raises_reaches_the_caller(
    connect: Callable[..., SendAny],
) -> None:
    def handler(_made: Request) -> RawResponse:
        raise TransportError("broken", "as if a cable was cut", may_have_arrived=True)

    with pytest.raises(TransportError, match="a cable"):
        connect(handler)(request())


def test_limit_sink_and_compression_apply_to_a_functions_response(
    connect: Callable[..., SendAny],
) -> None:
    compressed = gzip.compress(b"x" * 1000)
    send = connect(lambda _: RawResponse(200, {"Content-Encoding": "gzip"}, compressed))
    assert send(request()).body == b"x" * 1000
    with pytest.raises(TransportError) as caught:
        send(request(), Options(max_response_bytes=999))
    assert caught.value.kind == "too_large"
    pieces: list[bytes] = []
    assert send(request(), sink=pieces.append).body == b""
    assert b"".join(pieces) == b"x" * 1000


def test_what_no_socket_would_carry_is_refused(connect: Callable[..., SendAny]) -> None:
    with pytest.raises(ValueError, match="HTTP cannot carry"):
        connect(lambda _: RawResponse(204, {}))(request(target="/a b"))


@pytest.mark.parametrize("transport", [MemoryTransport, AsyncMemoryTransport])
def test_a_function_or_an_app_is_needed_but_not_both(transport: Any) -> None:
    with pytest.raises(TypeError, match="either"):
        transport()
    with pytest.raises(TypeError, match="either"):
        transport(lambda _: None, app=lambda _: None)


# An app


async def raw_echo(scope: Any, receive: Receive, send: Send) -> None:
    """Tell what has come, and how often `receive` was needed."""
    if scope["type"] == "lifespan":
        return
    body, reads = b"", 0
    while True:
        message: Message = await receive()
        body, reads = body + message["body"], reads + 1
        if not message["more_body"]:
            break
    lines = [
        f"{scope['method']} {scope['path']}".encode(),
        scope["raw_path"] + b"?" + scope["query_string"],
        repr(scope["headers"]).encode(),
        body,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for line in lines:
        await send(
            {"type": "http.response.body", "body": line + b"\n", "more_body": True}
        )
    await send({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/v2/room/a%2Fb?c=%20&d", "/v2/room/a/b"),
        ("/v2/../x/./y", "/v2/../x/./y"),
        ("//v2//%F0%9F%98%80", "//v2//\U0001f600"),
    ],
)
def test_an_app_sees_the_target_byte_for_byte(
    connect: Callable[..., SendAny], target: str, path: str
) -> None:
    lines = connect(app=raw_echo)(request(target=target)).body.split(b"\n")
    assert lines[0].decode() == f"GET {path}"
    assert lines[1].decode().rstrip("?") == target


def test_an_app_sees_the_headers_of_the_wire(connect: Callable[..., SendAny]) -> None:
    send = connect(app=raw_echo)
    lines = send(request("POST", "/", b"abc", Authorization="Bearer x")).body.split(
        b"\n"
    )
    assert eval(lines[2]) == [  # noqa: S307 - our own repr
        (b"host", b"chat.example.com:8080"),
        (b"authorization", b"Bearer x"),
        (b"accept-encoding", b"gzip, deflate"),
        (b"content-length", b"3"),
    ]
    assert lines[3] == b"abc"


class Chunks:
    size_bytes = None
    replayable = False

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one,", b"two,", b"three")


class Failing(Chunks):
    def __iter__(self) -> Iterator[bytes]:
        yield b"one"
        raise FileNotFoundError("the file has gone")


def test_an_app_gets_a_body_in_chunks(connect: Callable[..., SendAny]) -> None:
    assert (
        b"one,two,three" in connect(app=raw_echo)(request("POST", "/", Chunks())).body
    )


def test_an_error_while_reading_the_body_reaches_the_caller(
    connect: Callable[..., SendAny],
) -> None:
    with pytest.raises(FileNotFoundError, match="has gone"):
        connect(app=raw_echo)(request("POST", "/", Failing()))


class App:
    """A small app that does what its path says, as frameworks do it."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope["state"], receive, send)
        else:
            await getattr(self, scope["path"].strip("/"))(scope, send)

    async def _live(self, state: Any, receive: Receive, send: Send) -> None:
        for step in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{step}"
            state["name"] = "shared"
            self.events.append(step)
            await send({"type": f"lifespan.{step}.complete"})

    async def compressed(self, scope: Any, send: Send) -> None:
        assert (b"accept-encoding", b"gzip, deflate") in scope["headers"]
        headers = [(b"content-encoding", b"gzip")]
        await answer(send, gzip.compress(b"hello " * 500), headers=headers)

    async def pieces(self, _scope: Any, send: Send) -> None:
        await answer(send, b"0;", b"1;", b"2;")

    async def missing(self, _scope: Any, send: Send) -> None:
        await answer(send, b"nothing here", status=404)

    async def slow(self, _scope: Any, send: Send) -> None:
        await asyncio.sleep(30)

    async def answers_and_raises(self, _scope: Any, send: Send) -> None:
        await answer(send, b"oops", status=500)
        raise ZeroDivisionError("in the app")

    async def raises(self, _scope: Any, send: Send) -> None:
        raise ZeroDivisionError("in the app")

    async def has_its_own_time_out(self, _scope: Any, send: Send) -> None:
        raise TimeoutError("of the app's own making")

    async def half(self, _scope: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def who(self, scope: Any, send: Send) -> None:
        await answer(send, f"{scope['state']} {threading.get_ident()}".encode())


async def answer(
    send: Send, *pieces: bytes, status: int = 200, headers: Any = ()
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.fixture
def app() -> App:
    return App()


def test_an_app_answers_compressed_in_chunks_and_without_a_body(
    connect: Callable[..., SendAny], app: App
) -> None:
    send = connect(app=app)
    response = send(request(target="/compressed"))
    assert response.headers == {"content-encoding": "gzip"}
    assert response.body == b"hello " * 500
    assert send(request(target="/pieces")).body == b"0;1;2;"
    assert send(request("HEAD", "/pieces")).body == b""
    assert send(request(target="/missing")).status == 404


def test_what_a_framework_has_answered_counts_though_it_raises_again(
    connect: Callable[..., SendAny], app: App
) -> None:
    response = connect(app=app)(request(target="/answers_and_raises"))
    assert (response.status, response.body) == (500, b"oops")


def test_an_unhandled_error_of_the_app_reaches_the_caller(
    connect: Callable[..., SendAny], app: App
) -> None:
    send = connect(app=app)
    with pytest.raises(ZeroDivisionError):
        send(request(target="/raises"))
    with pytest.raises(TimeoutError, match="of the app's own making"):
        send(request(target="/has_its_own_time_out"))


def test_an_app_that_ends_without_a_complete_response_is_a_transport_error(
    connect: Callable[..., SendAny], app: App
) -> None:
    with pytest.raises(TransportError) as caught:
        connect(app=app)(request(target="/half"))
    assert (caught.value.kind, caught.value.may_have_arrived) == ("broken", True)


def test_an_app_that_is_too_slow_is_a_timeout(
    connect: Callable[..., SendAny], app: App
) -> None:
    send = connect(app=app)
    with pytest.raises(TransportError) as caught:
        send(request(target="/slow"), Options(timeout_seconds=0.05))
    assert (caught.value.kind, caught.value.may_have_arrived) == ("timeout", True)
    with pytest.raises(TransportError) as caught:
        send(request(target="/slow"), Options(deadline=time.monotonic()))
    assert (caught.value.kind, caught.value.may_have_arrived) == ("timeout", False)


def test_a_sink_that_raises_ends_the_call(
    connect: Callable[..., SendAny], app: App
) -> None:
    def full(_piece: bytes) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        connect(app=app)(request(target="/pieces"), sink=full)


def test_the_lifespan_begins_with_the_first_call_and_ends_with_the_transport(
    app: App,
) -> None:
    transport = MemoryTransport(app=app)
    assert app.events == []
    first = transport.send(request(target="/who"), Options()).body
    assert transport.send(request(target="/who"), Options()).body == first
    assert b"shared" in first
    assert str(threading.get_ident()).encode() not in first
    assert app.events == ["startup"]
    transport.close()
    transport.close()
    assert app.events == ["startup", "shutdown"]
    with pytest.raises(RuntimeError, match="closed"):
        transport.send(request(), Options())


async def test_tasks_share_one_lifespan(app: App) -> None:
    transport = AsyncMemoryTransport(app=app)
    calls: list[Coroutine[Any, Any, RawResponse]] = [
        transport.send(request(target="/pieces"), Options()) for _ in range(10)
    ]
    assert {response.status for response in await asyncio.gather(*calls)} == {200}
    assert app.events == ["startup"]
    await transport.aclose()
    await transport.aclose()
    assert app.events == ["startup", "shutdown"]
    with pytest.raises(RuntimeError, match="closed"):
        await transport.send(request(), Options())


def test_an_app_that_cannot_start_says_why(connect: Callable[..., SendAny]) -> None:
    async def failing(_scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    send = connect(app=failing)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no database"):
            send(request())


def test_many_threads_may_share_an_app(app: App) -> None:
    transport = MemoryTransport(app=app)
    replies: list[RawResponse] = []

    def call() -> None:
        replies.append(transport.send(request(target="/pieces"), Options()))

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()
    assert [response.status for response in replies] == [200] * 20
