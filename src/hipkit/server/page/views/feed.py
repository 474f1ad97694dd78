"""The stream of a window, on every page of a user; and how far they have read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hipkit.api.errors import BadRequestError
from hipkit.server.http.responses import Answer
from hipkit.server.page.history import ConversationView
from hipkit.server.page.streams.stream import Reader
from hipkit.server.page.views.conversations import (
    chat_conversation,
    conversation_of,
    open_stream,
    read_timestamp,
)
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.access.web_sessions import may_read
from hipkit.server.services.messages.private_chats import open_private_chat
from hipkit.server.services.messages.unread import mark_as_read

__all__ = ["VIEWS"]


async def follow(visit: Visit) -> Answer:
    """Stream what changes, and the new messages of the conversation that the query names."""
    conversation = await _conversation(visit, visit.query_number)
    conversation_id = None if conversation is None else conversation.conversation_id
    check = partial(may_read, visit.context, visit.secret, conversation_id)
    return open_stream(visit, conversation, Reader(user_id=visit.user.id), check)


async def mark(visit: Visit) -> Answer:
    """Store that the user has read a conversation up to a timestamp.

    Scripts send it while nobody waits for an answer; without scripts it is a form.
    """
    conversation = await _conversation(
        visit, lambda name: visit.number(name) if visit.field(name) else 0
    )
    if conversation is None:
        raise BadRequestError("A room or a chat is needed")
    read_us = read_timestamp(visit.field("at"))
    if await mark_as_read(visit.context, conversation.conversation_id, read_us):
        await visit.feeds.updates.apply_marks()
    if visit.field("quiet"):
        return Answer(204)
    return visit.redirect(conversation.address)


async def _conversation(
    visit: Visit, number_of: Callable[[str], int]
) -> ConversationView | None:
    """Return the room or private chat that a request names; `None` if it names neither."""
    context = visit.context
    if room_id := number_of("room"):
        return conversation_of(await find_room(context.stores, context.actor, room_id))
    if user_id := number_of("chat"):
        return chat_conversation(await open_private_chat(context, user_id))
    return None


VIEWS = [
    ViewRoute("/feed", follow, for_guests=True),
    ViewRoute("/read", mark, method="POST", for_guests=True),
]
