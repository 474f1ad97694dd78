"""Kinds of tokens, and the scopes that each person's may have."""

from __future__ import annotations

from typing import Literal, cast

from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["GROUP_SCOPES", "SCOPES", "TokenKind", "grantable_scopes", "token_kind"]

TokenKind = Literal["group client", "room client", "user", "room notification"]

SCOPES = {
    "admin_group": "Administer the group: its users and their photos",
    "admin_room": "Administer rooms: settings, topic, members, webhooks",
    "import_data": "Bring in rooms, users and messages with dates of their own",
    "manage_rooms": "Create, update and delete rooms",
    "send_message": "Send messages as a user",
    "send_notification": "Send notifications to rooms",
    "view_group": "See users, rooms and other things of the group",
    "view_messages": "See the messages of rooms and private chats",
    "view_room": "See a room and who is in it, without its messages",
}

GROUP_SCOPES = frozenset({"admin_group", "import_data", "manage_rooms"})
"""Scopes over the whole group, which nothing that is bound to one room can have."""

ADMIN_SCOPES = frozenset({"admin_group", "import_data"})
"""Scopes that only an administrator of the group can have."""

GUEST_SCOPES = frozenset({"send_message", "view_messages", "view_room"})
"""All that a guest can have: the group, its people and its lists are not theirs to see."""


def grantable_scopes(user: UserRecord) -> frozenset[str]:
    """Return every scope that a person's token may have."""
    if user.is_guest:
        return GUEST_SCOPES
    return frozenset(SCOPES) - (frozenset() if user.is_group_admin else ADMIN_SCOPES)


def token_kind(token: TokenRecord) -> TokenKind:
    """Return the kind that a stored token is of."""
    return cast("TokenKind", token.kind)
