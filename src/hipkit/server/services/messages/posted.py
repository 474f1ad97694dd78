"""A message as the event `posted` has it, for what passes messages on to elsewhere.

Everything here runs within the command that stores the message.
"""

from __future__ import annotations

from typing import Literal, cast

from hipkit.server.events.posted import PostedFile, PostedMessage
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.context import Context
from hipkit.server.services.messages.mentions import read_mentions
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage

__all__ = ["posted_message"]


async def posted_message(
    context: Context,
    stores: Stores,
    message: NewMessage,
    *,
    conversation_id: int,
    sent_us: int,
    room: str | None = None,
    recipient: str | None = None,
    root: str,
) -> PostedMessage:
    """Return a message as the event `posted` has it.

    Args:
        context: The call that posts it.
        stores: The command's.
        message: The message, stored, of one of the kinds that `PostedMessage` has.
        conversation_id: Its conversation.
        sent_us: Its timestamp.
        room: The room's name, of a message in a room.
        recipient: The other user's name, of a private message.
        root: The root of links to this server.
    """
    token = context.actor.token
    return PostedMessage(
        id=message.id,
        sent_us=sent_us,
        kind=cast('Literal["message", "notification", "topic"]', message.kind),
        room=room,
        body=message.body,
        format="html" if message.format == "html" else "text",
        sender=message.sender_label,
        avatar_url=_avatar_url(context.actor, message, Addresses(root)),
        color=message.color,
        notify=bool(message.notify),
        card=message.card,
        attach_to=message.attach_to,
        mentions=await _mentions(stores, message),
        file=await _file(stores, conversation_id, message),
        token=context.actor.sender_id or (None if token is None else str(token.id)),
        recipient=recipient,
    )


def _avatar_url(actor: Actor, message: NewMessage, addresses: Addresses) -> str | None:
    """Return the address of the sender's picture; programs have none here."""
    user = None if message.kind == "notification" else actor.user
    if user is None or user.photo_key is None:
        return None
    return addresses.picture(user.photo_key)


async def _mentions(stores: Stores, message: NewMessage) -> tuple[str, ...]:
    mentioned = read_mentions(message.mentions)
    if not mentioned.users:
        return mentioned.everybody
    users = await stores.users.by_ids(mentioned.users)
    names = (users[user_id].mention_name for user_id in mentioned.users)
    return (*names, *mentioned.everybody)


async def _file(
    stores: Stores, conversation_id: int, message: NewMessage
) -> PostedFile | None:
    if message.file_id is None:
        return None
    record = await stores.messages.get(conversation_id, message.id)
    if record is None or record.file_key is None:
        return None
    return PostedFile(
        key=record.file_key,
        name=record.file_name or "file",
        size_bytes=record.file_size_bytes or 0,
        content_type=record.file_content_type or "application/octet-stream",
    )
