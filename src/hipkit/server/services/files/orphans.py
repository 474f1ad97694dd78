"""Moves files without a row aside: a process died between writing the file and its row.

A file that a row knows again, as in an older database that was restored, is moved back. Both are
decided at a start, under the database's lock and `BlobStore.exclusive`: at any other time another
process may be just about to add the row of a file, which would then be lost.
"""

from __future__ import annotations

import logging

from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database

__all__ = ["ORPHAN_SECONDS", "settle_files", "sweep_orphans"]

log = logging.getLogger("hipkit.server")

ORPHAN_SECONDS = 30 * 24 * 60 * 60


async def settle_files(database: Database, files: BlobStore, latest_us: int) -> None:
    """Remove broken uploads, move orphans aside, and known files back, when a server starts.

    `latest_us` is the clock's time or the newest of the database's timestamps, whichever is
    later: an orphan's month begins then.

    Raises:
        StorageError: The database cannot be read, or the folder cannot be written.
    """
    if not files.path.exists():
        return
    with files.exclusive() as is_exclusive:
        if not is_exclusive:
            log.warning("another program writes files: orphans are left for later")
            return
        files.remove_parts()
        moved = 0
        for keys in files.listing():
            for key in keys.difference(await database.stores.files.known(keys)):
                files.set_aside(key, latest_us // SECOND_US)
                moved += 1
        for key in await database.stores.files.known(files.orphans()):
            files.take_back(key)
    if moved:
        counted = "1 file" if moved == 1 else f"{moved} files"
        log.warning("moved %s that nothing names into %s", counted, files.orphanage)


def sweep_orphans(files: BlobStore, earliest_us: int, latest_us: int) -> None:
    """Remove orphans that were moved aside a month ago.

    The month has to be over by the clock and by the database's newest timestamp: the clock may be
    wrong, and the timestamp does not advance while nothing is written.

    Raises:
        StorageError: The folder cannot be written.
    """
    files.sweep_orphans(
        before=earliest_us // SECOND_US - ORPHAN_SECONDS, latest=latest_us // SECOND_US
    )
