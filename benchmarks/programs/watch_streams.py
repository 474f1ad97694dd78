"""Watches streams of the page, and posts messages at a steady rate, on one clock.

One loop over readiness does both, so that it costs little. Reads what to do from its standard input
as JSON: the port, the streams as paths with the cookies of who reads, the ready requests to post
(one a message, sent in this order), how many messages a second. Prints, as JSON, how long each
message took from the moment when it was due to each stream that shows it, and how many never came.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
import time
from collections import deque

RECEIVED_BYTES = 1 << 18
POSTERS = 16
LAST_SECONDS = 10.0
"""How long to wait for the last messages."""

SEEN = re.compile(rb"live-(\d+)-live")


class Stream:
    """One open page."""

    def __init__(self, port: int, path: str, cookie: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookie}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self._rest = b""
        while b"retry:" not in self._rest:
            chunk = self.socket.recv(RECEIVED_BYTES)
            if not chunk:
                raise RuntimeError(f"no stream: {self._rest[:300]!r}")
            self._rest += chunk
        self._rest = b""

    def numbers(self) -> list[int]:
        """Return the numbers of the messages that have come."""
        data = self._rest + self.socket.recv(RECEIVED_BYTES)
        # An event ends by an empty line; within a chunk or not is all the same here.
        whole, end, self._rest = data.rpartition(b"\n\n")
        return sorted({int(number) for number in SEEN.findall(whole + end)})


class Run:
    """All streams, and the posts on their way."""

    def __init__(self, options: dict[str, object]) -> None:
        port = int(str(options["port"]))
        paths, requests = options["streams"], options["requests"]
        if not isinstance(paths, list) or not isinstance(requests, list):
            raise TypeError("streams and requests are lists")
        self._every = 1 / float(str(options["rate"]))
        self._requests = [str(request).encode() for request in requests]
        self._streams = {
            stream.socket.fileno(): stream
            for stream in (Stream(port, path, cookie) for path, cookie in paths)
        }
        self._posters = {
            each.fileno(): each
            for each in (
                socket.create_connection(("127.0.0.1", port)) for _ in range(POSTERS)
            )
        }
        self._idle = deque(self._posters.values())
        self._due: list[float] = []
        self._seconds: list[float] = []
        self._expected = len(requests) * len(paths) // int(str(options["rooms"]))

    def run(self) -> tuple[list[float], int]:
        """Post and watch; return the seconds, and how many never came."""
        poll = select.epoll()
        for number in (*self._streams, *self._posters):
            poll.register(number, select.EPOLLIN)
        began = time.perf_counter()
        sent = 0
        end = began + len(self._requests) * self._every + LAST_SECONDS
        while len(self._seconds) < self._expected and time.perf_counter() < end:
            now = time.perf_counter()
            while sent < len(self._requests) and now >= began + sent * self._every:
                if not self._idle:
                    break
                self._due.append(began + sent * self._every)
                self._idle.popleft().sendall(self._requests[sent])
                sent += 1
            due = began + sent * self._every
            wait = due - now if sent < len(self._requests) and self._idle else 0.1
            for number, _ in poll.poll(max(0.0, wait)):
                self._hear(number)
        return self._seconds, self._expected - len(self._seconds)

    def _hear(self, number: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            poster = self._posters[number]
            answer = poster.recv(RECEIVED_BYTES)
            if not answer.startswith(b"HTTP/1.1 204 "):
                raise RuntimeError(f"not posted: {answer[:300]!r}")
            self._idle.append(poster)
            return
        for message in stream.numbers():
            self._seconds.append(time.perf_counter() - self._due[message])


def main() -> None:
    """Do what standard input says."""
    options = json.load(sys.stdin)
    if options["core"] is not None:
        os.sched_setaffinity(0, [options["core"]])
    seconds, missing = Run(options).run()
    print(json.dumps({"seconds": sorted(seconds), "missing": missing}))


if __name__ == "__main__":
    main()
