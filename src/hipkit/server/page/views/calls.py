"""Recent API calls of each token, with advice on those that failed."""

from __future__ import annotations

from collections.abc import Iterable

from hipkit.server.http.responses import Answer
from hipkit.server.page.advice import advice_on
from hipkit.server.page.views.tokens import show_tokens_of
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.token_calls import (
    list_calls_without_token,
    list_token_calls,
    list_tokens_by_last_call,
)
from hipkit.server.shared.recent_calls import RecentCall
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = ["VIEWS"]

MOST_QUIET = 50
"""How many tokens without a recent call are listed."""


async def show_overview(visit: Visit) -> Answer:
    """Show the tokens whose calls the user may see, the one with the latest call first."""
    called, quiet = await list_tokens_by_last_call(visit.context)
    return await visit.page(
        "calls.html",
        called=await show_tokens_of(visit, called),
        quiet=await show_tokens_of(visit, quiet[:MOST_QUIET]),
    )


async def show_calls(visit: Visit) -> Answer:
    """Show the calls of one token; htmx polls for newer ones."""
    token_id, after = visit.number("token_id"), visit.query_number("after")
    token, calls = await list_token_calls(visit.context, token_id, after)
    return await _answer(visit, calls, token)


async def show_without_token(visit: Visit) -> Answer:
    """Show the calls without a valid token."""
    calls = await list_calls_without_token(visit.context, visit.query_number("after"))
    return await _answer(visit, calls, None)


async def _answer(
    visit: Visit, calls: Iterable[RecentCall], token: TokenRecord | None
) -> Answer:
    """Answer with calls; htmx gets newer ones, and an element that polls for the next."""
    scopes = [] if token is None else token.scopes.split()
    shown = [(call, advice_on(call, scopes)) for call in calls]
    if visit.is_htmx:
        return visit.part("newer_calls.html", calls=shown) if shown else Answer(204)
    described = None if token is None else (await show_tokens_of(visit, [token]))[0]
    return await visit.page("token_calls.html", token=described, calls=shown)


VIEWS = [
    ViewRoute("/calls", show_overview),
    ViewRoute("/calls/without-token", show_without_token),
    ViewRoute("/calls/{token_id}", show_calls),
]
