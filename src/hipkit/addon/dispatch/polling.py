"""Polling: the same handlers, fed with the history of rooms, for bots without a public address.

Read next: `chats.py`, which reads and writes with either client.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from logging import getLogger

from hipkit.addon.argument_types import check_items, check_type
from hipkit.addon.descriptor.identity import Identity
from hipkit.addon.dispatch.chats import Chat
from hipkit.addon.dispatch.dispatching import Caller, Dispatcher
from hipkit.addon.handlers.events import (
    FileUpload,
    Message,
    RoomEvent,
    RoomNotification,
    TopicChange,
    sender_of,
)
from hipkit.addon.handlers.registry import Registry
from hipkit.api.errors import (
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ServerError,
)
from hipkit.v2.models import Message as MessageModel
from hipkit.v2.models import (
    Room,
    RoomFileUploadItem,
    RoomMessageItem,
    RoomTopicChangeItem,
)
from hipkit.v2.webhooks import (
    Event,
    RoomFileUploadEvent,
    RoomMessageEvent,
    RoomNotificationEvent,
    RoomTopicChangeEvent,
)

__all__ = ["Poller", "events_of", "run_blocking"]

LOGGER = getLogger("hipkit.addon")
PASSING_ERRORS = (RequestError, RateLimitError, ServerError)
"""Errors that may be over at the next try."""
LONGEST_PAUSE = 120.0
GRACE_SECONDS = 10.0
POLLED: tuple[type[RoomEvent], ...] = (
    Message,
    RoomNotification,
    TopicChange,
    FileUpload,
)
"""The events that a history shows."""
BEGINNING = datetime.fromtimestamp(0, UTC)

Pause = Callable[[float], Awaitable[object]]


class Poller:
    """Feeds handlers with the messages of rooms, from now on.

    Args:
        identity: Who the add-on is.
        registry: Its handlers.
        chat: The client.
        rooms: Ids or names of the rooms.
        interval: Seconds between two looks at a room.
        ignore: Ids, or mention names without `@`, of people whose messages are left out.
        pause: Waits, for tests.

    Raises:
        TypeError: An argument is of another type, or a handler asks for something that there is
            not while polling.
        ValueError: There is no room, or the interval is not above 0.
    """

    def __init__(
        self,
        identity: Identity,
        registry: Registry,
        chat: Chat,
        *,
        rooms: Sequence[str | int],
        interval: float,
        ignore: Collection[str | int] = (),
        pause: Pause | None = None,
    ) -> None:
        ids = str | int
        self._rooms = check_items("rooms", rooms, ids, "a list of ids or names")
        if not rooms:
            raise ValueError("rooms must be a list of at least one room")
        check_type("interval", interval, int | float, "a number of seconds")
        if not interval > 0:
            raise ValueError(f"interval must be above 0 seconds, not {interval!r}")
        check_handlers(registry, chat.caller)
        self._identity = identity
        self._registry = registry
        self._chat = chat
        self._interval = interval
        people = "a list of ids or mention names"
        self._ignore = frozenset(map(str, check_items("ignore", ignore, ids, people)))
        self._stopping = asyncio.Event()
        self._pause = pause or self._wait

    async def run(self) -> None:
        """Poll until the task is cancelled, or no room is left.

        Handlers that run when it is cancelled have some time to end.

        Raises:
            HipkitError: A room cannot be read at all.
        """
        with ThreadPoolExecutor(thread_name_prefix="hipkit-handler") as threads:
            dispatcher = Dispatcher(self._identity, self._registry, threads)
            tasks = [
                asyncio.create_task(self._follow(room, dispatcher))
                for room in self._rooms
            ]
            try:
                await asyncio.gather(*tasks)
            finally:
                self._stopping.set()
                await asyncio.wait(tasks, timeout=GRACE_SECONDS)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, name: str | int, dispatcher: Dispatcher) -> None:
        room = await self._chat.find_room(name)
        feed = Feed(room, self._chat)
        await feed.start()
        failures = 0
        while not self._stopping.is_set():
            try:
                messages = await feed.read()
            except PASSING_ERRORS as error:
                failures += 1
                LOGGER.warning("room %s cannot be read: %s", room.id, error)
            except (ForbiddenError, NotFoundError) as error:
                LOGGER.error("room %s is followed no further: %s", room.id, error)
                return
            else:
                failures = 0
                for message in messages:
                    if self._stopping.is_set():
                        return
                    await self._handle(room, message, dispatcher)
            await self._pause(min(self._interval * 2**failures, LONGEST_PAUSE))

    async def _handle(
        self, room: Room, message: MessageModel, dispatcher: Dispatcher
    ) -> None:
        sender = sender_of(message)
        names = (sender.id, sender.mention_name)
        if any(str(each) in self._ignore for each in names if each is not None):
            return
        for event in events_of(room, message):
            for handler in self._registry.handlers.values():
                if handler.event == event.event:
                    await dispatcher.handle(handler, event, self._chat.caller)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass


class Feed:
    """The new messages of a room. Several may have the same date, so their ids are kept."""

    def __init__(self, room: Room, chat: Chat) -> None:
        self._room = room
        self._chat = chat
        self._since = BEGINNING
        self._ids: set[str] = set()

    async def start(self) -> None:
        """Remember the room's latest messages, which are not new.

        Raises:
            HipkitError: The room cannot be read.
        """
        for latest in await self._chat.read(self._room, since=None, limit=1):
            self._since = latest.date
        for message in await self._chat.read(self._room, since=self._since, limit=None):
            self._remember(message)

    async def read(self) -> list[MessageModel]:
        """Return the messages since the last time, the oldest first.

        Raises:
            HipkitError: The room cannot be read.
        """
        found = await self._chat.read(self._room, since=self._since, limit=None)
        new = [each for each in reversed(found) if each.id not in self._ids]
        for message in new:
            self._remember(message)
        return new

    def _remember(self, message: MessageModel) -> None:
        if message.date > self._since:
            self._since, self._ids = message.date, set()
        self._ids.add(message.id)


def events_of(room: Room, message: MessageModel) -> Iterator[Event]:
    """Yield the events that HipChat would have posted for a message of a history."""
    sender = sender_of(message)
    if message.type == "notification":
        item = RoomMessageItem(message=message, room=room)
        yield RoomNotificationEvent(event=RoomNotification.event, item=item)
    elif message.type == "topic":
        topic = RoomTopicChangeItem(room=room, sender=sender, topic=message.message)
        yield RoomTopicChangeEvent(event=TopicChange.event, item=topic)
    else:
        item = RoomMessageItem(message=message, room=room)
        yield RoomMessageEvent(event=Message.event, item=item)
        if message.file is not None:
            shared = RoomFileUploadItem(room=room, sender=sender, file=message.file)
            yield RoomFileUploadEvent(event=FileUpload.event, item=shared)


def check_handlers(registry: Registry, caller: Caller) -> None:
    """Check that handlers ask for nothing that there is not while polling.

    Raises:
        TypeError: One does.
    """
    for handler in registry.handlers.values():
        if not issubclass(handler.kind, POLLED):
            LOGGER.warning(
                "%s is not called while polling: a history does not show a %s",
                handler.key,
                handler.event,
            )
            continue
        for name, kind in handler.injected.items():
            if not caller.has(kind):
                raise TypeError(
                    f"{handler.key}: {name} cannot be a {kind.__name__} while polling with this "
                    "client"
                )


def run_blocking(
    run: Callable[[], Awaitable[None]], stop: threading.Event | None
) -> None:
    """Run an async function to its end, or until an event is set.

    Raises:
        TypeError: What should be an event is of another type.
    """
    check_type("stop", stop, threading.Event | None, "a threading.Event")

    async def main() -> None:
        task = asyncio.ensure_future(run())
        loop = asyncio.get_running_loop()

        def watch(stop: threading.Event) -> None:
            stop.wait()
            with suppress(RuntimeError):  # It has ended by itself.
                loop.call_soon_threadsafe(task.cancel)

        if stop is not None:
            threading.Thread(target=watch, args=(stop,), daemon=True).start()
        try:
            await task
        except asyncio.CancelledError:
            if stop is None or not stop.is_set():
                raise

    asyncio.run(main())
