"""Unread messages: which count for whom, and the marks up to which users have read.

A message counts for everybody else who may read its conversation, from the moment it is sent
until they have read it on any of their devices. One's own messages never count, but notifications
sent with one's own token do: a program sent them. Changes of topic and of guest access, and
deleted messages, do not count.

A conversation without a mark counts from the user's creation on, and not from before there were
marks. So a new room is noticed, and a history that was never opened is not one long task.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import (
    MOST_ROOMS,
    check_may_read,
    list_seen_rooms,
    own_user,
)
from hipkit.server.services.context import Context
from hipkit.server.services.messages.mentions import read_mentions
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.read_marks import CountedRecord

__all__ = [
    "MOST_COUNTED",
    "ConversationSummary",
    "Tally",
    "Unread",
    "count_unread",
    "list_conversations",
    "mark_as_read",
]

MOST_COUNTED = 100
"""A count ends here, and is shown as `99+`."""

MOST_READ = 150
"""How many of the latest messages are read for a count, those that do not count among them."""

COUNTED_KINDS = ("message", "notification")


@dataclass(frozen=True, slots=True)
class Unread:
    """How many messages of a conversation are unread, up to `MOST_COUNTED`.

    Attributes:
        count: All of them.
        loud: Those that call for attention: sent with `notify`, mentioning the user or
            everybody, or in a private chat.
    """

    count: int = 0
    loud: int = 0


NOTHING = Unread()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSummary:
    """A room or a private chat, as lists of conversations show it.

    Attributes:
        room_id: The room's; `None` for a private chat.
        user_id: The other user's; `None` for a room.
        name: The room's, or the other user's.
        last_active_us: When the last message was sent; `None` where there is none.
        read_us: Up to which message its reader has read it.
        unread: Nothing in archived rooms, where no news come.
    """

    conversation_id: int
    room_id: int | None = None
    user_id: int | None = None
    name: str
    is_private: bool = False
    is_archived: bool = False
    last_active_us: int | None = None
    read_us: int = 0
    unread: Unread = NOTHING


async def list_conversations(
    stores: Stores, actor: Actor, *, until_sequence: int | None = None
) -> list[ConversationSummary]:
    """Return the rooms that a user may see and their private chats, with unread counts.

    It may read a thousand of each, so it belongs into a `database.scan`.

    Args:
        stores: The scan's.
        actor: Of a user.
        until_sequence: The sequence number of the last message that may count.
    """
    user = own_user(actor)
    marks = await stores.read_marks.of_user(user.id)
    begin_us = max(user.created_us, await stores.read_marks.begin_us())
    rooms = await list_seen_rooms(
        stores, actor, include_archived=True, count=MOST_ROOMS
    )
    summaries = [
        ConversationSummary(
            conversation_id=room.conversation_id,
            room_id=room.id,
            name=room.name,
            is_private=room.privacy == "private",
            is_archived=room.is_archived,
            last_active_us=room.last_active_us,
            read_us=marks.get(room.conversation_id, begin_us),
        )
        for room in rooms
    ]
    if not user.is_guest:
        chats = await stores.messages.private_chats(user.id, count=MOST_ROOMS)
        people = await stores.users.by_ids({chat.other_id for chat in chats})
        summaries += [
            ConversationSummary(
                conversation_id=chat.conversation_id,
                user_id=chat.other_id,
                name=people[chat.other_id].name,
                is_private=True,
                last_active_us=chat.last_active_us,
                read_us=marks.get(chat.conversation_id, begin_us),
            )
            for chat in chats
        ]
    return [
        await _with_count(stores, user.id, one, until_sequence) for one in summaries
    ]


async def count_unread(
    stores: Stores,
    user_id: int,
    conversation_id: int,
    *,
    is_chat: bool,
    read_us: int,
    until_sequence: int | None = None,
) -> Unread:
    """Return how many messages after a timestamp are unread by a user."""
    tally = Tally()
    for message in await stores.read_marks.messages_after(
        conversation_id, read_us, count=MOST_READ
    ):
        if until_sequence is None or message.sequence <= until_sequence:
            tally.add(message)
    return tally.unread(user_id, is_chat=is_chat)


class Tally:
    """What some messages of one conversation add to the counts of any user.

    So messages are looked at once, however many users they are counted for.

    Attributes:
        newest_us: The timestamp of the last message.
    """

    def __init__(self) -> None:
        self.newest_us = 0
        self._count = self._loud = 0
        self._own: Counter[int] = Counter()
        self._own_loud: Counter[int] = Counter()
        self._mentioned: Counter[int] = Counter()

    def add(self, message: CountedRecord) -> None:
        """Add a message."""
        self.newest_us = max(self.newest_us, message.sent_us)
        if message.is_deleted or message.kind not in COUNTED_KINDS:
            return
        mentions = read_mentions(message.mentions)
        is_loud = message.notify or bool(mentions.everybody)
        self._count += 1
        self._loud += is_loud
        sender_id = None if message.kind == "notification" else message.sender_id
        if sender_id is not None:
            self._own[sender_id] += 1
            self._own_loud[sender_id] += is_loud
        if not is_loud:
            self._mentioned.update(set(mentions.users) - {sender_id})

    def unread(
        self, user_id: int, *, is_chat: bool, before: Unread = NOTHING
    ) -> Unread:
        """Return a user's count with these messages added to what was unread before them."""
        count = self._count - self._own[user_id]
        loud = self._loud - self._own_loud[user_id] + self._mentioned[user_id]
        return Unread(
            min(before.count + count, MOST_COUNTED),
            min(before.loud + (count if is_chat else loud), MOST_COUNTED),
        )


async def mark_as_read(context: Context, conversation_id: int, read_us: int) -> bool:
    """Store that the actor has read a conversation up to a timestamp; return whether that is new.

    A mark never goes back: of two devices the one that has read more counts.

    Raises:
        NotFoundError: The actor cannot see the conversation.
        ForbiddenError: The actor may not read it.
    """
    user = own_user(context.actor)

    async def command(stores: Stores) -> bool:
        await check_may_read(stores, context.actor, conversation_id)
        # Nobody has read what is not there yet.
        newest_us = await stores.read_marks.last_message_us(conversation_id)
        moved_us = min(read_us, newest_us)
        before_us = await stores.read_marks.get(user.id, conversation_id)
        if moved_us <= (before_us or 0):
            return False
        await stores.read_marks.set(user.id, conversation_id, moved_us)
        return True

    return await context.write(command)


async def _with_count(
    stores: Stores,
    user_id: int,
    conversation: ConversationSummary,
    until_sequence: int | None,
) -> ConversationSummary:
    is_read = (conversation.last_active_us or 0) <= conversation.read_us
    if is_read or conversation.is_archived:
        return conversation
    unread = await count_unread(
        stores,
        user_id,
        conversation.conversation_id,
        is_chat=conversation.user_id is not None,
        read_us=conversation.read_us,
        until_sequence=until_sequence,
    )
    return replace(conversation, unread=unread)
