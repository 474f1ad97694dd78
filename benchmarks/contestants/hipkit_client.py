"""hipkit, over each of its transports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypedDict

from benchmarks.contestants.openings import (
    NO_CONTENT,
    AsyncOpening,
    AsyncSend,
    Opening,
    Send,
    Task,
)
from benchmarks.messages import COLOR, FORMAT, MESSAGE, ROOM, TOKEN
from hipkit import AsyncHipChat, HipChat
from hipkit.client.setup import TransportName
from hipkit.transports.protocol import RawResponse, Request

__all__ = [
    "async_in_memory",
    "async_over_httpcore2",
    "async_over_pycurl",
    "in_memory",
    "over_httpcore2",
    "over_pycurl",
    "request_for",
]

HEADERS = {
    "server": "nginx",
    "x-ratelimit-limit": "500",
    "x-ratelimit-remaining": "499",
    "x-ratelimit-reset": "4102444800",
}


class Trust(TypedDict, total=False):
    """The client's option for trusted authorities."""

    verify: str


def request_for(base_url: str) -> Request:
    """Return the request that the notification becomes."""
    from hipkit.testing import MemoryTransport

    sent: list[Request] = []

    def take(request: Request) -> RawResponse:
        sent.append(request)
        return RawResponse(NO_CONTENT, HEADERS)

    with HipChat(TOKEN, base_url=base_url, transport=MemoryTransport(take)) as client:
        _notify(client)
    return sent[0]


@contextmanager
def in_memory(task: Task) -> Iterator[Send]:
    """Send to nobody: the answer is ready."""
    from hipkit.testing import MemoryTransport

    response = RawResponse(NO_CONTENT, HEADERS)
    transport = MemoryTransport(lambda _: response)
    with HipChat(TOKEN, base_url=task.base_url, transport=transport) as client:
        yield lambda: _notify(client)


def over_httpcore2(task: Task) -> Opening:
    """Send over the default transport."""
    return _over("httpcore2", task)


def over_pycurl(task: Task) -> Opening:
    """Send over libcurl."""
    return _over("pycurl", task)


@contextmanager
def _over(transport: TransportName, task: Task) -> Iterator[Send]:
    with HipChat(
        TOKEN, base_url=task.base_url, transport=transport, **_trust(task)
    ) as client:
        yield lambda: _notify(client)


def async_over_httpcore2(task: Task) -> AsyncOpening:
    """Send over the default transport, on asyncio."""
    return _async_over("httpcore2", task)


def async_over_pycurl(task: Task) -> AsyncOpening:
    """Send over libcurl, on asyncio."""
    return _async_over("pycurl", task)


@asynccontextmanager
async def _async_over(transport: TransportName, task: Task) -> AsyncIterator[AsyncSend]:
    async with AsyncHipChat(
        TOKEN, base_url=task.base_url, transport=transport, **_trust(task)
    ) as client:
        yield lambda: _notify_async(client)


@asynccontextmanager
async def async_in_memory(task: Task) -> AsyncIterator[AsyncSend]:
    """Send to nobody, on asyncio."""
    from hipkit.testing import AsyncMemoryTransport

    response = RawResponse(NO_CONTENT, HEADERS)
    transport = AsyncMemoryTransport(lambda _: response)
    async with AsyncHipChat(
        TOKEN, base_url=task.base_url, transport=transport
    ) as client:
        yield lambda: _notify_async(client)


def _notify(client: HipChat) -> None:
    client.rooms.send_room_notification(
        ROOM, message=MESSAGE, color=COLOR, message_format=FORMAT, notify=False
    )


def _notify_async(client: AsyncHipChat) -> Awaitable[object]:
    return client.rooms.send_room_notification(
        ROOM, message=MESSAGE, color=COLOR, message_format=FORMAT, notify=False
    )


def _trust(task: Task) -> Trust:
    return {} if task.authority is None else {"verify": task.authority}
