"""Sends private messages, links and files; `history.py` reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import chatting_user, find_user
from hipkit.server.services.context import Context
from hipkit.server.services.files.stored import add_file, removed_on_failure
from hipkit.server.services.files.uploads import received
from hipkit.server.services.messages.message import add_to_private_chat, new_message
from hipkit.server.services.messages.posting import check_link
from hipkit.server.services.registry import handles
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.v2.users import (
    SendPrivatechatMessage,
    ShareFileWithUser,
    ShareLinkWithUser,
)

__all__ = ["send_privatechat_message", "share_file_with_user", "share_link_with_user"]

Compose = Callable[[Stores], Awaitable[NewMessage]]


@handles(SendPrivatechatMessage)
async def send_privatechat_message(
    context: Context, request: SendPrivatechatMessage
) -> None:
    """Send a message to another user."""

    async def compose(stores: Stores) -> NewMessage:
        return await new_message(
            context,
            stores,
            kind="message",
            body=request.message,
            format=request.message_format or "text",
            notify=request.notify is True,
        )

    await _send(context, request.id_or_email, compose)


@handles(ShareLinkWithUser)
async def share_link_with_user(context: Context, request: ShareLinkWithUser) -> None:
    """Share a web address with another user."""
    check_link(request.link)
    body = f"{request.message} {request.link}" if request.message else request.link

    async def compose(stores: Stores) -> NewMessage:
        return await new_message(
            context, stores, kind="message", body=body, link=request.link
        )

    await _send(context, request.id_or_email, compose)


@handles(ShareFileWithUser)
async def share_file_with_user(context: Context, request: ShareFileWithUser) -> None:
    """Share a file with another user. Its bytes are on disk before the message that shows it."""
    chatting_user(context.actor)
    await find_user(context.stores, context.actor, request.id_or_email)
    file = received(request.file)
    await asyncio.to_thread(file.upload.keep)

    async def compose(stores: Stores) -> NewMessage:
        return await new_message(
            context,
            stores,
            kind="message",
            body=request.message or "",
            file_id=await add_file(context, stores, file),
        )

    with removed_on_failure(context.runtime.blobs, file.upload.key):
        await _send(context, request.id_or_email, compose)


async def _send(context: Context, reference: str | int, compose: Compose) -> None:
    async def command(stores: Stores) -> None:
        caller = chatting_user(context.actor)
        other = await find_user(stores, context.actor, reference)
        if other.is_deleted:
            raise NotFoundError(f"User {reference} not found")
        conversation_id = await stores.messages.open_private_conversation(
            caller.group_id, caller.id, other.id
        )
        context.count_message(conversation_id)
        message = await compose(stores)
        await add_to_private_chat(context, stores, conversation_id, message)

    await context.write(command)
