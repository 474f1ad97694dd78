"""The part of HTTP that is the same in every transport: header lines, request and response bodies.

Everything here works on values and does no I/O. It makes two HTTP libraries send the same bytes,
and reject the same responses.
Read next: `httpcore2.py`, which uses all of it.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from hipkit.api.addresses import DEFAULT_PORTS
from hipkit.transports.protocol import (
    REQUEST_ID_HEADER,
    HeaderPairs,
    Headers,
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)

__all__ = [
    "Incoming",
    "all_lines",
    "check_request_line",
    "checked_headers",
    "content_size",
    "exact_chunks",
    "header_lines",
    "host_line",
    "joined_headers",
    "seconds_left",
    "shown_address",
]

T = TypeVar("T")

ACCEPTED_ENCODINGS = "gzip, deflate"
INFLATE_STEP_BYTES = 64 * 1024
GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's value for gzip

_REQUEST_LINE = re.compile(r"[A-Z]+ [0-9A-Za-z._:%-]+ [!-~]+ [!-~]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[!-~](?:[ -~\t]*[!-~])?)?")
_REQUEST_ID = REQUEST_ID_HEADER.encode()
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding"})
_BODY_METHODS = frozenset({"PATCH", "POST", "PUT"})


def header_lines(request: Request) -> HeaderPairs:
    """Return the caller's headers and those that the transport adds, after checking the request.

    Raises:
        ValueError: A part of the request has a character that HTTP cannot carry, or the caller
            set a header that the transport adds.
    """
    check_request_line(request)
    headers = request.headers
    lines = (
        headers.prepare(checked_headers)
        if isinstance(headers, Headers)
        else checked_headers(headers)
    )
    if not request.request_id:
        return lines
    return (*lines, (REQUEST_ID_HEADER, request.request_id))


def check_request_line(request: Request) -> None:
    """Check the parts of the request line, and the request's id.

    Raises:
        ValueError: The method, host, target or id has a character that HTTP cannot carry.
    """
    if not _REQUEST_LINE.fullmatch(
        f"{request.method} {request.host} {request.target} {request.request_id}"
    ):
        raise ValueError(
            "the method, host, target or id has a character that HTTP cannot carry"
        )


def checked_headers(headers: HeaderPairs) -> HeaderPairs:
    """Return headers and those that the transport adds, after checking them.

    Once is enough for `Headers`: `headers.prepare(checked_headers)`.

    Raises:
        ValueError: A header has a character that HTTP cannot carry, or is the transport's own.
    """
    encoding_is_open = True
    for name, value in headers:
        lower = name.lower()
        if lower in _OWN_HEADERS:
            raise ValueError(f"the header {name!r} is added by the transport")
        if not _HEADER.fullmatch(f"{name}: {value}"):
            raise ValueError(
                f"the header {name!r} has a character that HTTP cannot carry"
            )
        if lower == "accept-encoding":
            encoding_is_open = False
    if encoding_is_open:
        return (*headers, ("Accept-Encoding", ACCEPTED_ENCODINGS))
    return (*headers,)


def host_line(request: Request) -> str:
    """Return the value of `Host`: IPv6 in brackets, and the port unless the scheme implies it."""
    host = request.host
    if ":" in host:
        # A zone (fe80::1%eth0) has a meaning on this machine only.
        host = f"[{host.partition('%')[0]}]"
    if request.port == DEFAULT_PORTS[request.scheme]:
        return host
    return f"{host}:{request.port}"


def shown_address(host: str, port: int) -> str:
    """Return host and port for display: IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def content_size(request: Request) -> int | None:
    """Return the size of the body in bytes: 0 if empty, -1 if unknown, `None` without a body.

    Raises:
        ValueError: A HEAD request has a body, which not every library can send.
    """
    content = request.content
    if request.method == "HEAD" and content is not None:
        raise ValueError("a HEAD request cannot have a body")
    if content is None:
        return 0 if request.method in _BODY_METHODS else None
    if isinstance(content, bytes):
        return len(content)
    size = content.size_bytes
    return -1 if size is None else size


def all_lines(request: Request, size: int | None) -> list[tuple[bytes, bytes]]:
    """Return every header: `Host`, `header_lines`, and how a body of this size is framed."""
    check_request_line(request)
    lines = [(b"Host", host_line(request).encode())]
    headers = request.headers
    lines += (
        headers.prepare(_encoded) if isinstance(headers, Headers) else _encoded(headers)
    )
    if request.request_id:
        lines.append((_REQUEST_ID, request.request_id.encode()))
    if size == -1:
        lines.append((b"Transfer-Encoding", b"chunked"))
    elif size is not None:
        lines.append((b"Content-Length", b"%d" % size))
    return lines


def _encoded(headers: HeaderPairs) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in checked_headers(headers)]


def exact_chunks(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the chunks of a body, the last one only after checking that it is the last.

    Raises:
        OSError: The chunks do not add up to the announced size. Since the last chunk was held
            back, the server cannot take the request for a complete one.
    """
    if size < 0:
        yield from filter(None, body)
        return
    left, last = size, b""
    for chunk in body:
        left -= len(chunk)
        if left < 0:
            raise OSError(f"the body grew beyond its {size:,} bytes while it was sent")
        if left == 0:
            last = last or chunk
        elif chunk:
            yield chunk
    if left:
        raise OSError(f"the body ended {left:,} bytes short of its {size:,}")
    if last:
        yield last


def seconds_left(options: Options) -> float:
    """Return the longest wait still allowed, in seconds: the timeout, limited by the deadline.

    Raises:
        TimeoutError: The deadline has passed.
    """
    if options.deadline is None:
        return options.timeout_seconds
    left = options.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return min(left, options.timeout_seconds)


def joined_headers(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name, joining the values of repeated ones."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name = raw_name.decode("latin-1").lower()
        value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


class Incoming:
    """A response being received: decompresses, counts, and stores or passes on its body."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        options: Options,
        sink: Sink | None,
    ) -> None:
        self._status = status
        self._headers = headers
        self._limit = options.max_response_bytes
        self._sink = sink if 200 <= status < 300 else None
        self._size = 0
        self._chunks: list[bytes] = []
        self._inflate: _Inflate | None = None
        self._encoding = headers.get("content-encoding", "").strip().lower()

    def feed(self, data: bytes) -> None:
        """Process the next received bytes, at least one.

        Raises:
            TransportError: The body exceeds the limit, or is not compressed as the headers say.
        """
        if self._encoding in ("", "identity"):
            self._take(data)
            return
        if self._inflate is None:
            self._inflate = _Inflate(self._encoding, data[0])
        for chunk in self._inflate.chunks(data):
            self._take(chunk)

    def response(self) -> RawResponse:
        """Return the whole response, once the connection reports its end.

        Raises:
            TransportError: The compressed body is incomplete.
        """
        if self._inflate is not None and not self._inflate.ended:
            raise TransportError("broken", "the compressed body ended before its end")
        return RawResponse(self._status, self._headers, b"".join(self._chunks))

    def _take(self, chunk: bytes) -> None:
        if self._sink is not None:
            self._sink(chunk)
            return
        self._size += len(chunk)
        if self._size > self._limit:
            reason = f"the response body is larger than {self._limit:,} bytes"
            raise TransportError("too_large", reason)
        self._chunks.append(chunk)


class _Inflate:
    """Decompresses in small steps, so that a decompression bomb cannot fill the memory."""

    def __init__(self, encoding: str, first_byte: int) -> None:
        if encoding in ("gzip", "x-gzip"):
            self._window = GZIP_WINDOW
        elif encoding == "deflate":
            # Old servers send raw deflate, without zlib's header, whose first byte
            # ends in the number of the method.
            has_header = first_byte & 0x0F == zlib.DEFLATED
            self._window = zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
        else:
            reason = "the body has a Content-Encoding that was not requested"
            raise TransportError("garbage", reason)
        self._inflate = zlib.decompressobj(self._window)

    @property
    def ended(self) -> bool:
        return self._inflate.eof

    def chunks(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._inflate.eof:
                # A gzip body may have several members; anything else is not part of it.
                if not data.startswith(b"\x1f") or self._window < GZIP_WINDOW:
                    return
                self._inflate = zlib.decompressobj(self._window)
            try:
                chunk = self._inflate.decompress(data, INFLATE_STEP_BYTES)
            except zlib.error:
                reason = "the compressed body is damaged"
                raise TransportError("garbage", reason) from None
            if chunk:
                yield chunk
            data = self._inflate.unused_data or self._inflate.unconsumed_tail
            if not chunk and not data:
                return
