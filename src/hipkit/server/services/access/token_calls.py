"""API calls: who may see which of them, how much of each, and what they belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.api.secret import HIDDEN
from hipkit.server.services.access.lookup import find_seen_room
from hipkit.server.services.access.missing import Missing, MissingFinder
from hipkit.server.services.access.tokens import (
    find_managed_token,
    list_managed_tokens,
)
from hipkit.server.services.context import Context
from hipkit.server.shared.recent_calls import CallCounts, CallFilter, RecentCall
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "SeenCall",
    "WantedCalls",
    "count_calls",
    "list_callers",
    "list_calls",
    "list_tokens_by_last_call",
    "may_see_strangers",
]

PRIVATE_CHAT = frozenset(
    {
        "get_file",
        "get_privatechat_history",
        "get_privatechat_message",
        "get_recent_privatechat_history",
        "send_privatechat_message",
        "share_file_with_user",
        "share_link_with_user",
    }
)
"""Operations whose bodies may hold something of a private chat."""
USER_PATH = re.compile(r"/users?(?:/|\Z)", re.IGNORECASE)
"""A mistaken path that may have been meant for one of them."""
QUERY_VALUE = re.compile("=[^&;]*")
WITHHELD = "(a private chat: shown to the token's owner only)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCalls(CallFilter):
    """Which calls somebody asks for; `tokens` are then those of them that they may see.

    Attributes:
        token_id: Of one token.
        has_no_token: Whether only those without a valid token are wanted.
    """

    token_id: int | None = None
    has_no_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCall:
    """A call, and what of it the actor may go on to.

    Attributes:
        call: The call, without what the actor may not see.
        token: Its token; `None` for a call without a valid one.
        room: The room that it named or posted to, if the actor may see it.
        message: The message that it created there, unless the message is gone.
        missing: What it named in vain, if that is why it failed.
        token_room: The room that the token is limited to, if the actor may see it.
    """

    call: RecentCall
    token: TokenRecord | None
    room: RoomRecord | None
    message: MessageRecord | None
    missing: Missing | None = None
    token_room: RoomRecord | None = None


async def list_calls(
    context: Context,
    wanted: WantedCalls,
    *,
    after: int = 0,
    before: int | None = None,
    count: int,
) -> list[SeenCall]:
    """Return the calls that the actor may see, the newest first.

    What may be of a private chat is shown to the token's owner only: administrators cannot read
    private chats anywhere else either.

    Args:
        context: The context of the call.
        wanted: Which ones.
        after: A call's number; only newer ones are returned.
        before: A call's number; only older ones are returned.
        count: How many at most.

    Raises:
        NotFoundError: The token does not exist, or the actor may not see its calls.
        ForbiddenError: The actor may not see calls without a valid token.
    """
    tokens = await _seen_tokens(context, wanted, after)
    calls = context.runtime.recent_calls.find(
        replace(wanted, tokens=tokens), after=after, before=before, count=count
    )
    places, finder = _Places(context), MissingFinder(context)
    return [
        await _seen(context, places, finder, call, tokens[call.token_id])
        for call in calls
    ]


async def count_calls(context: Context, wanted: WantedCalls) -> CallCounts:
    """Return how many calls are kept that the actor may see, and how many of them failed.

    Raises:
        NotFoundError: The token does not exist, or the actor may not see its calls.
        ForbiddenError: The actor may not see calls without a valid token.
    """
    tokens = await _seen_tokens(context, wanted)
    everything = replace(wanted, tokens=tokens, only_failed=False)
    return context.runtime.recent_calls.count(everything)


async def list_callers(context: Context) -> list[TokenRecord]:
    """Return the tokens with calls that the actor may see, the latest caller first."""
    tokens = await _seen_tokens(context, WantedCalls())
    last_us = context.runtime.recent_calls.last_us
    callers = [token for token in tokens.values() if token is not None]
    return sorted(callers, key=lambda token: last_us(token.id) or 0, reverse=True)


async def list_tokens_by_last_call(
    context: Context,
) -> tuple[list[TokenRecord], list[TokenRecord]]:
    """Return the valid tokens whose calls the actor may see: those with calls, and the others.

    The token with the latest call is the first.
    """
    last_us = context.runtime.recent_calls.last_us
    tokens = await list_managed_tokens(context)
    called = [token for token in tokens if last_us(token.id) is not None]
    called.sort(key=lambda token: last_us(token.id) or 0, reverse=True)
    return called, [token for token in tokens if last_us(token.id) is None]


async def may_see_strangers(context: Context) -> bool:
    """Return whether the actor may see calls without a valid token.

    They belong to no group, so only administrators of the first group may, who run the server.
    """
    first = await context.stores.groups.first()
    is_first = first is not None and first.id == context.actor.group_id
    return is_first and context.actor.is_group_admin


async def _seen_tokens(
    context: Context, wanted: WantedCalls, after: int = 0
) -> Mapping[int | None, TokenRecord | None]:
    """Return the tokens with calls after a number that are wanted and may be seen, by id."""
    if wanted.token_id is not None:
        token = await find_managed_token(context, context.stores, wanted.token_id)
        return {token.id: token}
    strangers: dict[int | None, TokenRecord | None] = {}
    if await may_see_strangers(context):
        strangers[None] = None
    elif wanted.has_no_token:
        raise ForbiddenError("Only the group's administrators may see that")
    if wanted.has_no_token:
        return strangers
    ids = context.runtime.recent_calls.tokens(after) - {None}

    async def query(stores: Stores) -> dict[int | None, TokenRecord | None]:
        found: dict[int | None, TokenRecord | None] = {}
        for token_id in ids:
            token = await _managed_or_none(context, stores, token_id or 0)
            if token is not None:
                found[token.id] = token
        return found

    return strangers | await context.runtime.database.scan(query) if ids else strangers


async def _managed_or_none(
    context: Context, stores: Stores, token_id: int
) -> TokenRecord | None:
    try:
        return await find_managed_token(context, stores, token_id)
    except NotFoundError:
        return None


async def _seen(
    context: Context,
    places: _Places,
    finder: MissingFinder,
    call: RecentCall,
    token: TokenRecord | None,
) -> SeenCall:
    user_id = context.actor.user_id
    is_own = token is not None and token.user_id == user_id is not None
    if _is_of_private_chat(call) and not is_own:
        call = _without_bodies(call)
    message = None
    room = await places.room(call.room)
    if call.message is not None:
        posted_to = await places.room_of(call.message[0])
        if posted_to is not None:
            room, message = posted_to, await context.stores.messages.get(*call.message)
    return SeenCall(
        call=call,
        token=token,
        room=room,
        message=message,
        missing=await finder.find(call),
        token_room=None if token is None else await places.room(token.room_id),
    )


def _is_of_private_chat(call: RecentCall) -> bool:
    if call.operation_id in PRIVATE_CHAT:
        return True
    path = unquote(call.target.partition("?")[0])
    return call.operation_id == "unknown" and USER_PATH.search(path) is not None


def _without_bodies(call: RecentCall) -> RecentCall:
    """Return a call without anything that its sender wrote, or that it was answered."""
    path, mark, query = call.target.partition("?")
    return replace(
        call,
        target=path + mark + QUERY_VALUE.sub(f"={HIDDEN}", query),
        # An empty body stays one: that it is missing is what went wrong.
        request_body=call.request_body and WITHHELD,
        answer=WITHHELD,
        problem=call.problem and WITHHELD,
        note=None,
    )


class _Places:
    """Finds the rooms of calls, as far as the actor may see them; each once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rooms: dict[str | int | None, RoomRecord | None] = {None: None}
        self._conversations: dict[int, int | None] = {}

    async def room(self, reference: str | int | None) -> RoomRecord | None:
        """Return a room by id or name."""
        if reference not in self._rooms:
            self._rooms[reference] = await find_seen_room(
                self._context.stores, self._context.actor, reference or ""
            )
        return self._rooms[reference]

    async def room_of(self, conversation_id: int) -> RoomRecord | None:
        """Return the room of a conversation."""
        if conversation_id not in self._conversations:
            messages = self._context.stores.messages
            found = await messages.conversation(conversation_id)
            self._conversations[conversation_id] = (
                None if found is None else found.room_id
            )
        return await self.room(self._conversations[conversation_id])
