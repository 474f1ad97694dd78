"""Replaces the pictures of rooms, users and groups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hipkit.api.bodies.files import ImageSource
from hipkit.server.services.context import Context
from hipkit.server.services.files.pictures import read_picture
from hipkit.server.services.files.stored import (
    add_file,
    remove_file,
    removed_on_failure,
)
from hipkit.server.storage.protocol import Stores

__all__ = ["replace_picture"]

Change = Callable[[Stores, str | None], Awaitable[str | None]]
"""Sets a picture's key, or `None`, within a command, and returns the key it replaces."""


async def replace_picture(
    context: Context, source: ImageSource | None, field: str, change: Change
) -> None:
    """Store a picture, if there is one, and set its key by `change`; remove the one before.

    Raises:
        InvalidValueError: It is no picture; `field` is the member that held it.
        TooLargeError: It exceeds the group's quota.
    """
    picture = None if source is None else read_picture(source, field)
    key = None
    if picture is not None:
        key = await asyncio.to_thread(context.runtime.blobs.save, picture.data)

    async def command(stores: Stores) -> str | None:
        before = await change(stores, key)
        # First, so that the quota counts only the new one.
        if before is not None:
            await stores.files.remove(before)
        if picture is not None and key is not None:
            await add_file(
                context,
                stores,
                key=key,
                name=field,
                size_bytes=len(picture.data),
                content_type=picture.content_type,
            )
        return before

    with removed_on_failure(context.runtime.blobs, key):
        before = await context.write(command)
    await remove_file(context.runtime.blobs, before)
