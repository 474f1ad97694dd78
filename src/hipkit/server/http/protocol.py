"""What the HTTP library lacks: limits on a connection, and strictness where bodies begin and end.

Two servers in a row that disagree about where a request ends let one caller's bytes pass for
another's request. So whatever leaves that open is refused, and the connection closed.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Sequence
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
from hipkit.server.http.responses import limit_headers, limit_names
from hipkit.server.shared.limits import LimitSettings, MemoryLimits

__all__ = ["BoundedProtocol"]

log = logging.getLogger("hipkit.server")

LARGEST_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
MOST_WAITING = 32
"""Requests that wait on a connection for the one before them."""
READ_SECONDS = 60.0
"""How long a client may take no byte of an answer that waits for it."""


VERSIONS = frozenset({"1.0", "1.1"})
HOST = re.compile(rb"([\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?", re.ASCII)
"""What a Host header may hold (RFC 9112, section 3.2)."""

Headers = Sequence[tuple[bytes, bytes]]


class _InvalidRequestError(ValueError):
    """A request is one that no HTTP client may send; the text tells which rule it breaks."""


class _Nowhere(list[tuple[bytes, bytes]]):
    """Takes headers and keeps none."""

    def append(self, item: tuple[bytes, bytes], /) -> None:
        """Forget a header."""


NOWHERE = _Nowhere()

LIMIT_NAMES = limit_names("X-Ratelimit")


class BoundedProtocol(HttpToolsProtocol):
    """Bounds what one connection can take of the server's memory, and for how long.

    It refuses request lines and headers beyond 64 KiB, and more than 32 requests that wait; it
    closes on heads that never end, and on clients that read nothing of what they asked for.

    Offers to speak another protocol are ignored, as HTTP allows: the request is answered as
    if nothing was offered, and its body belongs to it.
    """

    _head_bytes = 0
    _is_in_head = True
    _is_in_body = False
    _is_offer = False
    """Whether the parser has stopped behind a head, for the other protocol to begin."""
    _running: RequestResponseCycle | None = None
    """The request that is being answered; those in `pipeline` wait for it."""
    _refusal: str | None = None
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
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._application = cast("ASGI3Application", self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base class does
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and tell every request: the library tells only the last one."""
        self._end_head()
        self._end_reading()
        if self._running is not None:
            _disconnect(self._running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and count those of a head."""
        self._unset_keepalive_if_required()
        if self._refusal is not None:
            return
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            reason = error.__context__
            is_ours = isinstance(reason, _InvalidRequestError)
            self._refuse(str(reason) if is_ours else "Invalid HTTP request received.")
            return
        if not self._is_in_head or self.transport.is_closing():
            return
        if self._head_timer is None:
            # Only now: most heads are whole when they arrive, and a timer has its price.
            self._start_timer()
        self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD_BYTES:
            self._refuse("The head of the request is too large.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP request in HipChat's form, and hang up."""
        allowance = MemoryLimits(LimitSettings(), time.time).uncounted()
        answer = error_answer(400, msg)
        lines = [
            b"HTTP/1.1 400 Bad Request",
            *(
                b"%b: %b" % named
                for named in (
                    *answer.headers,
                    *CORS_HEADERS,
                    *limit_headers(LIMIT_NAMES, allowance),
                    (b"Content-Length", b"%d" % len(answer.body)),
                    (b"Connection", b"close"),
                )
            ),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", answer.body]))
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
            raise _InvalidRequestError("Too many requests at once.")
        super().on_message_begin()
        self._is_in_head = True
        self._is_offer = False
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Stop counting: a head is whole. Check it, and begin to answer."""
        self._check_head()
        if self.parser.should_upgrade():
            self._is_offer = True
            return
        if self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        self.app = (
            partial(_close_unread, self._application)
            if self.expect_100_continue
            else self._application
        )
        super().on_headers_complete()
        self._end_head()
        self._is_in_body = True
        if self._running is None:
            self._running = self.cycle
        # What comes as headers after a body in chunks is bounded by nothing, and would join those
        # that the application has read already.
        self.headers = NOWHERE

    def on_message_complete(self) -> None:
        """End a request."""
        if not self._is_offer:
            self._is_in_body = False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or hang up behind the last one that was good."""
        self._running = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if self._running is None and self._refusal is not None:
            self._hang_up(self._refusal)

    def _parse(self, data: bytes) -> None:
        """Parse what came; a head with an offer is parsed a second time, without it.

        The parser cannot be told to ignore an offer: it takes the body for the other protocol's
        first bytes.
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
        lines = [
            b"%b %b HTTP/%b"
            % (
                self.parser.get_method(),
                self.url,
                self.parser.get_http_version().encode(),
            )
        ]
        lines += [
            b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"
        ]
        return b"\r\n".join([*lines, b"", b""])

    def _check_head(self) -> None:
        """Refuse a head that another server might understand differently.

        Raises:
            _InvalidRequestError: It is one; the parser turns that into its own error.
        """
        version = self.parser.get_http_version()
        if version not in VERSIONS:
            raise _InvalidRequestError("This version of HTTP is not supported.")
        if self.parser.get_method() == b"CONNECT":
            raise _InvalidRequestError("CONNECT is for proxies.")
        if len(self.url) + _size(self.headers) > LARGEST_HEAD_BYTES:
            raise _InvalidRequestError("The head of the request is too large.")
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) != 1 and (hosts or version != "1.0"):
            raise _InvalidRequestError("A request needs one Host header.")
        host = hosts[0].rstrip() if hosts else b""
        if HOST.fullmatch(host) is None:
            raise _InvalidRequestError("The Host header holds no host.")
        if not self.url.startswith(b"/") and _authority(self.url) not in (
            None,
            host.lower(),
        ):
            raise _InvalidRequestError("The Host header contradicts the request line.")
        encodings = [v for name, v in self.headers if name == b"transfer-encoding"]
        if not encodings:
            return
        if version == "1.0":
            raise _InvalidRequestError("HTTP/1.0 has no Transfer-Encoding.")
        if [value.lower() for value in encodings] != [b"chunked"]:
            raise _InvalidRequestError("The only Transfer-Encoding is chunked.")

    def _refuse(self, problem: str) -> None:
        """Read nothing more, and say why once those before this request have their answers."""
        self._refusal = problem
        self._end_head()
        log.warning("refused what is no HTTP request: %s", problem)
        broken = self.cycle if self._is_in_body else None
        if broken is None:
            if self._running is None:
                self._hang_up(problem)
        elif broken.response_started:
            # It has its answer, or a part: a second one would pass for the next request's.
            self.transport.close()
        elif broken is self._running:
            _disconnect(broken)
            self._hang_up(problem)
        else:
            self.pipeline.popleft()

    def _hang_up(self, problem: str) -> None:
        if not self.transport.is_closing():
            self.send_400_response(problem)

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


def _disconnect(cycle: RequestResponseCycle) -> None:
    """Tell a request that nobody waits for its answer."""
    cycle.disconnected = True
    cycle.message_event.set()


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _authority(target: bytes) -> bytes | None:
    """Return the host of a request line that names one, as requests to proxies do."""
    _, is_absolute, rest = target.partition(b"://")
    if not is_absolute:
        return None
    return re.split(rb"[/?#]", rest, maxsplit=1)[0].lower()


async def _close_unread(
    app: ASGI3Application,
    scope: Scope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
) -> None:
    """Answer a client that waits to be asked for its body, and hang up if it was not asked.

    Whether it sends the body nevertheless is its own choice, so nobody could tell what it sends
    next from that.
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
