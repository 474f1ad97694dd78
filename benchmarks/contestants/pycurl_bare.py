"""libcurl used bare: handles set up once and used again, blocking and by its multi interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import BytesIO

import pycurl

from benchmarks.contestants.openings import (
    KEEPALIVE_SECONDS,
    TIMEOUT_SECONDS,
    AsyncSend,
    Send,
    Task,
    expect_no_content,
)

__all__ = ["handle", "multi"]


class _Handle:
    """A handle that posts the notification safely, whenever it is performed."""

    def __init__(self, task: Task) -> None:
        self._head: list[bytes] = []
        self._body = BytesIO()
        self._has_connected = False
        self.curl = _ready(task)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._on_connected)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._head.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._body.write)

    def forget(self) -> None:
        """Be ready for another transfer."""
        self._head.clear()
        self._body.seek(0)
        self._body.truncate()
        self._has_connected = False

    def check(self) -> None:
        """Look at what came."""
        expect_no_content(self.curl.getinfo(pycurl.RESPONSE_CODE))

    def _on_connected(self, *_addresses: object) -> int:
        # libcurl would post a second time, unasked, where a reused connection breaks.
        if self._has_connected:
            return pycurl.PREREQFUNC_ABORT
        self._has_connected = True
        return pycurl.PREREQFUNC_OK


def _ready(task: Task) -> pycurl.Curl:
    lines = [f"{name}: {value}" for name, value in task.headers[1:]]
    milliseconds = int(TIMEOUT_SECONDS * 1000)
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, task.url)
    curl.setopt(pycurl.HTTPHEADER, [*lines, "Expect:"])
    curl.setopt(pycurl.POSTFIELDS, task.content_bytes)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.MAXAGE_CONN, int(KEEPALIVE_SECONDS))
    if task.authority is not None:
        curl.setopt(pycurl.CAINFO, task.authority)
    return curl


@contextmanager
def handle(task: Task) -> Iterator[Send]:
    """Send by one handle."""
    only = _Handle(task)

    def send() -> None:
        only.forget()
        only.curl.perform()
        only.check()

    yield send
    only.curl.close()


@asynccontextmanager
async def multi(task: Task) -> AsyncIterator[AsyncSend]:
    """Send by the multi interface, with a handle for every call on the way."""
    idle: list[_Handle] = []
    async with pycurl.AsyncCurlMulti(close_handles=True) as transfers:

        async def send() -> None:
            mine = idle.pop() if idle else _Handle(task)
            mine.forget()
            await transfers.perform(mine.curl)
            mine.check()
            idle.append(mine)

        yield send
