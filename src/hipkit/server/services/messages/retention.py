"""Deletes messages once they are older than they are kept, with their files.

Nothing that a route of the relay still has to pass on: its events come in order, so that all it
waits for is as young as the oldest of them, or younger.
"""

from __future__ import annotations

from hipkit.server.events.posted import POSTED
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database, Stores

__all__ = ["DAY_SECONDS", "sweep_old_messages"]

DAY_SECONDS = 24 * 60 * 60
STEP = 500
"""Messages in one command: others may write between two."""

KEPT_KIND = "guest_access"
"""By these it is known from when on guests may read."""


async def sweep_old_messages(
    database: Database, files: BlobStore, *, keep_days: int, earliest_us: int
) -> int:
    """Delete what is too old, in small commands, and return how many messages that were.

    Args:
        database: Where they are.
        files: Where the bytes of their files are.
        keep_days: How long they are kept.
        earliest_us: The earliest time that it may be now: see `TimeBounds`.

    Raises:
        StorageError: The database or the folder of files cannot be written.
    """
    before_us = earliest_us - keep_days * DAY_SECONDS * SECOND_US
    waiting_us = await database.scan(
        lambda stores: stores.events.oldest_waiting(POSTED)
    )
    if waiting_us is not None:
        before_us = min(before_us, waiting_us)
    count, position, is_done = 0, 0, False
    while not is_done:
        step = _Step(position, before_us)
        keys = await database.write(step)
        # After the commit: a file without a row is moved aside later, a row without a file is
        # broken.
        for key in keys:
            await remove_file(files, key)
        count, position, is_done = count + step.removed, step.position, step.is_done
    return count


class _Step:
    """Deletes what is too old of the next messages after a position, as a command.

    Attributes:
        position: The last message that was looked at.
        removed: How many were deleted.
        is_done: Whether none of these messages was old. Those that follow are younger, but for
            what a wrong clock dated.
    """

    def __init__(self, position: int, before_us: int) -> None:
        self.position = position
        self.before_us = before_us
        self.removed = 0
        self.is_done = False

    async def __call__(self, stores: Stores) -> list[str]:
        found = await stores.messages.oldest(after=self.position, count=STEP)
        old = [message for message in found if message.sent_us < self.before_us]
        doomed = [message for message in old if message.kind != KEPT_KIND]
        await stores.messages.remove(message.sequence for message in doomed)
        keys = [message.file_key for message in doomed if message.file_key is not None]
        for key in keys:
            await stores.files.remove(key)
        self.removed = len(doomed)
        self.is_done = not old or len(found) < STEP
        if found:
            self.position = found[-1].sequence
        return keys
