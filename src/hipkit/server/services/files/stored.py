"""Files that rows name: on disk before the row is committed, and gone only after the row is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from hipkit.server.services.context import Context
from hipkit.server.services.errors import TooLargeError
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Stores

__all__ = [
    "add_file",
    "check_quota",
    "note_file",
    "remove_file",
    "removed_on_failure",
]


async def add_file(context: Context, stores: Stores, file: ReceivedFile) -> int:
    """Within a command: note a file whose bytes are kept, and return its id.

    Raises:
        TooLargeError: It is more than the group has room for.
    """
    return await note_file(
        context,
        stores,
        key=file.upload.key,
        name=file.name,
        size_bytes=file.upload.size_bytes,
        content_type=file.content_type,
    )


async def note_file(
    context: Context,
    stores: Stores,
    *,
    key: str,
    name: str,
    size_bytes: int,
    content_type: str,
) -> int:
    """Within a command: note bytes that are kept under a key, and return the file's id.

    Commands run one after the other, so no two uploads take the same room.

    Raises:
        TooLargeError: They are more than the group has room for.
    """
    await check_quota(context, stores, size_bytes)
    return await stores.files.add(
        group_id=context.actor.group_id,
        key=key,
        name=name,
        size_bytes=size_bytes,
        content_type=content_type,
        now_us=context.now_us,
    )


async def check_quota(context: Context, stores: Stores, size_bytes: int) -> None:
    """Check that a group's files may take so many bytes more.

    Raises:
        TooLargeError: They may not.
    """
    quota = context.runtime.settings.file_quota_bytes
    if quota == 0:
        return
    used = await stores.groups.file_bytes(context.actor.group_id)
    if used + size_bytes > quota:
        raise TooLargeError(
            f"The group's files may take {quota} bytes, and {used} are taken:"
            f" {size_bytes} more do not fit"
        )


async def remove_file(files: BlobStore, key: str | None) -> None:
    """Remove the bytes of a file that nothing names any more, if there was one.

    Raises:
        StorageError: The folder cannot be written.
    """
    if key is not None:
        await asyncio.to_thread(files.remove, key)


@contextlib.contextmanager
def removed_on_failure(files: BlobStore, key: str | None) -> Iterator[None]:
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
