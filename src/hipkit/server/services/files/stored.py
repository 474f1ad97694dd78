"""Stores files and their rows: the bytes before the row, and the row's deletion before theirs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from hipkit.server.services.context import Context
from hipkit.server.services.files.quota import check_quota
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Stores

__all__ = [
    "add_file",
    "remove_file",
    "removed_on_failure",
]


async def add_file(
    context: Context,
    stores: Stores,
    *,
    key: str,
    name: str,
    size_bytes: int,
    content_type: str,
) -> int:
    """Within a command: add the row of bytes that are on disk, and return its id.

    Commands run one after the other, so two uploads cannot both use the last of a quota.

    Raises:
        TooLargeError: They exceed the group's quota.
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


async def remove_file(files: BlobStore, key: str | None) -> None:
    """Remove the bytes of a file whose row was deleted; `None` does nothing.

    Only after the commit: before, a rollback would leave a row without its bytes.

    Raises:
        StorageError: The folder cannot be written.
    """
    if key is not None:
        await asyncio.to_thread(files.remove, key)


@contextlib.contextmanager
def removed_on_failure(files: BlobStore, key: str | None) -> Iterator[None]:
    """Remove a stored file if the command in the block fails that adds its row.

    A command whose caller is cancelled may be committed nevertheless, so the file stays then: an
    orphan does less harm than a message whose file is missing.
    """
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        if key is not None:
            files.remove(key)
        raise
