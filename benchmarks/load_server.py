"""The server that the benchmarks load: fixed bytes, from a process that is not counted.

It reads just enough HTTP to tell a notification, a shared file and a page of history apart, and
answers with the headers that HipChat sent.
`python -m benchmarks.load_server CERTIFICATE MESSAGES DELAY` prints three ports: plain, TLS, and
plain with answers so many milliseconds late. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
from datetime import datetime
from functools import partial
from urllib.parse import parse_qs

from benchmarks.messages import NEWEST, history_page

HEAD = (
    b"HTTP/1.1 %b\r\n"
    b"Server: nginx\r\n"
    b"Date: Fri, 30 Nov 2018 12:00:00 GMT\r\n"
    b"Connection: keep-alive\r\n"
    b"X-Ratelimit-Limit: 500\r\n"
    b"X-Ratelimit-Remaining: 499\r\n"
    b"X-Ratelimit-Reset: 4102444800\r\n"
    b"X-FloodControl-Limit: 30\r\n"
    b"X-FloodControl-Remaining: 29\r\n"
    b"X-FloodControl-Reset: 4102444800.5\r\n"
)
NO_CONTENT = HEAD % b"204 No Content" + b"\r\n"
NOT_FOUND = HEAD % b"404 Not Found" + b"Content-Length: 0\r\n\r\n"
POSTS = (
    b"POST /v2/room/Dev%20Ops/notification ",
    b"POST /v2/room/Dev%20Ops/notification?",
    b"POST /v2/room/Dev%20Ops/share/file ",
)
HISTORY = b"GET /v2/room/Dev%20Ops/history"
DEFAULT_PAGE = 75


class Connection(asyncio.Protocol):
    """One client's connection: a request after the other."""

    def __init__(self, messages: int, delay_ms: int = 0) -> None:
        self._messages = messages
        self._delay_seconds = delay_ms / 1000
        self._transport: asyncio.Transport
        self._received = b""
        self._body_left = 0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers are written to."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream was expected")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete; a body is counted and dropped."""
        data = self._received + data
        self._received = b""
        while data:
            if self._body_left:
                if self._body_left > len(data):
                    self._body_left -= len(data)
                    return
                data = data[self._body_left :]
                self._body_left = 0
                self._write_answer()
                continue
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                self._received = data
                return
            self._answer = self._answer_to(head)
            self._body_left = _content_length(head)
            data = rest
            if not self._body_left:
                self._write_answer()

    def _write_answer(self) -> None:
        if self._delay_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay_seconds, self._transport.write, self._answer)
        else:
            self._transport.write(self._answer)

    def _answer_to(self, head: bytes) -> bytes:
        if head.startswith(POSTS):
            return NO_CONTENT
        if not head.startswith(HISTORY):
            return NOT_FOUND
        query = head[len(HISTORY) :].split(b" ", 1)[0].removeprefix(b"?")
        body = _history(query.decode("ascii"), self._messages)
        length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return HEAD % b"200 OK" + length % len(body) + body


def _content_length(head: bytes) -> int:
    _, name, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if name else 0


def _history(query: str, messages: int) -> bytes:
    """Return the page that starts at the requested timestamp, inclusive."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    date = asked.get("date", "recent")
    if date == "recent":
        return history_page(0, messages, DEFAULT_PAGE)
    newer = round((NEWEST - datetime.fromisoformat(date)).total_seconds())
    start = newer + int(asked.get("start-index", 0))
    return history_page(start, messages, int(asked.get("max-results", 100)))


async def serve(certificate: str, messages: int, delay_ms: int) -> None:
    """Answer until standard input ends."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    servers = [
        await loop.create_server(
            partial(Connection, messages, delay), "127.0.0.1", 0, ssl=tls
        )
        for tls, delay in ((None, 0), (context, 0), (None, delay_ms))
    ]
    gc.freeze()
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], *map(int, sys.argv[2:])))
