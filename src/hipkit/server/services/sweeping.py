"""Removes what nothing can reach any more: ended tokens, and messages of deleted rooms."""

from __future__ import annotations

from functools import partial

from hipkit.server.services.kept_files import remove_file
from hipkit.server.services.web_sessions import sweep_sessions
from hipkit.server.services.webhooks.sweeping import sweep_outbox
from hipkit.server.storage.database import Database, Stores
from hipkit.server.storage.folder import FileFolder

__all__ = ["sweep", "sweep_messages"]

SWEEP_COUNT = 500
GRANTS_AT_ONCE = 10_000


async def sweep(database: Database, files: FileFolder, now_us: int) -> None:
    """Remove everything of the kind, in steps after which others may write."""
    await database.write(lambda stores: stores.tokens.sweep(now_us))
    await _sweep_grants(database)
    await database.write(lambda stores: sweep_sessions(stores, now_us))
    await sweep_outbox(database, now_us)
    while not await sweep_messages(database, files):
        pass


async def _sweep_grants(database: Database) -> None:
    position: int | None = 0
    while position is not None:
        position = await database.write(partial(_sweep_some_grants, position))


async def _sweep_some_grants(after_id: int, stores: Stores) -> int | None:
    return await stores.grants.sweep(after_id, GRANTS_AT_ONCE)


async def sweep_messages(database: Database, files: FileFolder) -> bool:
    """Remove some messages of deleted rooms, and say whether that was all of them."""
    keys, is_done = await database.write(_remove_messages)
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
