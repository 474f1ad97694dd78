"""Files that rows name: on disk before the row is committed, and gone only after the row is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from hipkit.server.services.context import Context
from hipkit.server.services.received import ReceivedFile
from hipkit.server.storage.database import Stores
from hipkit.server.storage.folder import FileFolder

__all__ = ["add_file", "remove_file", "removed_on_failure"]


async def add_file(context: Context, stores: Stores, file: ReceivedFile) -> int:
    """Within a command: note a file whose bytes are kept, and return its id."""
    return await stores.files.add(
        group_id=context.identity.group_id,
        key=file.upload.key,
        name=file.name,
        size_bytes=file.upload.size_bytes,
        content_type=file.content_type,
        now_us=context.now_us,
    )


async def remove_file(files: FileFolder, key: str | None) -> None:
    """Remove the bytes of a file that nothing names any more, if there was one.

    Raises:
        StorageError: The folder cannot be written.
    """
    if key is not None:
        await asyncio.to_thread(files.remove, key)


@contextlib.contextmanager
def removed_on_failure(files: FileFolder, key: str | None) -> Iterator[None]:
    """Remove a kept file again if the command in the block fails, which was to name it.

    A command whose caller is cancelled may be committed all the same: then the file stays. One
    too many does less harm than one that a message shows and nobody has.
    """
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        if key is not None:
            files.remove(key)
        raise
