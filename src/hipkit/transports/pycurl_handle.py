"""A libcurl handle that is prepared for one address and then used for one call after another.

A handle has a connection of its own, also within a multi handle.
Read next: `pycurl.py` and `pycurl_async.py`, which run it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pycurl

from hipkit.transports.protocol import (
    REQUEST_ID_HEADER,
    HeaderPairs,
    Headers,
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
    TransportErrorKind,
)
from hipkit.transports.tls import certificate_failure, is_no_tls
from hipkit.transports.wire import (
    Incoming,
    check_request_line,
    checked_headers,
    content_size,
    exact_chunks,
)

__all__ = ["Handle", "Idle", "Route", "Setting", "header_lines"]

MAX_HEAD_BYTES = 200 * 1024
"""libcurl itself stops at 300 KiB, with an unspecific error."""
SMALL_BODY_BYTES = 16 * 1024
"""A body that the system takes at once."""
STOP = 0
"""A callback returns this, instead of the number of bytes it took, to abort the transfer."""
E_TOO_LARGE = 100
"""libcurl's error code for a header line that is too long; pycurl has no name for it."""
NOT_HTTP = {pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY, E_TOO_LARGE}
UNASKED_HEADERS = ("accept", "content-type", "expect")
SPACE = " \t\r\n\v\f"

Setting = tuple[int, Any]


class Route(NamedTuple):
    """The way to a host: direct or through a proxy."""

    host: str
    """For display, with the port."""
    prefix: str
    """Prefix of the target in a request to a proxy."""
    settings: list[Setting]

    def no_connection_error(self) -> TransportError:
        """Return the error for a call that got no connection in time."""
        reason = f"no connection to {self.host} became free in time"
        return TransportError("timeout", reason, may_have_arrived=False)


class Idle(list["Handle"]):
    """The idle handles of a transport, or of its part in an event loop."""

    def take(self, route: Route, free: int) -> Handle | None:
        """Return an idle handle of the route, if there is one.

        Args:
            route: Where the call goes.
            free: How many further calls may begin. No more handles stay idle, so that calls to
                several hosts keep the limit of connections.
        """
        for handle in reversed(self):  # The last one, so that few stay in use.
            if handle.route is route:
                try:
                    self.remove(handle)
                except ValueError:
                    continue  # Another thread took it.
                return handle
        if len(self) > free:
            self.close(1)
        return None

    def close(self, count: int | None = None) -> None:
        """Close the handles that have been idle longest, or all."""
        for handle in self[:count]:
            try:
                self.remove(handle)
            except ValueError:
                continue  # Another thread took it.
            handle.curl.close()


def header_lines(request: Request) -> list[str]:
    """Return the headers in libcurl's syntax, after checking the request.

    Raises:
        ValueError: A part of it has a character that HTTP cannot carry.
    """
    check_request_line(request)
    headers = request.headers
    lines = (
        headers.prepare(_header_lines)
        if isinstance(headers, Headers)
        else _header_lines(headers)
    )
    if request.request_id:
        return [*lines, f"{REQUEST_ID_HEADER}: {request.request_id}"]
    return lines


def _header_lines(headers: HeaderPairs) -> list[str]:
    pairs = checked_headers(headers)
    given = {name.lower() for name, _ in pairs}
    # libcurl reads "Name:" as a request to remove the header, and "Name;" as an empty value.
    lines = [f"{name}: {text}" if text else f"{name};" for name, text in pairs]
    return lines + [f"{name}:" for name in UNASKED_HEADERS if name not in given]


class Handle:
    """A handle for one address, used by one call at a time."""

    is_exact = False
    """Whether this object limits the silence of the call, and not libcurl."""

    def __init__(self, route: Route, *, in_multi: bool = False) -> None:
        self.route = route
        self.curl = pycurl.Curl()
        self._in_multi = in_multi
        if in_multi:
            # The connections of a multi handle belong to all its handles, except for a handle
            # that shares its own, be it with nobody.
            share = pycurl.CurlShare()
            share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_CONNECT)
            self.curl.setopt(pycurl.SHARE, share)
        self._head: list[bytes] = []
        self._chunks: Iterator[bytes] = iter(())
        self._chunk = memoryview(b"")
        self._sink: Sink | None = None
        self._incoming: Incoming | None = None
        self._error: BaseException | None = None
        self._has_connected = False
        self._moved = self._moved_at = 0.0
        self._socket = -1
        self._has_data: Callable[[], object] | None = None
        self._set_up()

    def _set_up(self) -> None:
        """Apply the settings that do not depend on the call, and drop all others."""
        self.curl.reset()  # The connection stays.
        setopt = self.curl.setopt
        for option, value in self.route.settings:
            setopt(option, value)
        setopt(pycurl.PREREQFUNCTION, self._on_connected)
        setopt(pycurl.HEADERFUNCTION, self._head.append)
        setopt(pycurl.WRITEFUNCTION, self._on_body)
        self._method = ""
        self._has_body = self._has_rarity = self._is_replacing = False
        self._timeout = self._connect_timeout = 0.0

    # Before the transfer

    def prepare(
        self, request: Request, options: Options, sink: Sink | None, lines: list[str]
    ) -> None:
        """Apply the settings of a call; the rest stays from the last one.

        Raises:
            TransportError: The deadline has passed.
            ValueError: A HEAD request has a body.
        """
        size = self._prepare_body(request)
        setopt = self.curl.setopt
        if request.method != self._method:
            self._method = request.method
            setopt(pycurl.CUSTOMREQUEST, request.method)
        setopt(pycurl.REQUEST_TARGET, self.route.prefix + request.target)
        is_chunked = size == -1
        if is_chunked:
            lines = [*lines, "Transfer-Encoding: chunked"]
        setopt(pycurl.HTTPHEADER, lines)
        self._sink = sink
        self._has_connected = False
        self._limit_time(options, is_chunked or (size or 0) > SMALL_BODY_BYTES)
        # Over a connection that the server has closed, libcurl would send before it notices.
        is_over = self._has_data is None or bool(self._has_data())
        if is_over != self._is_replacing:
            self._is_replacing = is_over
            setopt(pycurl.FRESH_CONNECT, is_over)

    def _prepare_body(self, request: Request) -> int | None:
        content, size = request.content, content_size(request)
        setopt = self.curl.setopt
        if size is None and request.method == "HEAD":
            self._has_rarity = True
            setopt(pycurl.NOBODY, 1)
        elif size is None:
            if self._has_body:
                setopt(pycurl.HTTPGET, 1)
                self._has_body = False
        elif content is None or isinstance(content, bytes):
            setopt(pycurl.POSTFIELDS, content or b"")
            self._has_body = True
        else:
            self._set_up()
            self._has_rarity = True
            if size == 0:
                # libcurl would not read the body, and so not notice that it is not empty.
                setopt(pycurl.POSTFIELDS, b"".join(exact_chunks(content, size)))
            else:
                self._chunks = exact_chunks(content, size)
                setopt(pycurl.POST, 1)
                setopt(pycurl.READFUNCTION, self._on_read)
                if size > 0:
                    setopt(pycurl.POSTFIELDSIZE_LARGE, size)
        return size

    def _limit_time(self, options: Options, is_large: bool) -> None:
        setopt, timeout = self.curl.setopt, options.timeout_seconds
        connect_timeout, milliseconds_left = timeout, 0
        if options.deadline is not None:
            left = options.deadline - time.monotonic()
            if left <= 0:
                raise self.route.no_connection_error()
            connect_timeout = min(timeout, left)
            milliseconds_left = _milliseconds(left)
        setopt(pycurl.TIMEOUT_MS, milliseconds_left)
        if connect_timeout != self._connect_timeout:
            self._connect_timeout = connect_timeout
            setopt(pycurl.CONNECTTIMEOUT_MS, _milliseconds(connect_timeout))
        self._options = options
        # The progress function costs as much as ten options. libcurl's own limit has whole
        # seconds, and takes each bit of a large body that it stores for progress of the server.
        is_exact = timeout != int(timeout) or is_large
        if (timeout, is_exact) == (self._timeout, self.is_exact):
            return
        self._timeout, self.is_exact = timeout, is_exact
        setopt(pycurl.LOW_SPEED_LIMIT, 1)
        # libcurl measures once a second, so the first second may count as silent when it is not.
        setopt(pycurl.LOW_SPEED_TIME, 0 if is_exact else int(timeout) + 1)
        on_progress = self._on_progress if is_exact else _notice_signals
        setopt(pycurl.XFERINFOFUNCTION, on_progress)
        setopt(pycurl.NOPROGRESS, self._in_multi and not is_exact)

    # During the transfer, called by libcurl

    def _on_connected(self, *_addresses: object) -> int:
        if self._has_connected:
            # A reused connection was closed without a response, and libcurl is about to resend
            # the request. The server may have carried it out, so libcurl must not retry it.
            return pycurl.PREREQFUNC_ABORT
        self._head.clear()  # headers of a proxy's responses
        self._has_connected = True
        self._moved_at = time.monotonic()
        return pycurl.PREREQFUNC_OK

    def _on_read(self, size: int) -> bytes | int:
        try:
            if not self._chunk:
                self._chunk = memoryview(next(self._chunks, b""))
        except BaseException as error:
            self._error = error
            return pycurl.READFUNC_ABORT
        chunk, self._chunk = self._chunk[:size], self._chunk[size:]
        return bytes(chunk)

    def _on_body(self, data: bytes) -> int | None:
        try:
            if self._incoming is None:
                status, headers = self._read_head()
                self._incoming = Incoming(status, headers, self._options, self._sink)
            self._incoming.feed(data)
        except BaseException as error:
            self._error = error
            return STOP
        return None

    def _on_progress(self, _all: float, down: float, _all_up: float, up: float) -> int:
        moved = down + up + len(self._head)
        if moved != self._moved:
            self._moved = moved
            self._moved_at = time.monotonic()
        return self.silence_left() <= 0

    def silence_left(self) -> float:
        """Return the seconds until the transfer counts as stalled."""
        silent_since = self._moved_at if self._has_connected else time.monotonic()
        return self._options.timeout_seconds - (time.monotonic() - silent_since)

    # After the transfer

    def response(self) -> RawResponse:
        """Return the response of a transfer that libcurl completed, and forget the call.

        Raises:
            TransportError: The response is incomplete or not HTTP.
        """
        if self._incoming is None:
            response = RawResponse(*self._read_head())
        else:
            response = self._incoming.response()
        descriptor = self.curl.getinfo(pycurl.ACTIVESOCKET)
        if descriptor != self._socket:  # -1 if the connection does not stay open
            self._socket = descriptor
            self._has_data = None if descriptor < 0 else _data_check(descriptor)
        self._forget()
        return response

    def _forget(self) -> None:
        """Overwrite what may be secret: an idle handle has no token, no target and no body."""
        self._sink = self._incoming = None
        self._head.clear()
        if self._has_rarity:
            self._chunks = iter(())
            self._set_up()
            return
        self.curl.unsetopt(pycurl.HTTPHEADER)  # An empty list would change nothing.
        self.curl.setopt(pycurl.REQUEST_TARGET, "/")
        if self._has_body:
            self.curl.setopt(pycurl.POSTFIELDS, b"")

    def _read_head(self) -> tuple[int, dict[str, str]]:
        """Return status and headers of the last response head: earlier ones are interim."""
        text = b"".join(self._head).decode("latin-1")
        head, end, _trailers = text[text.rfind("\nHTTP/") + 1 :].partition("\n\r\n")
        status_line, *lines = head.split("\n")
        if not end or not status_line.startswith("HTTP/"):
            raise self._broken()
        status = int(status_line.split(maxsplit=2)[1])
        if not 200 <= status <= 599:
            raise self._garbage()
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip(SPACE)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return status, headers

    def failure(self, error: BaseException) -> BaseException:
        """Close the handle, and return the exception to raise for the error of the transfer."""
        verify_code = self.curl.getinfo(pycurl.SSL_VERIFYRESULT)
        self.curl.close()
        if self._error is not None:
            return self._error
        if not isinstance(error, pycurl.error):
            return error
        code, text = error.args[0], error.args[-1]
        is_silent = self.is_exact and self.silence_left() <= 0
        if code == pycurl.E_OPERATION_TIMEDOUT or is_silent:
            return self._transport_error("timeout", "{} did not answer in time")
        if not self._has_connected:
            kind: TransportErrorKind = "connect"
            if code == pycurl.E_SSL_CACERT_BADFILE:
                kind = "settings"
            elif code == pycurl.E_PEER_FAILED_VERIFICATION:
                kind = certificate_failure(verify_code)
            elif code == pycurl.E_SSL_CONNECT_ERROR and is_no_tls(text):
                kind = "no_tls"
            return self._transport_error(kind, "cannot connect to {}: " + text)
        if code in NOT_HTTP or sum(map(len, self._head)) > MAX_HEAD_BYTES:
            return self._garbage()
        return self._broken()

    def _garbage(self) -> TransportError:
        return self._transport_error("garbage", "what {} answered is not HTTP")

    def _broken(self) -> TransportError:
        place = "within the response" if self._head else "before a response arrived"
        return self._transport_error("broken", "the connection to {} broke " + place)

    def _transport_error(self, kind: TransportErrorKind, reason: str) -> TransportError:
        text = reason.replace("{}", self.route.host)
        # Once connected, libcurl writes the request and does not report how much was sent.
        return TransportError(kind, text, may_have_arrived=self._has_connected)


def _notice_signals(_all: float, _down: float, _all_up: float, _up: float) -> None:
    """Do nothing: Python handles Ctrl-C when it runs a function, and libcurl runs no other."""


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _data_check(descriptor: int) -> Callable[[], object]:
    """Return a function that checks whether the socket has data to read, or has ended."""
    if not hasattr(select, "poll"):
        return lambda: select.select([descriptor], [], [], 0)[0]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return partial(poll.poll, 0)
