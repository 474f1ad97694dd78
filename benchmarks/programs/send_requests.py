"""Sends requests as fast as a server answers them, on connections that are kept.

A loop over readiness and nothing else, so that whoever answers is the slower side. Reads from the
first line of its standard input what to send, and from each further line how many requests to send
in one turn; answers each with the seconds that the turn took, and each request's seconds' median
and 99th percentile. `NUMBER` in a request stands for a number that no other one has.
See `benchmarks/sending.py`.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import select
import socket
import sys
import time
from collections.abc import Sequence

RECEIVED_BYTES = 1 << 18
NUMBER = b"NUMBER"
NUMBERS = itertools.count()


class Connection:
    """One kept connection, with one request on the way at most."""

    def __init__(
        self, port: int, requests: Sequence[tuple[bytes, bytes, bytes]], start: bytes
    ) -> None:
        self._port = port
        self.socket = _connect(port)
        self._requests = requests
        self._sent = 0
        self._start = start
        self._received = b""
        self.began = 0.0

    def renew(self) -> None:
        """Connect anew where the server has closed meanwhile: others had long turns."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        if poll.poll(0):
            self.socket.close()
            self.socket = _connect(self._port)

    def send(self) -> None:
        """Send the next request."""
        self.began = time.perf_counter()
        before, number, after = self._requests[self._sent % len(self._requests)]
        if number:
            before += b"%012d" % next(NUMBERS)
        self.socket.sendall(before + after)
        self._sent += 1

    def is_answered(self) -> bool:
        """Read what has come, and say whether the answer is whole."""
        chunk = self.socket.recv(RECEIVED_BYTES)
        self._received += chunk
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not chunk or (end and not head.startswith(self._start)):
            raise RuntimeError(f"not the answer wanted: {head[:400]!r}")
        if not end or len(body) < _content_length(head):
            return False
        self._received = b""
        return True


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _content_length(head: bytes) -> int:
    _, name, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if name else 0


def take_turn(connections: Sequence[Connection], count: int) -> list[float]:
    """Send so many requests over all connections, and return what each took."""
    by_number = {each.socket.fileno(): each for each in connections}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    latencies: list[float] = []
    starting = connections[:count]
    for connection in starting:
        connection.send()
    left = count - len(starting)
    while len(latencies) < count:
        for number, _ in poll.poll():
            connection = by_number[number]
            if not connection.is_answered():
                continue
            latencies.append(time.perf_counter() - connection.began)
            if left:
                left -= 1
                connection.send()
    poll.close()
    return latencies


def main() -> None:
    """Connect, take turns until standard input ends."""
    options = json.loads(sys.stdin.readline())
    if options["core"] is not None:
        os.sched_setaffinity(0, [options["core"]])
    requests = [text.encode().partition(NUMBER) for text in options["requests"]]
    start = f"HTTP/1.1 {options['status']} ".encode()
    connections = [
        # Each begins elsewhere, so that not all ask for the same at the same time.
        Connection(options["port"], requests[index % len(requests) :] + requests, start)
        for index in range(options["connections"])
    ]
    for line in sys.stdin:
        gc.collect()
        for connection in connections:
            connection.renew()
        began = time.perf_counter()
        latencies = sorted(take_turn(connections, int(line)))
        seconds = time.perf_counter() - began
        middle, late = (latencies[int(len(latencies) * part)] for part in (0.5, 0.99))
        print(seconds, middle, late, flush=True)


if __name__ == "__main__":
    main()
