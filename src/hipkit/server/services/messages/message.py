"""Stores messages, publishes them as events, and represents them as histories do."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import cast

import msgspec

from hipkit.api.messages.mentions_and_links import (
    EVERYBODY,
    Link,
    find_in_text,
)
from hipkit.server.events.log import NO_ROOM, Item, publish
from hipkit.server.events.posted import POSTED
from hipkit.server.services.context import Context
from hipkit.server.services.files.pictures import PICTURE_TYPES
from hipkit.server.services.messages.mentions import Mentions, read_mentions
from hipkit.server.services.messages.posted import posted_message
from hipkit.server.services.representations.models import (
    room_in_short,
    user_as_sender,
    user_in_short,
)
from hipkit.server.services.representations.timestamps import MessageTimestamp, to_json
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.services.rooms.publishing import enter_room, sender_of
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord, NewMessage
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import (
    AuthenticatedFile,
    Message,
    MessageFile,
    MessageLink,
    MessageLinkImage,
    MessageLinkPage,
    NotificationSender,
    RoomFileUploadItem,
    RoomMessageItem,
    RoomTopicChangeItem,
    Sender,
    User,
)

__all__ = [
    "MessageRepresenter",
    "add_to_private_chat",
    "add_to_room",
    "new_message",
    "new_message_id",
    "users_of",
]


def new_message_id(now_us: int) -> str:
    """Return a message's id: a UUID that begins with the time.

    Because the ids grow with time, new ones go to the end of their index, whose pages stay full.
    """
    random = secrets.randbits(74)
    value = (now_us // 1000) << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | (random & (1 << 62) - 1)))


async def new_message(
    context: Context,
    stores: Stores,
    *,
    kind: str,
    body: str,
    format: str = "text",
    link: str | None = None,
    sender_label: str | None = None,
    color: str | None = None,
    notify: bool = False,
    card: str | None = None,
    attach_to: str | None = None,
    file_id: int | None = None,
) -> NewMessage:
    """Return a message of the actor's, with the mentions, links and emoticons of a text."""
    actor = context.actor
    mentions = Mentions()
    links: tuple[str, ...] = ()
    emoticons: tuple[str, ...] = ()
    if format == "text" and body:
        found = find_in_text(body)
        users = await stores.users.mentioned(
            actor.group_id, [n for n in found.mention_names if n not in EVERYBODY]
        )
        mentions = Mentions(
            users=tuple(user.id for user in users),
            everybody=tuple(n for n in found.mention_names if n in EVERYBODY),
        )
        links = tuple(item.url for item in found.links)
        used = await stores.emoticons.by_shortcuts(actor.group_id, found.shortcuts)
        emoticons = tuple(sorted(emoticon.shortcut for emoticon in used))
    if link is not None:
        links = (*(url for url in links if url != link), link)
    return NewMessage(
        id=new_message_id(context.now_us),
        kind=kind,
        sender_id=actor.user_id,
        sender_label=actor.name if sender_label is None else sender_label,
        client_id=actor.client_id,
        body=body,
        format=format,
        color=color,
        notify=int(notify),
        card=card,
        attach_to=attach_to,
        mentions=msgspec.json.encode(mentions).decode(),
        links=msgspec.json.encode(links).decode(),
        emoticons=msgspec.json.encode(emoticons).decode(),
        file_id=file_id,
    )


async def add_to_room(
    context: Context, stores: Stores, room: RoomRecord, message: NewMessage
) -> int:
    """Within a command: store a room's message and return its timestamp.

    A user who sends a message becomes a participant of the room.
    """
    sent_us = await stores.messages.add(room.conversation_id, message, context.now_us)
    context.message = room.conversation_id, message.id
    context.topics.add(room.conversation_id)
    if message.sender_id is not None and message.kind != "notification":
        await enter_room(context, stores, room, message.sender_id, sent_us)
        await stores.users.touch(message.sender_id, sent_us)
    await _publish(context, stores, room, message, sent_us)
    return sent_us


async def add_to_private_chat(
    context: Context,
    stores: Stores,
    conversation_id: int,
    message: NewMessage,
    *,
    recipient: UserRecord,
) -> int:
    """Within a command: store a private message and return its timestamp."""
    sent_us = await stores.messages.add(conversation_id, message, context.now_us)
    context.topics.add(conversation_id)
    if message.sender_id is not None:
        await stores.users.touch(message.sender_id, sent_us)

    async def write_item(event: str, root: str) -> Item:
        posted = await posted_message(
            context,
            stores,
            message,
            conversation_id=conversation_id,
            sent_us=sent_us,
            recipient=recipient.name,
            root=root,
        )
        return Item(msgspec.json.encode(posted))

    await publish(
        context,
        stores,
        (POSTED,),
        write_item,
        group_id=context.actor.group_id,
        room_id=NO_ROOM,
        user_id=message.sender_id,
    )
    return sent_us


async def users_of(
    stores: Stores, messages: Iterable[MessageRecord]
) -> Mapping[int, UserRecord]:
    """Return the users who sent one of the messages or are mentioned in one, by id."""
    ids: set[int] = set()
    for message in messages:
        # A notification shows a label, not the user whose token sent it.
        if message.sender_id is not None and message.kind != "notification":
            ids.add(message.sender_id)
        ids.update(read_mentions(message.mentions).users)
    return await stores.users.by_ids(ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRepresenter:
    """Represents messages as histories and events hold them."""

    addresses: Addresses
    users: Mapping[int, UserRecord]
    """Senders and mentioned users, as `users_of` returned them."""
    zone: tzinfo = UTC
    full_senders: Mapping[int, User] = field(default_factory=dict)
    """Senders in full, by id; others are in short."""
    full_mentions: Mapping[int, User] = field(default_factory=dict)

    def represent(self, message: MessageRecord) -> Message:
        """Return a message; of a deleted one, what is known besides its contents."""
        sent = MessageTimestamp.from_us(message.sent_us)
        shown = Message(
            id=message.id,
            date=sent if self.zone is UTC else sent.astimezone(self.zone),
            from_=self._sender(message),
            message=None if message.is_deleted else message.body,
            mentions=self._mentioned(message),
            type=message.kind,
        )
        if message.is_deleted:
            return shown
        return msgspec.structs.replace(shown, **self._extras(message))

    def _extras(self, message: MessageRecord) -> dict[str, object]:
        extras: dict[str, object] = {}
        if message.kind == "notification":
            extras["color"] = message.color
            extras["message_format"] = message.format
            extras["card"] = message.card
            if message.client_id is not None:
                extras["notification_sender"] = NotificationSender(
                    id=message.client_id, type="addon", client_id=message.client_id
                )
        if message.attach_to is not None:
            extras["attach_to"] = message.attach_to
        if message.file_key is not None:
            extras["file"] = self._file(message, message.file_key)
            extras["authenticated_file"] = AuthenticatedFile(
                id=message.id,
                name=message.file_name or "file",
                size=message.file_size_bytes or 0,
            )
        links = msgspec.json.decode(message.links, type=list[str])
        if links:
            extras["message_links"] = [_link(Link(links[-1]))]
        return extras

    def _sender(self, message: MessageRecord) -> Sender | str | None:
        if message.kind == "notification":
            return message.sender_label
        if message.sender_id is None:
            # A guest, or an add-on that changed the topic: a name and nothing else.
            return Sender(name=message.sender_label)
        if message.sender_id in self.full_senders:
            # In full a sender is a user with every member, of which `Sender` is a part.
            return cast("Sender", self.full_senders[message.sender_id])
        user = self.users.get(message.sender_id)
        return None if user is None else user_as_sender(self.addresses, user)

    def _mentioned(self, message: MessageRecord) -> list[User]:
        return [
            self.full_mentions.get(user_id)
            or user_in_short(self.addresses, self.users[user_id])
            for user_id in read_mentions(message.mentions).users
            if user_id in self.users
        ]

    def _file(self, message: MessageRecord, key: str) -> MessageFile:
        name = message.file_name or "file"
        url = self.addresses.file(key, name)
        is_picture = message.file_content_type in PICTURE_TYPES
        return MessageFile(
            name=name,
            size=message.file_size_bytes or 0,
            url=url,
            thumb_url=url if is_picture else None,
        )


async def _publish(
    context: Context,
    stores: Stores,
    room: RoomRecord,
    message: NewMessage,
    sent_us: int,
) -> None:
    """Publish the events of a message that was just stored."""

    async def write_item(event: str, root: str) -> Item:
        addresses = Addresses(root)
        in_short = room_in_short(addresses, room)
        if event == POSTED:
            posted = await posted_message(
                context,
                stores,
                message,
                conversation_id=room.conversation_id,
                sent_us=sent_us,
                room=room.name,
                root=root,
            )
            return Item(msgspec.json.encode(posted))
        if event == "room_topic_change":
            sender = sender_of(context.actor, addresses)
            if message.sender_label != context.actor.name:
                sender = Sender(name=message.sender_label)
            topic = RoomTopicChangeItem(
                room=in_short, sender=sender, topic=message.body
            )
            return Item(to_json(topic))
        record = await stores.messages.get(room.conversation_id, message.id)
        shown = None
        if record is not None:
            users = await users_of(stores, [record])
            shown = MessageRepresenter(addresses=addresses, users=users).represent(
                record
            )
        if event == "room_file_upload":
            file = RoomFileUploadItem(
                file=shown.file if shown else None,
                room=in_short,
                sender=sender_of(context.actor, addresses),
            )
            return Item(to_json(file))
        return Item(
            to_json(RoomMessageItem(message=shown, room=in_short)), text=message.body
        )

    events = EVENTS_OF.get(message.kind)
    if events is None:
        return
    if message.kind == "message" and message.file_id is not None:
        events = (*events, "room_file_upload")
    await publish(
        context,
        stores,
        events,
        write_item,
        group_id=room.group_id,
        room_id=room.id,
        user_id=message.sender_id,
    )


def _link(link: Link) -> MessageLink:
    if link.is_picture:
        picture = MessageLinkImage(image=link.url, name=link.name)
        return MessageLink(type="image", url=link.url, image=picture)
    # The server never fetches an address from a message, so it has no title or preview.
    page = MessageLinkPage(link_text=link.url, full_url=link.url)
    return MessageLink(type="link", url=link.url, link=page)


EVENTS_OF: Mapping[str, tuple[str, ...]] = {
    "message": ("room_message", POSTED),
    "notification": ("room_notification", POSTED),
    "topic": ("room_topic_change", POSTED),
}
"""The events of every message of a kind; other kinds have none."""
