"""Recent API calls: who may see which of them, and how much."""

from __future__ import annotations

from dataclasses import replace

from hipkit.api.errors import ForbiddenError
from hipkit.server.services.access.tokens import (
    find_managed_token,
    list_managed_tokens,
)
from hipkit.server.services.context import Context
from hipkit.server.shared.recent_calls import RecentCall
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = ["list_calls_without_token", "list_token_calls", "list_tokens_by_last_call"]

PRIVATE_CHAT = frozenset(
    {
        "get_privatechat_history",
        "get_privatechat_message",
        "get_recent_privatechat_history",
        "send_privatechat_message",
        "share_file_with_user",
        "share_link_with_user",
    }
)
WITHHELD = "(a private chat: shown to the token's owner only)"


async def list_tokens_by_last_call(
    context: Context,
) -> tuple[list[TokenRecord], list[TokenRecord]]:
    """Return the tokens whose calls the actor may see: those with calls, and the others.

    The token with the latest call is the first.
    """
    last_us = context.runtime.recent_calls.last_us
    tokens = await list_managed_tokens(context)
    called = [token for token in tokens if last_us(token.id) is not None]
    called.sort(key=lambda token: last_us(token.id) or 0, reverse=True)
    return called, [token for token in tokens if last_us(token.id) is None]


async def list_token_calls(
    context: Context, token_id: int, after: int = 0
) -> tuple[TokenRecord, list[RecentCall]]:
    """Return a token and its calls after a number, the newest first.

    Bodies of private chats are withheld, unless the token is the actor's own or has no user:
    administrators cannot read private chats anywhere else either.

    Raises:
        NotFoundError: The token does not exist, or the actor may not see its calls.
    """
    token = await find_managed_token(context, context.stores, token_id)
    calls = context.runtime.recent_calls.of_token(token.id, after)
    if token.user_id not in (None, context.actor.user_id):
        calls = [
            replace(
                call, request_body=WITHHELD, answer=WITHHELD, problem=None, note=None
            )
            if call.operation_id in PRIVATE_CHAT
            else call
            for call in calls
        ]
    return token, calls


async def list_calls_without_token(
    context: Context, after: int = 0
) -> list[RecentCall]:
    """Return the calls without a valid token, the newest first.

    They belong to no group, so only administrators of the first group may see them, who run the
    server.

    Raises:
        ForbiddenError: The actor is not an administrator of the first group.
    """
    first = await context.stores.groups.first()
    is_first = first is not None and first.id == context.actor.group_id
    if not (is_first and context.actor.is_group_admin):
        raise ForbiddenError("Only the group's administrators may see that")
    return context.runtime.recent_calls.of_token(None, after)
