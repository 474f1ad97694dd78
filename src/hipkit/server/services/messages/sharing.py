"""Shares links and files, in rooms and in private chats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from hipkit.api.addresses import is_web_address
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.stored import add_file, removed_on_failure
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.services.messages.message import new_message
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.v2.rooms import ShareFileWithRoom, ShareLinkWithRoom
from hipkit.v2.users import ShareFileWithUser, ShareLinkWithUser

__all__ = ["Compose", "compose_link", "share_file"]

Compose = Callable[[Stores], Awaitable[NewMessage]]
"""Returns a message within the command that stores it."""


def compose_link(
    context: Context, request: ShareLinkWithRoom | ShareLinkWithUser
) -> Compose:
    """Return how to compose a message that shares a link.

    Raises:
        InvalidValueError: It is no web address, but `javascript:` or the like.
    """
    link = request.link
    if not is_web_address(link):
        raise InvalidValueError("link", "format", "is not an http(s) address", link)
    body = f"{request.message} {link}" if request.message else link
    return partial(new_message, context, kind="message", body=body, link=link)


async def share_file(
    context: Context,
    request: ShareFileWithRoom | ShareFileWithUser,
    send: Callable[[Compose], Awaitable[object]],
) -> None:
    """Store an uploaded file, and send the message that shows it.

    The bytes are on disk before the message is stored: a crash in between leaves an orphan, and
    never a message whose file is missing.
    """
    file = request.file
    if not isinstance(file, ReceivedFile):
        raise TypeError(f"not a received file: {type(file).__name__}")
    await asyncio.to_thread(file.upload.keep)

    async def compose(stores: Stores) -> NewMessage:
        file_id = await add_file(
            context,
            stores,
            key=file.upload.key,
            name=file.name,
            size_bytes=file.upload.size_bytes,
            content_type=file.content_type,
        )
        body = request.message or ""
        return await new_message(
            context, stores, kind="message", body=body, file_id=file_id
        )

    with removed_on_failure(context.runtime.blobs, file.upload.key):
        await send(compose)
