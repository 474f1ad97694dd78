"""Limits that the HTTP library lacks: on heads, queues, and clients that read no answers."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hipkit.server.http.answers import limit_headers
from hipkit.server.http.cors import CORS_HEADERS
from hipkit.server.http.errors import error_answer
from hipkit.server.services.limits import Limits, LimitSettings

__all__ = ["BoundedProtocol"]

LARGEST_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
MOST_WAITING = 32
"""Requests that wait on a connection for the one before them."""
READ_SECONDS = 60.0
"""How long a client may take no byte of an answer that waits for it."""


class _Nowhere(list[tuple[bytes, bytes]]):
    """Takes headers and keeps none."""

    def append(self, item: tuple[bytes, bytes], /) -> None:
        """Forget a header."""


NOWHERE = _Nowhere()


class BoundedProtocol(HttpToolsProtocol):
    """Bounds what one connection can take of the server's memory, and for how long.

    It refuses request lines and headers beyond 64 KiB, and more than 32 requests that wait; it
    closes on heads that never end, and on clients that read nothing of what they asked for.
    """

    _head_bytes = 0
    _is_in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None
    _unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base class does
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end_head()
        self._end_reading()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and count those of a head."""
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        if self._head_timer is None:
            # Only now: most heads are whole when they arrive, and a timer has its price.
            self._start_timer()
        self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP request in HipChat's form, and hang up."""
        allowance = Limits(LimitSettings(), time.time).uncounted()
        answer = error_answer(400, msg)
        answer.headers += [*CORS_HEADERS, *limit_headers("X-Ratelimit", allowance)]
        answer.headers += [
            ("Content-Length", str(len(answer.body))),
            ("Connection", "close"),
        ]
        lines = [f"{name}: {value}\r\n" for name, value in answer.headers]
        head = "HTTP/1.1 400 Bad Request\r\n" + "".join(lines) + "\r\n"
        self.transport.write(head.encode("ascii") + answer.body)
        self.transport.close()

    def pause_writing(self) -> None:
        """Begin to wait for a client that is to read what was sent."""
        super().pause_writing()
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._reading_timer = self.loop.call_later(READ_SECONDS, self._check_reading)

    def resume_writing(self) -> None:
        """Stop waiting: it has read nearly all."""
        self._end_reading()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Begin to count."""
        if len(self.pipeline) >= MOST_WAITING:
            # One read of the socket can hold thousands, and each takes kilobytes. Whatever is
            # raised here makes the parser refuse the rest.
            raise ValueError("too many requests at once")
        super().on_message_begin()
        self._is_in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Stop counting: a head is whole."""
        self._end_head()
        super().on_headers_complete()
        # What comes as headers after a body in chunks is bounded by nothing, and would join those
        # that the application has read already.
        self.headers = NOWHERE

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _end_head(self) -> None:
        self._is_in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_reading(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    def _check_reading(self) -> None:
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes >= self._unread_bytes:
            # Not close(): that waits for the rest to be read.
            self.transport.abort()
            return
        self._unread_bytes = unread_bytes
        self._reading_timer = self.loop.call_later(READ_SECONDS, self._check_reading)

    def _give_up(self) -> None:
        transport = cast("asyncio.Transport | None", self.transport)
        if transport is not None and not transport.is_closing():
            transport.close()
