"""What the HTTP library lacks: limits on a connection, and strictness where bodies begin and end.

Two servers in a row that disagree about where a request ends let one caller's bytes pass for
another's request (request smuggling). So a request that leaves it open is answered with 400, and
the connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import cast

import httptools
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from hipkit.server.http.cors import CORS_HEADERS
from hipkit.server.http.errors import error_answer
from hipkit.server.http.heads import (
    LARGEST_HEAD_BYTES,
    InvalidRequestError,
    check_head,
)
from hipkit.server.http.request_ids import new_request_id, request_id_header
from hipkit.server.http.responses import limit_headers, limit_names
from hipkit.server.services.context import Runtime
from hipkit.server.shared.limits import LimitSettings, MemoryLimits
from hipkit.server.shared.recent_calls import RecordedCall

__all__ = ["BoundedProtocol"]

log = logging.getLogger("hipkit.server")

HEAD_SECONDS = 30.0
MOST_WAITING = 32
"""Requests that may wait on a connection for the one before them."""
READ_SECONDS = 60.0
"""How long a client may take no byte of an answer that waits for it."""


TLS_HANDSHAKE = b"\x16\x03"
"""The first bytes of a client that speaks TLS."""
SPEAKS_TLS = "The client speaks TLS (https), and this port plain HTTP."


class _Nowhere(list[tuple[bytes, bytes]]):
    """A list that stays empty, for headers that must not be kept."""

    def append(self, item: tuple[bytes, bytes], /) -> None:
        """Drop a header."""


NOWHERE = _Nowhere()

LIMIT_NAMES = limit_names("X-Ratelimit")


class BoundedProtocol(HttpToolsProtocol):
    """Bounds what one connection can take of the server's memory, and for how long.

    It answers request lines and headers beyond 64 KiB, and more than 32 requests that wait, with
    400; it closes connections whose head never ends, or whose client reads none of its answer.

    Requests that are refused here appear among the API calls: their senders see no more than that
    the connection ended.

    Offers to speak another protocol are ignored, as HTTP allows: the request is answered as
    if nothing was offered, and its body belongs to it.
    """

    url = b""
    _head_bytes = 0
    _is_in_head = True
    _is_first = True
    """Whether no head was whole yet on this connection."""
    _is_in_body = False
    _is_offer = False
    """Whether the parser has stopped behind a head, for the other protocol to begin."""
    _running: RequestResponseCycle | None = None
    """The request that is being answered; those in `pipeline` wait for it."""
    _problem: str | None = None
    """Why nothing more is read, once that is so."""
    _head_timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None
    _unread_bytes = 0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        runtime: Runtime | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._runtime = runtime
        self._application = cast("ASGI3Application", self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base class does
        """Start the time within which a head has to arrive."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the timers and every request of the connection."""
        self._end_head()
        self._end_reading()
        if self._running is not None:
            # The library ends only the last request. One with another behind it, such as a stream
            # of events, would wait for ever and keep its place among the streams.
            _disconnect(self._running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes, and count those of a head."""
        self._unset_keepalive_if_required()
        if self._problem is not None:
            return
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            # The parser raises an error of its own in place of what a callback raised.
            reason = error.__context__
            problem = "Invalid HTTP request received."
            if isinstance(reason, InvalidRequestError):
                problem = str(reason)
            elif self._is_first and data.startswith(TLS_HANDSHAKE):
                problem = SPEAKS_TLS
            self._reject(problem)
            return
        if not self._is_in_head or self.transport.is_closing():
            return
        if self._head_timer is None:
            # Only now: most heads arrive in one piece, and a timer costs time.
            self._start_timer()
        self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD_BYTES:
            self._reject("The head of the request is too large.")

    def send_400_response(self, msg: str) -> None:
        """Answer what is not an HTTP request with HipChat's error, and close the connection."""
        allowance = MemoryLimits(LimitSettings(), time.time).uncounted()
        answer = error_answer(400, msg)
        request_id = new_request_id()
        self._record(msg, answer.body, request_id)
        headers = (
            *answer.headers,
            *CORS_HEADERS,
            request_id_header(request_id),
            *limit_headers(LIMIT_NAMES, allowance),
            (b"Content-Length", b"%d" % len(answer.body)),
            (b"Connection", b"close"),
        )
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % one for one in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", answer.body]))
        self.transport.close()

    def pause_writing(self) -> None:
        """Start the time within which the client has to read."""
        super().pause_writing()
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._reading_timer = self.loop.call_later(READ_SECONDS, self._check_reading)

    def resume_writing(self) -> None:
        """End that time: the client has read nearly all."""
        self._end_reading()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Start counting the bytes of a head."""
        if len(self.pipeline) >= MOST_WAITING:
            # One read of the socket can hold thousands, and each takes kilobytes. Any error raised
            # here makes the parser stop.
            raise InvalidRequestError("Too many requests at once.")
        super().on_message_begin()
        self._is_in_head = True
        self._is_offer = False
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Check a head that is whole, and start to answer its request."""
        check_head(
            self.parser.get_http_version(),
            self.parser.get_method(),
            self.url,
            self.headers,
        )
        if self.parser.should_upgrade():
            # The head is parsed a second time, see `_parse`: started now, the request would be
            # answered twice, the first time without its body.
            self._is_offer = True
            return
        if self.parser.get_http_version() == "1.0":
            # Such a client knows no 100 Continue, and would take it for the answer.
            self.expect_100_continue = False
        self.app = (
            partial(_close_unread, self._application)
            if self.expect_100_continue
            else self._application
        )
        super().on_headers_complete()
        self._end_head()
        self._is_first = False
        self._is_in_body = True
        if self._running is None:
            self._running = self.cycle
        # Trailers, headers behind a body in chunks, are unbounded, and would be appended to the
        # list that the application has read already.
        self.headers = NOWHERE

    def on_message_complete(self) -> None:
        """End a request."""
        if not self._is_offer:
            self._is_in_body = False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the next request, or close the connection behind the last valid one."""
        # Before the base class takes the next request from the pipeline: read after that, it would
        # be the one behind it.
        self._running = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if self._running is None and self._problem is not None:
            self._hang_up(self._problem)

    def _parse(self, data: bytes) -> None:
        """Parse bytes; a head with an offer is parsed a second time, without it.

        The parser has no switch to ignore an offer: it takes the body for the other protocol's
        first bytes, and a body that another server has let through would pass for a request.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._head_without_offer() + data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
            else:
                return

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [
            b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"
        ]
        return b"\r\n".join([*lines, b"", b""])

    def _reject(self, problem: str) -> None:
        """Read nothing more, and say why once the requests before this one have their answers."""
        self._problem = problem
        self._end_head()
        log.warning("rejected an invalid HTTP request: %s", problem)
        broken = self.cycle if self._is_in_body else None
        if broken is None:
            if self._running is None:
                self._hang_up(problem)
        elif broken.response_started:
            # Its answer has begun: a second one would pass for the next request's.
            self.transport.close()
        elif broken is self._running:
            _disconnect(broken)
            self._hang_up(problem)
        else:
            self.pipeline.popleft()

    def _record(self, problem: str, answer: bytes, request_id: str) -> None:
        """Add what was refused to the API calls, as far as it was read."""
        if self._runtime is None:
            return
        self._runtime.recent_calls.add(
            RecordedCall(
                at_us=self._runtime.now_us(),
                token=None,
                peer="" if self.client is None else self.client[0],
                # Before an address the parser has no method but a default one.
                method=self.parser.get_method().decode() if self.url else "",
                target=self.url,
                operation_id="unknown",
                request_id=request_id,
                headers=list(self.headers or ()),
                body=b"",
                status=400,
                answer=answer,
                problem=problem,
                milliseconds=0.0,
            )
        )

    def _hang_up(self, problem: str) -> None:
        if not self.transport.is_closing():
            self.send_400_response(problem)

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close_idle)

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
            # Not close(): that waits for the rest to be read, which may never happen.
            self.transport.abort()
            return
        self._unread_bytes = unread_bytes
        self._reading_timer = self.loop.call_later(READ_SECONDS, self._check_reading)

    def _close_idle(self) -> None:
        transport = cast("asyncio.Transport | None", self.transport)
        if transport is not None and not transport.is_closing():
            transport.close()


def _disconnect(cycle: RequestResponseCycle) -> None:
    """End a request whose client is gone."""
    cycle.disconnected = True
    cycle.message_event.set()


async def _close_unread(
    app: ASGI3Application,
    scope: Scope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
) -> None:
    """Answer a client that waits for 100 Continue, and close if its body was not read.

    It may send the body nevertheless: on an open connection its bytes could be taken for the next
    request.
    """
    is_read = False

    async def receive_noting() -> ASGIReceiveEvent:
        nonlocal is_read
        is_read = True
        return await receive()

    async def send_closing(message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start" and not is_read:
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    await app(scope, receive_noting, send_closing)
