"""Recent API calls, token by token: what came, what was answered, and what to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from starlette.responses import Response

from hipkit.api.errors import ForbiddenError
from hipkit.server.page.explaining import explain
from hipkit.server.page.views.tokens import show_tokens_of
from hipkit.server.page.visit import Visit, view
from hipkit.server.services.access.tokens import (
    find_shown_token,
    list_group_tokens,
    list_own_tokens,
    list_room_tokens,
)
from hipkit.server.shared.recent_calls import RecentCall
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = ["VIEWS"]


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
WITHHELD = "(a private chat: shown to the token's owner alone)"

MOST_QUIET = 50
"""Tokens without a call are listed too, but not by the thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A call, and what to do about it."""

    record: RecentCall
    advice: str | None


async def show_overview(visit: Visit) -> Response:
    """Show the tokens whose calls one may see, the latest called first."""
    tokens = await _tokens(visit)
    last_us = visit.server.recent_calls.last_us
    called = sorted(
        (token for token in tokens if last_us(token.id)),
        key=lambda token: last_us(token.id) or 0,
        reverse=True,
    )
    quiet = [token for token in tokens if not last_us(token.id)]
    return await visit.page(
        "calls.html",
        called=await show_tokens_of(visit, called),
        quiet=await show_tokens_of(visit, quiet[:MOST_QUIET]),
    )


async def show_calls(visit: Visit) -> Response:
    """Show the calls of one token; a script asks for those that are new."""
    context = visit.context
    token = await find_shown_token(context, context.stores, visit.number("token_id"))
    after = visit.query_number("after")
    calls = visit.server.recent_calls.of_token(token.id, after)
    is_own = token.user_id in (None, visit.user.id)
    shown = _shown(calls, token.scopes.split(), is_own=is_own)
    if visit.is_htmx:
        return _newer(visit, shown)
    [described] = await show_tokens_of(visit, [token])
    return await visit.page("token_calls.html", token=described, calls=shown)


async def show_without_token(visit: Visit) -> Response:
    """Show an administrator the calls that no good token came with.

    Whose they are nobody knows, so they are shown in one group alone: the first, which is of
    those who run the server.
    """
    first = await visit.context.stores.groups.first()
    is_first = first is not None and first.id == visit.user.group_id
    if not (is_first and visit.user.is_group_admin):
        raise ForbiddenError("Only the group's administrators may see that")
    calls = visit.server.recent_calls.without_token(visit.query_number("after"))
    shown = _shown(calls, ())
    if visit.is_htmx:
        return _newer(visit, shown)
    return await visit.page("token_calls.html", token=None, calls=shown)


async def _tokens(visit: Visit) -> list[TokenRecord]:
    context = visit.context
    if visit.user.is_group_admin:
        return await list_group_tokens(context)
    return [*await list_own_tokens(context), *await list_room_tokens(context)]


def _newer(visit: Visit, shown: list[ShownCall]) -> Response:
    """Answer with calls to put above the others, and with a question for the next ones."""
    if not shown:
        return Response(status_code=204)
    return visit.part("newer_calls.html", calls=shown)


def _shown(
    calls: Iterable[RecentCall], scopes: Iterable[str], *, is_own: bool = True
) -> list[ShownCall]:
    known = tuple(scopes)
    return [
        ShownCall(
            record=call if is_own else _without_private_chat(call),
            advice=explain(call, known),
        )
        for call in calls
    ]


def _without_private_chat(call: RecentCall) -> RecentCall:
    """Leave out what two people say to each other: an administrator reads it nowhere else."""
    if call.operation_id not in PRIVATE_CHAT:
        return call
    return replace(
        call, request_body=WITHHELD, answer=WITHHELD, problem=None, note=None
    )


VIEWS = [
    view("/calls", show_overview),
    view("/calls/without-token", show_without_token),
    view("/calls/{token_id}", show_calls),
]
