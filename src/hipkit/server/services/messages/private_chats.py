"""Private chats: who has them with whom, and how messages, links and files are sent.

`history.py` reads them. They belong to two users, and nobody else reads, counts or finds them,
administrators included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import chatting_user, find_user
from hipkit.server.services.context import Context
from hipkit.server.services.messages.message import add_to_private_chat, new_message
from hipkit.server.services.messages.posting import (
    Compose,
    check_length,
    compose_link,
    share_file,
)
from hipkit.server.services.registry import handles
from hipkit.server.services.senders.people import find_recipient
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.users import (
    SendPrivatechatMessage,
    ShareFileWithUser,
    ShareLinkWithUser,
)

__all__ = [
    "PrivateChat",
    "check_writable",
    "list_chat_partners",
    "list_private_chats",
    "open_private_chat",
    "send_privatechat_message",
    "share_file_with_user",
    "share_link_with_user",
]

MOST_CHATS = 100
"""How many private chats a list has, the latest."""

MOST_PEOPLE = 10_000
"""How many users a text is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateChat:
    """A private chat of the actor's.

    Attributes:
        other: The user at the other end.
        last_active_us: When the last message was sent; `None` before the first.
    """

    other: UserRecord
    conversation_id: int
    last_active_us: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the other user can still read messages here."""
        return not (self.other.is_deleted or self.other.is_guest)


async def list_private_chats(context: Context) -> list[PrivateChat]:
    """Return the actor's private chats that hold messages, the latest first; guests have none."""
    user = context.actor.user
    if user is None or user.is_guest:
        return []
    found = await context.stores.messages.private_chats(user.id, count=MOST_CHATS)
    people = await context.stores.users.by_ids({chat.other_id for chat in found})
    return [
        PrivateChat(
            other=people[chat.other_id],
            conversation_id=chat.conversation_id,
            last_active_us=chat.last_active_us,
        )
        for chat in found
    ]


async def list_chat_partners(context: Context, text: str = "") -> list[UserRecord]:
    """Return the users with whom the actor may begin a chat, in the order of their names.

    Args:
        context: Of a user.
        text: A part of the name or mention name, whatever the case; empty for all.

    Raises:
        ForbiddenError: The actor is a guest.
    """
    caller = chatting_user(context.actor)
    found = await context.runtime.database.scan(
        lambda stores: stores.users.page(
            caller.group_id,
            include_guests=False,
            include_deleted=False,
            start=0,
            count=MOST_PEOPLE,
        )
    )
    wanted = text.removeprefix("@").casefold()
    people = [
        user
        for user in found
        if user.id != caller.id
        and (wanted in user.name.casefold() or wanted in user.mention_name.casefold())
    ]
    return sorted(people, key=lambda user: user.name.casefold())


async def open_private_chat(context: Context, reference: str | int) -> PrivateChat:
    """Return the actor's private chat with another user; the first time it is created, empty.

    Raises:
        ForbiddenError: The actor is a guest.
        NotFoundError: The group has no such user. Deleted users and guests are found if there is
            a chat with them already.
    """
    caller = chatting_user(context.actor)
    other = await find_user(context.stores, context.actor, reference)
    messages = context.stores.messages
    conversation_id = await messages.private_conversation(caller.id, other.id)
    if conversation_id is None:
        if other.is_deleted or other.is_guest:
            raise NotFoundError(f"User {reference} not found")
        conversation_id = await context.write(
            lambda stores: stores.messages.open_private_conversation(
                caller.group_id, caller.id, other.id
            )
        )
    return PrivateChat(other=other, conversation_id=conversation_id)


def check_writable(chat: PrivateChat) -> None:
    """Check that somebody would read a message in a chat.

    Raises:
        NotFoundError: The other user was deleted, or is a guest.
    """
    if not chat.is_open:
        raise NotFoundError(f"User {chat.other.id} not found")


@handles(SendPrivatechatMessage)
async def send_privatechat_message(
    context: Context, request: SendPrivatechatMessage
) -> None:
    """Send a message to another user.

    Raises:
        InvalidValueError: It is longer than a message may be.
    """
    check_length(request.message)
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
    if context.actor.kind != "sender":
        await find_user(context.stores, context.actor, reference)
    await share_file(context, request, partial(_send, context, reference))


async def _send(context: Context, reference: str | int, compose: Compose) -> None:
    async def command(stores: Stores) -> None:
        caller = chatting_user(context.actor)
        other = await find_recipient(context, stores, reference)
        if other.is_deleted:
            raise NotFoundError(f"User {reference} not found")
        conversation_id = await stores.messages.open_private_conversation(
            caller.group_id, caller.id, other.id
        )
        context.count_message(conversation_id)
        message = await compose(stores)
        await add_to_private_chat(
            context, stores, conversation_id, message, recipient=other
        )

    await context.write(command)
