"""Clients that share a transport: no request has the token or the headers of another client.

The clients are made and dropped by many threads, so that a new one may lie where another lay.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any

import msgspec
import pytest

from hipkit import HipChat
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse, Request, Transport

THREADS = 16
ROUNDS = 15
BASE_URL = "https://chat.example.com/v2"
JSON = {"content-type": "application/json"}


def echo(request: Request) -> RawResponse:
    headers = {name.lower(): value for name, value in request.headers}
    return RawResponse(200, JSON, msgspec.json.encode(headers))


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it received."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = msgspec.json.encode(headers)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def network(make: Callable[[], Transport]) -> Iterator[tuple[Transport, str]]:
    server = Server(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    transport = make()
    try:
        yield transport, f"http://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        transport.close()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def memory() -> Iterator[tuple[Transport, str]]:
    yield MemoryTransport(echo), BASE_URL


def from_module(name: str, kind: str) -> Callable[[], Transport]:
    return lambda: getattr(import_module(f"hipkit.transports.{name}"), kind)()


PLACES: dict[str, Callable[[], AbstractContextManager[tuple[Transport, str]]]] = {
    "memory": memory,
    "httpcore2": lambda: network(from_module("httpcore2", "HttpcoreTransport")),
    "pycurl": lambda: network(from_module("pycurl", "CurlTransport")),
}


@pytest.mark.parametrize("place", PLACES)
def test_no_request_has_the_token_of_another_client(place: str) -> None:
    started = threading.Barrier(THREADS)

    with PLACES[place]() as (transport, base_url):

        def work(thread: int) -> list[tuple[str, str]]:
            wrong = []
            started.wait()
            for turn in range(ROUNDS):
                name = f"{thread}-{turn}"
                client = HipChat(
                    f"token-{name}", base_url=base_url, transport=transport
                )
                other = client.with_token(f"other-{name}")
                own = client.with_options(headers={"X-Own": name})
                for each, token, header in (
                    (client, f"token-{name}", None),
                    (other, f"other-{name}", None),
                    (own, f"token-{name}", name),
                    (client, f"token-{name}", None),
                ):
                    seen: Any = each.request("GET", "/echo")
                    expected = (f"Bearer {token}", header)
                    if (seen["authorization"], seen.get("x-own")) != expected:
                        wrong.append((token, seen["authorization"]))
                seen = client.request("GET", "/echo", headers={"Authorization": name})
                if seen["authorization"] != name:
                    wrong.append((name, seen["authorization"]))
            return wrong

        with ThreadPoolExecutor(THREADS) as pool:
            assert [*pool.map(work, range(THREADS))] == [[]] * THREADS


def test_a_derived_client_does_not_send_through_the_one_it_was_made_from() -> None:
    tokens: list[str] = []

    def take(request: Request) -> RawResponse:
        tokens.append(dict(request.headers)["Authorization"])
        return RawResponse(204, {})

    client = HipChat("one", base_url=BASE_URL, transport=MemoryTransport(take))
    assert client.rooms is client.rooms
    for each in (
        client,
        client.with_token("two"),
        client.with_token("two").with_options(),
    ):
        each.rooms.send_room_notification("ops", message="hello")
        each.with_token("three").rooms.send_room_notification("ops", message="hello")
    assert [token.removeprefix("Bearer ") for token in tokens] == [
        *("one", "three"),
        *("two", "three"),
        *("two", "three"),
    ]


def test_first_uses_of_two_clients_do_not_wait_for_each_other() -> None:
    # If they did, a fork during the one could leave the child waiting for ever.
    is_inside, may_go_on = threading.Event(), threading.Event()

    class Slow(HipChat):
        @property
        def _send(self) -> Any:
            is_inside.set()
            assert may_go_on.wait(60)
            return self.send

        @_send.setter
        def _send(self, send: object) -> None: ...

    transport = MemoryTransport(lambda _: RawResponse(204, {}))
    slow, quick = (
        kind("token", base_url=BASE_URL, transport=transport)
        for kind in (Slow, HipChat)
    )
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: slow.rooms)
        assert is_inside.wait(60)
        try:
            assert pool.submit(lambda: quick.rooms).result(20) is quick.rooms
        finally:
            may_go_on.set()
        assert first.result(20) is slow.rooms
