"""Answers with a conversation: its history, and a stream of its new messages.

All kinds of them are shown alike; what differs is in `ConversationView`.
"""

from __future__ import annotations

from hipkit.api.errors import BadRequestError
from hipkit.server.http.responses import Answer, header
from hipkit.server.page.history import ConversationView, History, Part
from hipkit.server.page.security import policy
from hipkit.server.page.streams.stream import AccessCheck, EventStreamAnswer, Reader
from hipkit.server.page.visit import Visit
from hipkit.server.services.messages.private_chats import PrivateChat
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = [
    "allow_pictures",
    "chat_conversation",
    "conversation_of",
    "open_stream",
    "read_part",
    "read_timestamp",
    "show_part",
]

RETRY_AFTER = header("Retry-After", "10")

LONGEST_TIMESTAMP = 19
"""Digits; more, even zeros before others, are too many for a database."""


def conversation_of(
    room: RoomRecord, *, guest_page: str | None = None, oldest_us: int = 0
) -> ConversationView:
    """Return a room's conversation: for the group's users, or as its guest page shows it."""
    return ConversationView(
        group_id=room.group_id,
        room_id=room.id,
        conversation_id=room.conversation_id,
        address=guest_page or f"/rooms/{room.id}",
        feed=f"{guest_page}/feed" if guest_page else f"/feed?room={room.id}",
        oldest_us=oldest_us,
    )


def chat_conversation(chat: PrivateChat) -> ConversationView:
    """Return a private chat's conversation, as one of the two users sees it."""
    return ConversationView(
        group_id=chat.other.group_id,
        conversation_id=chat.conversation_id,
        address=f"/chats/{chat.other.id}",
        feed=f"/feed?chat={chat.other.id}",
    )


async def read_part(visit: Visit, conversation: ConversationView) -> Part:
    """Return the part of a conversation that the query asks for, by default the newest.

    Raises:
        NotFoundError: `at` names a message that is not in the conversation.
        BadRequestError: `before` or `after` is not a timestamp.
    """
    history = History(visit.context.stores, visit.feeds.renderer, conversation)
    if message_id := visit.query("at"):
        return await history.around(message_id)
    if before := visit.query("before"):
        return await history.before(read_timestamp(before))
    if after := visit.query("after"):
        return await history.after(read_timestamp(after))
    return await history.newest()


async def show_part(visit: Visit, conversation: ConversationView) -> Answer:
    """Answer with the part of a conversation that adjoins what the reader has."""
    edges = ("newer",) if visit.query("after") else ("older",)
    part = await read_part(visit, conversation)
    return visit.part("history.html", part=part, conversation=conversation, edges=edges)


def allow_pictures(visit: Visit, answer: Answer) -> Answer:
    """Allow pictures from other servers in an answer, where the operator does."""
    if visit.context.runtime.settings.outside_pictures:
        answer.headers.append(policy(img_src="'self' https: http:"))
    return answer


def open_stream(
    visit: Visit,
    conversation: ConversationView | None,
    reader: Reader,
    may_read: AccessCheck,
) -> Answer:
    """Answer with a stream, of a conversation with its messages after a timestamp."""
    feeds = visit.feeds
    if feeds.is_full_for(reader):
        return Answer(503, [RETRY_AFTER])
    after = visit.request.headers.get("last-event-id") or visit.query("after", "0")
    after_us = read_timestamp(after)
    if conversation is not None:
        after_us = max(after_us, conversation.oldest_us - 1)
    opening = feeds.streaming(
        conversation,
        after_us,
        reader,
        may_read,
        changes_seen=visit.query_number("seen") if visit.query("seen") else None,
    )
    return EventStreamAnswer(opening, feeds.timing)


def read_timestamp(text: str) -> int:
    """Return a timestamp from a request.

    Raises:
        BadRequestError: It is none.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_TIMESTAMP
    if is_number and int(text) < LATEST_US:
        return int(text)
    raise BadRequestError("This is not a timestamp, in microseconds since 1970")
