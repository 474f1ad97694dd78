"""Sends a target's HTTP request once: bounded in time and size, to where the policy allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from hipkit.api.bodies.files import CHUNK_BYTES
from hipkit.api.errors import BadRequestError
from hipkit.api.secret import Secret
from hipkit.relay.sending.network import explained_error
from hipkit.relay.targets.protocol import FILE_MARK, Answer, HttpCall, Reply
from hipkit.server.storage.blobs import BlobStore
from hipkit.transports.egress import Endpoint, parse_endpoint
from hipkit.transports.protocol import (
    AsyncTransport,
    Body,
    HeaderPairs,
    Options,
    RawResponse,
    Request,
    TransportError,
)
from hipkit.version import VERSION

__all__ = ["CALL_SECONDS", "UPLOAD_SECONDS", "send_call"]

CALL_SECONDS = 10.0
"""How long a message may take, from the look-up of the name to the last byte."""

UPLOAD_SECONDS = 120.0
"""How long a request with a file may take."""

LONGEST_ANSWER_BYTES = 256 * 1024
"""What is read of a success; the rest is received and dropped."""

LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
"""What is received at most."""

MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 307, 308})
"""The message goes again to the new address, as it is. By 303 it has arrived already."""

USER_AGENT = "User-Agent", f"hipkit/{VERSION}"
FILE_GONE = "the file is not there any more"


async def send_call(
    call: HttpCall,
    transport: AsyncTransport,
    blobs: BlobStore,
    *,
    seconds: float | None = None,
) -> Reply | Answer:
    """Send a request once, and follow redirects within the same host.

    Args:
        call: The request.
        transport: What it goes through; it checks every address.
        blobs: Where the bytes of the call's file are.
        seconds: The time limit. Default: 10, with a file 120.

    Returns:
        What the target answered, whatever its status; or what it means that no answer came.
    """
    if seconds is None:
        seconds = CALL_SECONDS if call.file is None else UPLOAD_SECONDS
    try:
        content = _content(call, blobs)
        if content is None:
            return Answer(verdict="content", problem=FILE_GONE)
        options = Options(
            timeout_seconds=min(seconds, CALL_SECONDS),
            deadline=time.monotonic() + seconds,
            max_response_bytes=LARGEST_ANSWER_BYTES,
        )
        async with asyncio.timeout(seconds):
            return await _follow(call, content, transport, options)
    except TimeoutError:
        problem = f"no whole answer within {seconds:g} seconds"
        return Answer(verdict="later", problem=problem)
    except TransportError as error:
        return Answer(verdict="later", problem=explained_error(error))
    except BadRequestError:
        # The error may quote the address, which is a secret.
        return Answer(verdict="route", problem="the address cannot be called")
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror or type(error).__name__}"
        return Answer(verdict="later", problem=problem)


async def _follow(
    call: HttpCall, content: bytes | Body, transport: AsyncTransport, options: Options
) -> Reply:
    url = call.url
    for _ in range(MOST_REDIRECTS):
        reply = await _send_once(call, url, content, transport, options)
        further = _redirected(url, reply)
        if further is None:
            return reply
        url = further
    return await _send_once(call, url, content, transport, options)


async def _send_once(
    call: HttpCall,
    url: Secret,
    content: bytes | Body,
    transport: AsyncTransport,
    options: Options,
) -> Reply:
    answer = _Received()
    request = _request(parse_endpoint(url.reveal()), call, content)
    try:
        response: RawResponse = await transport.send(request, options, answer.take)
    except _EndlessAnswerError:
        # Only the body of a success is read in pieces: the message has arrived.
        return Reply(status=200, body=bytes(answer.body))
    body = bytes(answer.body) or response.body[:LONGEST_ANSWER_BYTES]
    return Reply(status=response.status, headers=response.headers, body=body)


def _request(endpoint: Endpoint, call: HttpCall, content: bytes | Body) -> Request:
    headers: HeaderPairs = call.headers
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers = (USER_AGENT, *headers)
    return Request(
        call.method,
        endpoint.scheme,
        endpoint.host,
        endpoint.port,
        endpoint.target,
        headers=headers,
        content=content,
    )


def _redirected(url: Secret, reply: Reply) -> Secret | None:
    """Return where a redirect leads, if it stays within the host and is no less private."""
    location = reply.headers.get("location")
    if reply.status not in REDIRECTS or location is None:
        return None
    try:
        further = Secret(urljoin(url.reveal(), location))
        before, after = urlsplit(url.reveal()), urlsplit(further.reveal())
        is_same = before.hostname == after.hostname and (
            (before.scheme, before.port) == (after.scheme, after.port)
            or (before.scheme, after.scheme) == ("http", "https")
        )
    except ValueError:
        return None
    return further if is_same else None


def _content(call: HttpCall, blobs: BlobStore) -> bytes | Body | None:
    """Return the body of a request; `None` where its file is gone."""
    if call.file is None:
        return call.body
    path = blobs.find(call.file.key)
    if path is None:
        return None
    head, _, tail = call.body.partition(FILE_MARK)
    return _FileBody(head, path, tail)


class _FileBody:
    """The bytes of a file between the parts of a form, read as they are sent."""

    replayable = True

    def __init__(self, head: bytes, path: Path, tail: bytes) -> None:
        self._head, self._path, self._tail = head, path, tail
        self._file_bytes = path.stat().st_size

    @property
    def size_bytes(self) -> int:
        return len(self._head) + self._file_bytes + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as file:
            yield from iter(lambda: file.read(CHUNK_BYTES), b"")
        yield self._tail


class _Received:
    """The beginning of an answer."""

    def __init__(self) -> None:
        self.body = bytearray()
        self._size_bytes = 0

    def take(self, piece: bytes) -> None:
        self._size_bytes += len(piece)
        self.body += piece[: LONGEST_ANSWER_BYTES - len(self.body)]
        if self._size_bytes > LARGEST_ANSWER_BYTES:
            raise _EndlessAnswerError


class _EndlessAnswerError(Exception):
    """The target answers more than is received."""
