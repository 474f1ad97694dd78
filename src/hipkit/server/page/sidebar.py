"""The list of conversations beside every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hipkit.server.http.requests import Request
from hipkit.server.page.security import read_cookies
from hipkit.server.services.context import Context
from hipkit.server.services.messages.unread import (
    MOST_COUNTED,
    ConversationSummary,
    list_conversations,
)

__all__ = [
    "BY_NAME",
    "NEWEST_FIRST",
    "SORT_COOKIE",
    "Sidebar",
    "address_of",
    "load_sidebar",
    "show_count",
    "sorting_of",
]

BY_NAME, NEWEST_FIRST = "name", "newest"
SORT_COOKIE = "hipkit-sort"
MOST_CHATS = 20
"""How many private chats are listed, the latest; those with unread messages all are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidebar:
    """The conversations of a user, in the order that their browser chose.

    Attributes:
        changes_seen: The number of the last change of a part of pages that is shown.
    """

    rooms: Sequence[ConversationSummary]
    archived: Sequence[ConversationSummary]
    chats: Sequence[ConversationSummary]
    sorting: str
    changes_seen: int

    @property
    def unread(self) -> int:
        """How many messages are unread in all of them."""
        return sum(one.unread.count for one in (*self.rooms, *self.chats))

    def read_us(self, conversation_id: int) -> int | None:
        """Return up to which message a conversation was read; `None` if nothing is unread."""
        for one in (*self.rooms, *self.chats):
            if one.conversation_id == conversation_id and one.unread.count:
                return one.read_us
        return None


async def load_sidebar(context: Context, sorting: str) -> Sidebar:
    """Return the conversations of the user who acts."""
    actor = context.actor
    # Before the list is read: a change in between is shown twice rather than never.
    changes_seen = await context.stores.page_changes.newest()
    found = await context.runtime.database.scan(
        lambda stores: list_conversations(stores, actor)
    )
    found.sort(key=lambda one: one.name.casefold())
    chats = sorted(
        (one for one in found if one.user_id is not None),
        key=_last_active,
        reverse=True,
    )
    if sorting == NEWEST_FIRST:
        found.sort(key=_last_active, reverse=True)
    rooms = [one for one in found if one.room_id is not None]
    return Sidebar(
        rooms=[one for one in rooms if not one.is_archived],
        archived=[one for one in rooms if one.is_archived],
        chats=[
            one
            for place, one in enumerate(chats)
            if place < MOST_CHATS or one.unread.count
        ],
        sorting=sorting,
        changes_seen=changes_seen,
    )


def sorting_of(request: Request) -> str:
    """Return how a browser sorts rooms."""
    is_newest = read_cookies(request).get(SORT_COOKIE) == NEWEST_FIRST
    return NEWEST_FIRST if is_newest else BY_NAME


def address_of(conversation: ConversationSummary) -> str:
    """Return the path of a conversation's page."""
    if conversation.room_id is not None:
        return f"/rooms/{conversation.room_id}"
    return f"/chats/{conversation.user_id}"


def show_count(count: int) -> str:
    """Return a count as it is shown."""
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count)


def _last_active(conversation: ConversationSummary) -> int:
    return conversation.last_active_us or 0
