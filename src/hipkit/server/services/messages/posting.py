"""Posts into rooms: messages, notifications, replies, links and files; changes topics.

Private messages are sent in `private_chats.py`, and stored like those of rooms in `message.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.keys import new_version
from hipkit.server.services.access.lookup import (
    check_open,
    find_room,
    find_room_to_administer,
)
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.stored import add_file, removed_on_failure
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.services.messages.message import add_to_room, new_message
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.timestamps import MessageTimestamp
from hipkit.server.services.senders.rooms import find_room_to_send
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.models import SentMessage
from hipkit.v2.rooms import (
    ReplyToMessage,
    SendMessage,
    SendRoomNotification,
    SetTopic,
    ShareFileWithRoom,
    ShareLinkWithRoom,
)
from hipkit.v2.users import ShareFileWithUser, ShareLinkWithUser

__all__ = [
    "COLORS",
    "LONGEST_MESSAGE",
    "Compose",
    "add_notification",
    "check_length",
    "compose_link",
    "reply_to_message",
    "send_message",
    "send_room_notification",
    "set_topic",
    "share_file",
    "share_file_with_room",
    "share_link_with_room",
]

COLORS = ("yellow", "green", "red", "purple", "gray")
"""Of notifications; the first is the default."""

LONGEST_MESSAGE = 32_768
"""HipChat's web client had this limit; no source names the API's."""

Compose = Callable[[Stores], Awaitable[NewMessage]]
"""Returns a message within the command that stores it."""


@handles(SendMessage)
async def send_message(context: Context, request: SendMessage) -> SentMessage:
    """Post a message into a room as a user.

    Raises:
        InvalidValueError: It is longer than `LONGEST_MESSAGE`.
    """
    check_length(request.message)
    compose = partial(new_message, context, kind="message", body=request.message)
    message_id, sent_us = await _post(context, request.room_id_or_name, compose)
    return SentMessage(id=message_id, timestamp=MessageTimestamp.from_us(sent_us))


@handles(SendRoomNotification)
async def send_room_notification(
    context: Context, request: SendRoomNotification
) -> None:
    """Post a notification into a room."""
    await context.write(partial(add_notification, context, request=request))


async def add_notification(
    context: Context, stores: Stores, request: SendRoomNotification
) -> str:
    """Within a command: post a notification into a room, and return its id.

    Every check comes before the first change.
    """
    color = request.color or COLORS[0]
    room = await _find_open_room(context, stores, request.room_id_or_name)
    attach_to = request.attach_to or None
    if attach_to is not None and not await _may_follow(
        context, stores, room, attach_to
    ):
        problem = "is not a message of this room"
        raise InvalidValueError("attach_to", "exists", problem, attach_to)
    message = await new_message(
        context,
        stores,
        kind="notification",
        body=request.message,
        format=request.message_format or "html",
        sender_label=request.from_ or None,
        color=secrets.choice(COLORS) if color == "random" else color,
        notify=request.notify is True,
        card=request.card.to_json().decode() if request.card else None,
        attach_to=attach_to,
    )
    await add_to_room(context, stores, room, message)
    return message.id


@handles(ReplyToMessage)
async def reply_to_message(context: Context, request: ReplyToMessage) -> None:
    """Reply to a message of a room.

    Raises:
        NotFoundError: The message is not in this room.
    """

    async def command(stores: Stores) -> None:
        room = await _find_open_room(context, stores, request.room_id_or_name)
        parent_id = request.parent_message_id
        if not await _may_follow(context, stores, room, parent_id):
            raise NotFoundError(f"Message {parent_id} not found")
        message = await new_message(
            context, stores, kind="message", body=request.message, attach_to=parent_id
        )
        await add_to_room(context, stores, room, message)

    await context.write(command)


async def _may_follow(
    context: Context, stores: Stores, room: RoomRecord, message_id: str
) -> bool:
    """Return whether a message may belong to another one.

    Of a sender it may belong to anything: to a card by the card's id, or to a message that is not
    kept any more. What it has to say must not be lost for that.
    """
    if context.actor.kind == "sender":
        return True
    return await stores.messages.get(room.conversation_id, message_id) is not None


@handles(ShareLinkWithRoom)
async def share_link_with_room(context: Context, request: ShareLinkWithRoom) -> None:
    """Share a web address in a room."""
    await _post(context, request.room_id_or_name, compose_link(context, request))


@handles(ShareFileWithRoom)
async def share_file_with_room(context: Context, request: ShareFileWithRoom) -> None:
    """Share a file in a room."""
    reference = request.room_id_or_name
    # First of all, so that nothing is stored for a room that the actor may not see.
    if context.actor.kind != "sender":
        await find_room(context.stores, context.actor, reference)
    await share_file(context, request, partial(_post, context, reference))


@handles(SetTopic)
async def set_topic(
    context: Context, request: SetTopic, sender_label: str | None = None
) -> None:
    """Change a room's topic, and post that as a message from the actor or `sender_label`."""

    async def command(stores: Stores) -> None:
        reference = request.room_id_or_name
        if context.actor.kind == "sender":
            room = await find_room_to_send(context, stores, reference)
        else:
            room = await find_room_to_administer(stores, context.actor, reference)
        check_open(room)
        version = new_version()
        await stores.rooms.set_topic(room.id, request.topic, version)
        changed = msgspec.structs.replace(room, topic=request.topic, version=version)
        message = await new_message(
            context,
            stores,
            kind="topic",
            body=request.topic,
            sender_label=sender_label,
        )
        await add_to_room(context, stores, changed, message)

    await context.write(command)


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


def check_length(message: str | None) -> None:
    """Check that a user's message is not longer than `LONGEST_MESSAGE`.

    Raises:
        InvalidValueError: It is.
    """
    if message is not None and len(message) > LONGEST_MESSAGE:
        problem = f"is longer than {LONGEST_MESSAGE} characters"
        raise InvalidValueError("message", "maxLength", problem, "(a message)")


async def share_file(
    context: Context,
    request: ShareFileWithRoom | ShareFileWithUser,
    send: Callable[[Compose], Awaitable[object]],
) -> None:
    """Store an uploaded file, and send the message that shows it.

    The bytes are on disk before the message is stored: a crash in between leaves an orphan, and
    never a message whose file is missing.

    Raises:
        InvalidValueError: The comment is longer than a message may be.
    """
    check_length(request.message)
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


async def _post(
    context: Context, reference: str | int, compose: Compose
) -> tuple[str, int]:
    """Post a message into a room, and return its id and timestamp."""

    async def command(stores: Stores) -> tuple[str, int]:
        room = await _find_open_room(context, stores, reference)
        message = await compose(stores)
        return message.id, await add_to_room(context, stores, room, message)

    return await context.write(command)


async def _find_open_room(
    context: Context, stores: Stores, reference: str | int
) -> RoomRecord:
    room = await find_room_to_send(context, stores, reference)
    context.count_message(room.conversation_id)
    check_open(room)
    return room
