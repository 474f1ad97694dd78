"""What polling needs of a client, whether it is async or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from logging import getLogger
from typing import Protocol, TypeVar

from hipkit.addon.dispatch.dispatching import Caller
from hipkit.api.errors import ForbiddenError, HipkitError
from hipkit.api.unreadable import UnreadableItem
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.hipchat import HipChat
from hipkit.v2.models import Message as MessageModel
from hipkit.v2.models import Room
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["Chat", "open_chat"]

T = TypeVar("T")

LOGGER = getLogger("hipkit.addon")


class Chat(Protocol):
    """What polling needs of a client, whether it is async or not."""

    caller: Caller

    async def find_room(self, room: str | int) -> Room:
        """Return a room."""

    async def read(
        self, room: Room, *, since: datetime | None, limit: int | None
    ) -> list[MessageModel]:
        """Return messages, the newest first."""


@contextmanager
def open_chat(client: AsyncHipChat | HipChat, label: str) -> Iterator[Chat]:
    """Yield what polling needs of a client.

    Args:
        client: The client. It is not closed.
        label: Label of replies, by which the add-on knows its own notifications.
    """
    if isinstance(client, AsyncHipChat):
        yield AsyncChat(client, label)
        return
    with ThreadPoolExecutor(thread_name_prefix="hipkit-poll") as threads:
        yield BlockingChat(client, label, threads)


class AsyncChat:
    """Polls with an async client."""

    def __init__(self, client: AsyncHipChat, label: str) -> None:
        self._client = client.with_options(pace=True, on_unreadable=skip)
        self.caller = Caller(
            {AsyncHipChat: lambda: client}, client.send, installation=None, label=label
        )

    async def find_room(self, room: str | int) -> Room:
        """Return a room."""
        try:
            return await self._client.rooms.get_room(room)
        except ForbiddenError as error:
            return known_room(room, error)

    async def read(
        self, room: Room, *, since: datetime | None, limit: int | None
    ) -> list[MessageModel]:
        """Return messages, the newest first."""
        history = self._client.history(room.id, since=since, limit=limit)
        return [message async for message in history]


class BlockingChat:
    """Polls with a blocking client, in threads."""

    def __init__(
        self, client: HipChat, label: str, threads: ThreadPoolExecutor
    ) -> None:
        self._client = client.with_options(pace=True, on_unreadable=skip)
        self._threads = threads
        self.caller = Caller(
            {HipChat: lambda: client}, self._send, installation=None, label=label
        )

    async def find_room(self, room: str | int) -> Room:
        """Return a room."""
        try:
            return await self._in_thread(lambda: self._client.rooms.get_room(room))
        except ForbiddenError as error:
            return known_room(room, error)

    async def read(
        self, room: Room, *, since: datetime | None, limit: int | None
    ) -> list[MessageModel]:
        """Return messages, the newest first."""
        return await self._in_thread(
            lambda: [*self._client.history(room.id, since=since, limit=limit)]
        )

    async def _send(self, operation: SendRoomNotification) -> None:
        await self._in_thread(lambda: self._client.send(operation))

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def known_room(room: str | int, error: HipkitError) -> Room:
    """Return a room that is known by its id, if the token may not read it."""
    if isinstance(room, int) or room.isdecimal():
        return Room(id=int(room))
    raise error


def skip(item: UnreadableItem) -> None:
    """Leave out a message that cannot be read."""
    LOGGER.warning("a message cannot be read, and is left out")
