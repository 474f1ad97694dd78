"""Private chats: with whom one may begin, and each with its messages and a form to send one.

An address names the other user, so nobody can name the chat of two others.
"""

from __future__ import annotations

from hipkit.server.http.responses import Answer
from hipkit.server.page.composer import read_post
from hipkit.server.page.history import ConversationView
from hipkit.server.page.views.conversations import (
    allow_pictures,
    chat_conversation,
    read_part,
    show_part,
)
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.messages.private_chats import (
    PrivateChat,
    check_writable,
    list_chat_partners,
    list_private_chats,
    open_private_chat,
    send_privatechat_message,
    share_file_with_user,
)
from hipkit.v2.users import SendPrivatechatMessage, ShareFileWithUser

__all__ = ["VIEWS"]

MOST_PEOPLE = 100


async def show_chats(visit: Visit) -> Answer:
    """Show the user's private chats, and people to begin one with."""
    text = visit.query("q").strip()
    people = await list_chat_partners(visit.context, text)
    return await visit.page(
        "chats.html",
        text=text,
        chats=await list_private_chats(visit.context),
        people=people[:MOST_PEOPLE],
        left_out=max(0, len(people) - MOST_PEOPLE),
    )


async def show_chat(visit: Visit) -> Answer:
    """Show a private chat: its newest messages, or those around the one in the query."""
    chat, conversation = await _find(visit)
    answer = await visit.page(
        "chat.html",
        chat=chat,
        conversation=conversation,
        part=await read_part(visit, conversation),
        at=visit.query("at"),
    )
    return allow_pictures(visit, answer)


async def show_history(visit: Visit) -> Answer:
    """Show the part of the history that adjoins what the reader has."""
    _, conversation = await _find(visit)
    return await show_part(visit, conversation)


async def post_message(visit: Visit) -> Answer:
    """Send a message or a file as the user; it arrives by the feed."""
    context = visit.context
    chat, conversation = await _find(visit)
    check_writable(chat)
    async with read_post(visit) as post:
        if post.file is not None:
            comment = post.text or None
            share = ShareFileWithUser(chat.other.id, file=post.file, message=comment)
            await share_file_with_user(context, share)
        elif post.text:
            message = SendPrivatechatMessage(chat.other.id, message=post.text)
            await send_privatechat_message(context, message)
    if visit.is_htmx:
        return Answer(204)
    return visit.redirect(conversation.address)


async def _find(visit: Visit) -> tuple[PrivateChat, ConversationView]:
    chat = await open_private_chat(visit.context, visit.number("user_id"))
    return chat, chat_conversation(chat)


VIEWS = [
    ViewRoute("/chats", show_chats),
    ViewRoute("/chats/{user_id}", show_chat),
    ViewRoute("/chats/{user_id}/history", show_history),
    ViewRoute("/chats/{user_id}/messages", post_message, method="POST"),
]
