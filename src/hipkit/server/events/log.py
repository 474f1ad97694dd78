"""The event log: publishes what happened, and removes what no subscription needs any more."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hipkit.server.events.posted import POSTED
from hipkit.server.shared.protocol import EVENTS, Topic
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.events import NewEvent, StreamRecord
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = [
    "KEPT_WHILE_WAITING",
    "MOST_WAITING",
    "NO_ROOM",
    "PLACEHOLDER",
    "WAITING_SECONDS",
    "Item",
    "LogSweep",
    "Publisher",
    "WriteItem",
    "publish",
    "sweep_log",
]

PLACEHOLDER = ".placeholder.invalid"
"""How the host of a placeholder ends."""

WAITING_SECONDS = 3 * 24 * 60 * 60
"""An event that waits for longer is dropped."""

MOST_WAITING = 10_000
"""Of the events of one name in one room; the oldest beyond it are dropped."""

KEPT_WHILE_WAITING = frozenset({POSTED})
"""Events that are never dropped: alerts of a long outage arrive once it is over."""

NO_ROOM = 0
"""The room of events that happen in none. Only subscriptions to the whole group get them."""

STEP_EVENTS = 1_000


class Publisher(Protocol):
    """The call in which something happens."""

    now_us: int
    topics: set[Topic]
    """Signals to give once the command is committed."""
    answered_by: int | None
    """The subscription whose endpoint's answer the call takes in."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is written of an event."""

    content: bytes
    """JSON, with links that begin with a root of the event's own."""
    text: str | None = None
    """The text that patterns are searched for in."""


WriteItem = Callable[[str, str], Awaitable[Item]]
"""Returns the item of an event, by its name and the root of links: a placeholder, as every
endpoint gets its own."""


async def publish(
    publisher: Publisher,
    stores: Stores,
    events: Sequence[str],
    write_item: WriteItem,
    *,
    group_id: int,
    room_id: int,
    user_id: int | None,
) -> None:
    """Append events to the log, within the command that makes them happen.

    Written in the same transaction, an event is in the log exactly if what it reports was
    committed: written before, it could report what was rolled back; written after, a crash in
    between would lose it.

    Args:
        publisher: The context of the call.
        stores: The command's.
        events: The names of what happened.
        write_item: Called for the events that something subscribes to; others are not written.
        group_id: The group in which they happened.
        room_id: The room in which they happened; `NO_ROOM` for a private chat.
        user_id: The user who caused them.
    """
    wanted = await stores.subscriptions.subscribed(group_id, room_id, events)
    for event in wanted:
        # Unpredictable: otherwise a message could contain it, and its text would be replaced.
        root = f"https://{secrets.token_hex(16)}{PLACEHOLDER}"
        item = await write_item(event, root)
        new = NewEvent(
            group_id=group_id,
            room_id=room_id,
            event=event,
            text=item.text,
            item=item.content.decode(),
            user_id=user_id,
            root=root,
            answered_by=publisher.answered_by,
        )
        await stores.events.add(new, publisher.now_us)
        publisher.topics.add(EVENTS)


class LogSweep:
    """Removes events behind every subscription's position, in small steps.

    One pass over a long log would hold up writers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position = 0
        self._has_removed = False
        self.has_work = True

    async def step(self) -> bool:
        """Look at some events, and return whether there is more to do."""
        if not self.has_work:
            return False
        position = self._position
        removed, self._position = await self._database.write(
            lambda stores: stores.events.sweep(position, STEP_EVENTS)
        )
        self._has_removed = self._has_removed or removed > 0
        if self._position == 0:
            # Another round is worth it only where this one removed something.
            self.has_work, self._has_removed = self._has_removed, False
        return self.has_work


async def sweep_log(database: Database, earliest_us: int) -> None:
    """Drop events that have waited for too long, and remove what no subscription needs.

    `earliest_us` is the earliest time that it can be: no event is lost to a clock that is ahead.
    """
    streams = [
        stream
        for stream in await database.scan(lambda stores: stores.subscriptions.streams())
        if stream.event not in KEPT_WHILE_WAITING
    ]
    before_us = earliest_us - WAITING_SECONDS * SECOND_US
    for stream in streams:

        async def drop(stores: Stores, stream: StreamRecord = stream) -> None:
            last = await stores.events.last_to_drop(
                stream, before_us=before_us, most=MOST_WAITING
            )
            if last is not None:
                await stores.subscriptions.drop_waiting(
                    stream, position=last.id, dropped_us=last.created_us
                )

        await database.write(drop)
    await database.write(lambda stores: stores.subscriptions.delete_ended())
    sweep = LogSweep(database)
    while await sweep.step():
        pass
