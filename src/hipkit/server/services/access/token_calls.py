"""API calls: who may see which of them, how much of each, and what they belong to."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.api.secret import HIDDEN
from hipkit.server.services.access.lookup import find_seen_room
from hipkit.server.services.access.missing import Missing, MissingFinder
from hipkit.server.services.access.tokens import list_managed_tokens, may_manage
from hipkit.server.services.context import Context
from hipkit.server.shared.recent_calls import CallCounts, CallFilter, RecentCall
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "Caller",
    "SeenCall",
    "WantedCalls",
    "count_calls",
    "find_caller",
    "list_callers",
    "list_calls",
    "list_quiet_tokens",
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
        client_id: Of the tokens of one OAuth client, such as an add-on; empty for all.
    """

    token_id: int | None = None
    has_no_token: bool = False
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCall:
    """A call, and what of it the actor may go on to.

    Attributes:
        call: The call, without what the actor may not see.
        token: Its token as it is, or was when it was revoked; `None` for a call without a valid
            one.
        room: The room that it named or posted to, if the actor may see it.
        message: The message that it created there, unless the message is gone.
        missing: What it named in vain, if that is why it failed.
        token_room: The room that the token is limited to, if the actor may see it.
        owner: The user whom the token acts for.
        is_revoked: Whether the token does not exist any more.
    """

    call: RecentCall
    token: TokenRecord | None
    room: RoomRecord | None
    message: MessageRecord | None
    missing: Missing | None = None
    token_room: RoomRecord | None = None
    owner: UserRecord | None = None
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """A token with calls.

    Attributes:
        token: The token, as it is or was.
        is_revoked: Whether it does not exist any more.
    """

    token: TokenRecord
    is_revoked: bool


_Callers = Mapping[int | None, Caller | None]
"""The tokens whose calls may be seen, by their ids; `None` for calls without a valid one."""


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
    callers = await _seen_callers(context, wanted, after)
    calls = context.runtime.recent_calls.find(
        replace(wanted, tokens=callers), after=after, before=before, count=count
    )
    places, finder = _Places(context), MissingFinder(context)
    return [
        await _seen(context, places, finder, call, callers[call.token_id])
        for call in calls
    ]


async def count_calls(context: Context, wanted: WantedCalls) -> CallCounts:
    """Return how many calls are kept that the actor may see, and how many of them failed.

    Raises:
        NotFoundError: The token does not exist, or the actor may not see its calls.
        ForbiddenError: The actor may not see calls without a valid token.
    """
    callers = await _seen_callers(context, wanted)
    everything = replace(wanted, tokens=callers, only_failed=False)
    return context.runtime.recent_calls.count(everything)


async def find_caller(context: Context, token_id: int) -> Caller:
    """Return a token whose calls the actor may see.

    Raises:
        NotFoundError: The token does not exist, or the actor may not see its calls.
    """
    known = context.runtime.recent_calls.tokens().get(token_id)
    return await _find_caller(context, context.stores, token_id, known)


async def list_callers(context: Context, client_id: str = "") -> list[Caller]:
    """Return the tokens with calls that the actor may see, the latest caller first.

    With `client_id`, only those of one OAuth client.
    """
    callers = await _seen_callers(context, WantedCalls(client_id=client_id))
    last_us = context.runtime.recent_calls.last_us
    found = [caller for caller in callers.values() if caller is not None]
    return sorted(found, key=lambda one: last_us(one.token.id) or 0, reverse=True)


async def list_quiet_tokens(context: Context) -> list[TokenRecord]:
    """Return the valid tokens without calls that the actor manages."""
    last_us = context.runtime.recent_calls.last_us
    tokens = await list_managed_tokens(context)
    return [token for token in tokens if last_us(token.id) is None]


async def may_see_strangers(context: Context) -> bool:
    """Return whether the actor may see calls without a valid token.

    They belong to no group, so only administrators of the first group may, who run the server.
    """
    first = await context.stores.groups.first()
    is_first = first is not None and first.id == context.actor.group_id
    return is_first and context.actor.is_group_admin


async def _seen_callers(
    context: Context, wanted: WantedCalls, after: int = 0
) -> _Callers:
    """Return the tokens with calls after a number that are wanted and may be seen, by id."""
    if wanted.token_id is not None:
        return {wanted.token_id: await find_caller(context, wanted.token_id)}
    strangers: dict[int | None, Caller | None] = {}
    if await may_see_strangers(context):
        strangers[None] = None
    elif wanted.has_no_token:
        raise ForbiddenError("Only the group's administrators may see that")
    if wanted.has_no_token:
        return strangers
    if wanted.client_id:
        strangers = {}
    known = [
        one
        for one in context.runtime.recent_calls.tokens(after).values()
        if one and wanted.client_id in ("", one.client_id)
    ]

    async def query(stores: Stores) -> dict[int | None, Caller | None]:
        found: dict[int | None, Caller | None] = {}
        for token in known:
            with contextlib.suppress(NotFoundError):
                found[token.id] = await _find_caller(context, stores, token.id, token)
        return found

    if not known:
        return strangers
    return strangers | await context.runtime.database.scan(query)


async def _find_caller(
    context: Context, stores: Stores, token_id: int, known: TokenRecord | None
) -> Caller:
    """Return a token whose calls the actor may see, revoked or not.

    Whoever managed it goes on to see its calls: who looks why a program fails may have revoked
    its token for that reason.
    """
    token = await stores.tokens.get(token_id)
    is_revoked, token = token is None, token or known
    if token is None or not await may_manage(context, stores, token):
        raise NotFoundError(f"Token {token_id} not found")
    return Caller(token, is_revoked)


async def _seen(
    context: Context,
    places: _Places,
    finder: MissingFinder,
    call: RecentCall,
    caller: Caller | None,
) -> SeenCall:
    user_id = context.actor.user_id
    token = None if caller is None else caller.token
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
        owner=None if token is None else await places.user(token.user_id),
        is_revoked=caller is not None and caller.is_revoked,
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
    """Finds the rooms of calls, as far as the actor may see them, and users; each once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rooms: dict[str | int | None, RoomRecord | None] = {None: None}
        self._conversations: dict[int, int | None] = {}
        self._users: dict[int | None, UserRecord | None] = {None: None}

    async def user(self, user_id: int | None) -> UserRecord | None:
        """Return a user."""
        if user_id not in self._users:
            self._users[user_id] = await self._context.stores.users.get(user_id or 0)
        return self._users[user_id]

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
