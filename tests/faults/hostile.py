"""Clients that nobody wants: slow, half-open, very many, or with requests that nobody should send.

Each has to leave the server alive, its memory bounded and the other clients served: one of those
calls all the time and notes how long it waits.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.serving import Running
from tests.faults.load import ROOM
from tests.faults.serving import memory_bytes, serving

__all__ = ["CASES", "Seen", "run"]

MOST_GROWTH_BYTES = 40_000_000
MOST_BYTES_FOR_A_CONNECTION = 30_000
HUGE_BYTES = 100_000_000
LEVELS = 100_000
CONNECTIONS = 10_000
SPARE_FILES = 200
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Seen:
    """What a case did to a server."""

    case: str
    count: int
    """How many connections took part."""
    growth_bytes: int
    longest_wait: float
    """Of the well-behaved client, in seconds."""
    answers: frozenset[bytes]
    """The status codes that came; empty where the server only hung up."""


Case = Callable[[Running, int], frozenset[bytes]]


def run(folder: Path, name: str, *, connections: int = CONNECTIONS) -> Seen:
    """Let one kind of client loose on a server of its own.

    Raises:
        AssertionError: The server died, grew beyond bounds, or left the other client alone.
    """
    with serving(folder) as server:
        assert server.call("POST", "/room", {"name": ROOM})[0] == 201
        before = memory_bytes(server)
        with _well_behaved(server) as other, _watching(server) as peak:
            answers = CASES[name](server, connections)
            # A short case may be over before the other client's first call is.
            while not other.waits and other.is_calling():
                answers |= CASES[name](server, connections)
        growth = max(peak) - before
        assert other.waits, "the other client was never served"
        assert server.call("GET", f"/room/{ROOM}")[0] == 200
        assert server.stop() == 0
        assert "Traceback" not in "".join(server.stderr_lines)
    most = MOST_GROWTH_BYTES
    if name in MANY:
        most += connections * MOST_BYTES_FOR_A_CONNECTION
    assert growth < most, f"{name}: the server grew by {growth:,} bytes"
    assert not any(status.startswith(b"5") for status in answers), answers
    return Seen(name, connections, growth, max(other.waits), answers)


class _Other:
    """A client that posts all the time, and notes how long each call took."""

    def __init__(self, server: Running) -> None:
        self.waits: list[float] = []
        self.is_over = threading.Event()
        self.failures: list[str] = []
        self._server = server
        self._thread = threading.Thread(target=self._call_again_and_again)
        self._thread.start()

    def is_calling(self) -> bool:
        """Tell whether it has not given up."""
        return self._thread.is_alive()

    def _call_again_and_again(self) -> None:
        body = {"message": "hello"}
        while not self.failures and not self.is_over.wait(0.01):
            began = time.perf_counter()
            try:
                answer = self._server.call("POST", f"/room/{ROOM}/notification", body)
            except OSError as error:
                self.failures.append(repr(error))
                return
            if answer[0] != 204:
                self.failures.append(str(answer[0]))
            self.waits.append(time.perf_counter() - began)

    def end(self) -> None:
        """Let the last call come to its end."""
        self.is_over.set()
        self._thread.join()


@contextlib.contextmanager
def _well_behaved(server: Running) -> Iterator[_Other]:
    """Let another client call all the time, and look how it fared."""
    other = _Other(server)
    try:
        yield other
    finally:
        other.end()
    assert not other.failures, other.failures


@contextlib.contextmanager
def _watching(server: Running) -> Iterator[list[int]]:
    """Note how much memory the server has, every few milliseconds."""
    seen = [memory_bytes(server)]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            seen.append(memory_bytes(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        seen.append(memory_bytes(server))
        is_over.set()
        watcher.join()


def _connect(server: Running) -> socket.socket:
    parts = urlsplit(server.base_url)
    return socket.create_connection(
        (parts.hostname or "", parts.port or 0), timeout=PATIENCE_SECONDS
    )


def _head(server: Running, method: str, path: str, *lines: str) -> bytes:
    given = [f"{method} /v2{path} HTTP/1.1", "Host: 127.0.0.1"]
    given += [f"Authorization: Bearer {server.token}", *lines, "", ""]
    return "\r\n".join(given).encode()


def _post(server: Running, body: bytes, *lines: str) -> bytes:
    head = _head(
        server,
        "POST",
        f"/room/{ROOM}/notification",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *lines,
    )
    return head + body


def _status(answer: bytes) -> frozenset[bytes]:
    return frozenset(answer.split()[1:2])


def _send(server: Running, pieces: Iterator[bytes]) -> frozenset[bytes]:
    """Send until it is all said or the server hangs up; return the status that came."""
    with _connect(server) as connection:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        received = b""
        with contextlib.suppress(ConnectionError):
            while b"\r\n" not in received and (piece := connection.recv(1000)):
                received += piece
        return _status(received)


def idle(server: Running, count: int) -> frozenset[bytes]:
    """Connect very many times and say nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(_connect(server))
        # Beside all of them others get in, and are served.
        for _ in range(20):
            assert server.call("GET", f"/room/{ROOM}")[0] == 200
    return frozenset()


def idle_after_a_call(server: Running, count: int) -> frozenset[bytes]:
    """Connect very many times, call once each, and keep the connections."""
    request = _head(server, "GET", f"/room/{ROOM}")
    answers: set[bytes] = set()
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(_connect(server))
            connection.sendall(request)
            answers |= _status(connection.recv(4096))
        for _ in range(20):
            assert server.call("GET", f"/room/{ROOM}")[0] == 200
    return frozenset(answers)


def slow_heads(server: Running, count: int) -> frozenset[bytes]:
    """Send heads letter by letter and never end them."""
    head = _head(server, "GET", f"/room/{ROOM}")[:-4]
    with contextlib.ExitStack() as stack:
        many = min(count, 500)
        connections = [stack.enter_context(_connect(server)) for _ in range(many)]
        for letter in head[:60]:
            for connection in connections:
                connection.sendall(bytes([letter]))
    return frozenset()


def half_open(server: Running, count: int) -> frozenset[bytes]:
    """Ask for long answers again and again, and read none of them."""
    for number in range(100):
        body = {"message": f"{number} {'x' * 1000}"}
        server.call("POST", f"/room/{ROOM}/notification", body)
    request = _head(server, "GET", f"/room/{ROOM}/history?max-results=100")
    with contextlib.ExitStack() as stack:
        for _ in range(min(count, 100)):
            connection = stack.enter_context(_connect(server))
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(100):
                    connection.send(request)
        for _ in range(20):
            assert server.call("GET", f"/room/{ROOM}")[0] == 200
    return frozenset()


def long_queues(server: Running, count: int) -> frozenset[bytes]:
    """Send very many small requests at once, and read no answer."""
    flood = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 30_000
    with contextlib.ExitStack() as stack:
        for _ in range(min(count, 50)):
            connection = stack.enter_context(_connect(server))
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                connection.send(flood)
        for _ in range(20):
            assert server.call("GET", f"/room/{ROOM}")[0] == 200
    return frozenset()


def huge_bodies(server: Running, _: int) -> frozenset[bytes]:
    """Send bodies of 100 MB, with and without saying so beforehand, to whoever takes any."""
    piece = b"x" * 65536
    pieces = HUGE_BYTES // len(piece)
    post, share = f"/room/{ROOM}/notification", f"/room/{ROOM}/share/file"
    is_json = "Content-Type: application/json"
    is_file = "Content-Type: multipart/related; boundary=b"
    part = b'--b\r\nContent-Disposition: attachment; name="file"; filename="a"\r\n\r\n'
    chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    chunked = "Transfer-Encoding: chunked"
    answers: set[bytes] = set()
    for path, media, first in ((post, is_json, b""), (share, is_file, part)):
        size = f"Content-Length: {len(first) + pieces * len(piece)}"
        shown = itertools.chain(
            [_head(server, "POST", path, media, size) + first],
            itertools.repeat(piece, pieces),
        )
        answers |= _send(server, shown)
        begun = f"{len(first):x}\r\n".encode() + first + b"\r\n" if first else b""
        untold = itertools.chain(
            [_head(server, "POST", path, media, chunked) + begun],
            itertools.repeat(chunk, pieces),
            [b"0\r\n\r\n"],
        )
        answers |= _send(server, untold)
    assert answers <= {b"413"}, answers
    return frozenset(answers)


def deep_json(server: Running, _: int) -> frozenset[bytes]:
    """Send JSON of 100,000 levels, in every place that takes any."""
    lists, objects = (
        b"[" * LEVELS + b"]" * LEVELS,
        b'{"a":' * LEVELS + b"1" + b"}" * LEVELS,
    )
    answers: set[bytes] = set()
    for deep in (lists, objects):
        for body in (
            deep,
            b'{"message": %b}' % deep,
            b'{"message": "m", "card": %b}' % deep,
        ):
            answers |= _status(server.raw(_post(server, body)))
    assert answers == {b"400"}, answers
    return frozenset(answers)


def bad_text(server: Running, _: int) -> frozenset[bytes]:
    """Send what is not UTF-8, no JSON, or holds what no text should."""
    answers: set[bytes] = set()
    bodies = [
        b'{"message": "\xff\xfe"}',
        b'{"message": "\xed\xa0\x80"}',
        b'{"message": "\\u0000"}',
        b'{"message": "a"',
        b'{"message": 1e999999}',
        b'{"message": ' + b"9" * 100_000 + b"}",
        b"\x00" * 1000,
        bytes(range(256)),
        "{}".encode("utf-16"),
    ]
    for body in bodies:
        answers |= _status(server.raw(_post(server, body)))
    for path in ("/room/%ff", "/room/%00", "/room/" + "%2e%2e%2f" * 100, "/%", "/%zz"):
        answers |= _status(server.raw(_head(server, "GET", path, "Connection: close")))
    assert not answers - {b"400", b"404"}, answers
    # Half an emoji is valid JSON: the other half is not missed.
    half = _status(server.raw(_post(server, b'{"message": "\\ud800"}')))
    assert half == {b"204"}, half
    return frozenset(answers | half)


def header_floods(server: Running, _: int) -> frozenset[bytes]:
    """Send heads that are far too long in each of their parts."""
    answers: set[bytes] = set()
    floods = [
        _head(server, "GET", "/room", *(f"X-{number}: y" for number in range(100_000))),
        _head(server, "GET", "/room", "X: " + "y" * 10_000_000),
        _head(server, "GET", "/" + "a" * 10_000_000),
        _head(server, "GET", "/room?" + "a=b&" * 1_000_000),
        b"A" * 10_000_000,
    ]
    for flood in floods:
        answers |= _status(server.raw(flood))
    assert answers <= {b"400"}, answers
    return frozenset(answers)


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        idle,
        idle_after_a_call,
        slow_heads,
        half_open,
        long_queues,
        huge_bodies,
        deep_json,
        bad_text,
        header_floods,
    )
}
MANY = ("idle", "idle_after_a_call")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - CASES.keys():
        parser.error(f"no such case: {', '.join(sorted(unknown))}; {', '.join(CASES)}")
    allowed = allow_files(arguments.connections)
    if allowed < arguments.connections:
        sys.exit(f"this machine allows {allowed} connections; use --connections")
    for _, name in itertools.product(
        range(arguments.rounds), arguments.cases or list(CASES)
    ):
        with tempfile.TemporaryDirectory() as folder:
            seen = run(Path(folder), name, connections=arguments.connections)
        shown = b" ".join(sorted(seen.answers)).decode() or "no answer"
        print(
            f"{name}: {shown}; memory grew by {seen.growth_bytes / 1e6:.1f} MB at most;"
            f" the other client waited {seen.longest_wait * 1000:.0f} ms at most"
        )


def allow_files(wanted: int) -> int:
    """Let this process and its children open so many files and some more, if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + SPARE_FILES
    if soft < enough:
        soft = min(hard, enough)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft - SPARE_FILES


if __name__ == "__main__":
    main()
