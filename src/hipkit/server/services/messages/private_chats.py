"""Sends private messages, links and files; `history.py` reads them."""

from __future__ import annotations

from functools import partial

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import chatting_user, find_user
from hipkit.server.services.context import Context
from hipkit.server.services.messages.message import add_to_private_chat, new_message
from hipkit.server.services.messages.posting import (
    Compose,
    compose_link,
    share_file,
)
from hipkit.server.services.registry import handles
from hipkit.server.storage.protocol import Stores
from hipkit.v2.users import (
    SendPrivatechatMessage,
    ShareFileWithUser,
    ShareLinkWithUser,
)

__all__ = ["send_privatechat_message", "share_file_with_user", "share_link_with_user"]


@handles(SendPrivatechatMessage)
async def send_privatechat_message(
    context: Context, request: SendPrivatechatMessage
) -> None:
    """Send a message to another user."""
    compose = partial(
        new_message,
        context,
        kind="message",
        body=request.message,
        format=request.message_format or "text",
        notify=request.notify is True,
    )
    await _send(context, request.id_or_email, compose)


@handles(ShareLinkWithUser)
async def share_link_with_user(context: Context, request: ShareLinkWithUser) -> None:
    """Share a web address with another user."""
    await _send(context, request.id_or_email, compose_link(context, request))


@handles(ShareFileWithUser)
async def share_file_with_user(context: Context, request: ShareFileWithUser) -> None:
    """Share a file with another user."""
    reference = request.id_or_email
    # First of all, so that nothing is stored for a chat that the actor may not begin.
    chatting_user(context.actor)
    await find_user(context.stores, context.actor, reference)
    await share_file(context, request, partial(_send, context, reference))


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
