"""Deletes what nothing can reach any more: ended tokens, orphans, messages of deleted rooms.

What has ended is deleted a month later, by every clock there is: see `TimeBounds`. So a server that
starts with a wrong clock deletes nothing that is still valid by the right one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hipkit.server.events.log import sweep_log
from hipkit.server.services.access.web_sessions import sweep_sessions
from hipkit.server.services.files.orphans import sweep_orphans
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database, Stores

__all__ = ["ENDED_SECONDS", "TimeBounds", "sweep", "sweep_messages"]

ENDED_SECONDS = 30 * 24 * 60 * 60
"""How long ended tokens and sessions are kept: the clock by which they ended may be wrong."""

REMOVED_ROUTE_SECONDS = 7 * 24 * 60 * 60
"""How long a route is kept that is in no file any more, and what waits for it."""

SWEEP_COUNT = 500
GRANTS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBounds:
    """Two limits between which the right time is, although the clock may be wrong.

    Attributes:
        earliest_us: The least of the clock's time, the newest timestamp in the database, and
            that timestamp at the server's start plus the time since then.
        latest_us: The greater of the clock's time and the newest timestamp.
    """

    earliest_us: int
    latest_us: int


async def sweep(database: Database, files: BlobStore, bounds: TimeBounds) -> None:
    """Delete everything of that kind, in small commands, between which others may write."""
    ended_us = bounds.earliest_us - ENDED_SECONDS * SECOND_US
    await database.write(lambda stores: stores.tokens.sweep(ended_us))
    position = await _sweep_grants(database, 0)
    while position:
        position = await _sweep_grants(database, position)
    await database.write(lambda stores: sweep_sessions(stores, ended_us))
    removed_us = bounds.earliest_us - REMOVED_ROUTE_SECONDS * SECOND_US
    await database.write(
        lambda stores: stores.routes.sweep(
            removed_before_us=removed_us, sent_before_us=ended_us
        )
    )
    await sweep_log(database, bounds.earliest_us)
    await asyncio.to_thread(sweep_orphans, files, bounds.earliest_us, bounds.latest_us)
    while not await sweep_messages(database, files):
        pass


async def _sweep_grants(database: Database, position: int) -> int:
    return await database.write(
        lambda stores: stores.grants.sweep(position, GRANTS_AT_ONCE)
    )


async def sweep_messages(database: Database, files: BlobStore) -> bool:
    """Delete some messages of deleted rooms, and return whether that was all of them."""
    keys, is_done = await database.write(_remove_messages)
    # After the commit: a file without a row is moved aside later, a row without a file is broken.
    for key in keys:
        await remove_file(files, key)
    return is_done


async def _remove_messages(stores: Stores) -> tuple[list[str], bool]:
    doomed = await stores.messages.doomed(SWEEP_COUNT)
    await stores.messages.remove(message.sequence for message in doomed)
    keys = [message.file_key for message in doomed if message.file_key is not None]
    for key in keys:
        await stores.files.remove(key)
    return keys, len(doomed) < SWEEP_COUNT
