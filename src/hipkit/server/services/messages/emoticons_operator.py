"""What an administrator does on the machine itself: emoticons."""

from __future__ import annotations

import asyncio
import re

from hipkit.api.errors import BadRequestError
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.pictures import read_picture
from hipkit.server.services.files.stored import removed_on_failure
from hipkit.server.services.people.operator import find_group
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database, Stores

__all__ = ["add_emoticon"]

SHORTCUT = re.compile(r"[a-zA-Z0-9]{1,50}")


async def add_emoticon(
    database: Database,
    files: BlobStore,
    now_us: int,
    *,
    shortcut: str,
    picture: bytes,
    kind: str = "group",
    emoticon_id: int | None = None,
) -> int:
    """Add an emoticon and return its id: the next, or one that old programs know it by."""
    read = read_picture(picture, "picture")
    if SHORTCUT.fullmatch(shortcut) is None:
        raise InvalidValueError(
            "shortcut", "pattern", "is not letters and digits", shortcut
        )
    key = await asyncio.to_thread(files.save, read.data)

    async def command(stores: Stores) -> int:
        group = await find_group(stores)
        if await stores.emoticons.by_shortcut(group.id, shortcut) is not None:
            raise BadRequestError(f"({shortcut}) is taken", field="shortcut")
        if emoticon_id is not None and await stores.emoticons.is_taken(emoticon_id):
            problem = "is another emoticon's number"
            raise InvalidValueError("id", "unique", problem, emoticon_id)
        await stores.files.add(
            group_id=group.id,
            key=key,
            name=shortcut,
            size_bytes=len(read.data),
            content_type=read.content_type,
            now_us=now_us,
        )
        return await stores.emoticons.add(
            group_id=group.id,
            shortcut=shortcut,
            kind=kind,
            file_key=key,
            width=read.width,
            height=read.height,
            creator_id=group.owner_id if kind == "group" else None,
            emoticon_id=emoticon_id,
        )

    with removed_on_failure(files, key):
        return await database.write(command)
