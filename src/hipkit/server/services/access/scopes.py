"""Scopes and kinds of tokens: what exists, and what users may have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, cast

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "GROUP_SCOPES",
    "SCOPES",
    "TokenKind",
    "check_scopes",
    "grantable_scopes",
    "name_kind",
    "split_scopes",
    "token_kind",
]

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
"""Scopes over the whole group. A token or client of one room cannot have them."""

ADMIN_SCOPES = frozenset({"admin_group", "import_data"})
"""Scopes that only administrators of the group can have."""

GUEST_SCOPES = frozenset({"send_message", "view_messages", "view_room"})
"""The only scopes that guests can have: they see neither the group nor its lists."""


def name_kind(token: TokenRecord) -> str:
    """Return what HipChat called a token of this kind, as people read it."""
    if token.kind == "room notification":
        return "room notification token"
    if token.kind != "user":
        return "add-on token"
    return "personal token" if token.client_id is None else "user token"


def grantable_scopes(user: UserRecord) -> frozenset[str]:
    """Return every scope that a user's token may have."""
    if user.is_guest:
        return GUEST_SCOPES
    return frozenset(SCOPES) - (frozenset() if user.is_group_admin else ADMIN_SCOPES)


def split_scopes(text: str) -> frozenset[str]:
    """Return the scopes of a parameter, which are separated by spaces or commas."""
    return frozenset(text.replace(",", " ").split())


def check_scopes(
    scopes: Collection[str], allowed: Collection[str] = SCOPES.keys()
) -> frozenset[str]:
    """Return scopes that all exist and are allowed.

    Raises:
        InvalidValueError: One does not exist, or is not allowed.
    """
    chosen, granted = frozenset(scopes), frozenset(allowed)
    unknown = " ".join(sorted(chosen - SCOPES.keys()))
    if unknown:
        raise InvalidValueError("scope", "enum", "is not a scope", unknown)
    if not chosen <= granted:
        problem = f"is more than was granted: {' '.join(sorted(granted)) or 'nothing'}"
        raise InvalidValueError("scope", "enum", problem, " ".join(sorted(chosen)))
    return chosen


def token_kind(token: TokenRecord) -> TokenKind:
    """Return the kind of a stored token."""
    return cast("TokenKind", token.kind)
