"""Recent API calls of each token, with advice on those that failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hipkit.server.http.responses import Answer
from hipkit.server.page.advice import advice_on
from hipkit.server.page.views.tokens import show_tokens_of
from hipkit.server.page.visit import Visit, view
from hipkit.server.services.access.token_calls import (
    list_calls_without_token,
    list_token_calls,
    list_tokens_by_last_call,
)
from hipkit.server.shared.recent_calls import RecentCall

__all__ = ["VIEWS"]

MOST_QUIET = 50
"""How many tokens without a recent call are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call, and advice on it."""

    record: RecentCall
    advice: str | None


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
    token, calls = await list_token_calls(
        visit.context,
        visit.number("token_id"),
        visit.query_number("after"),
    )
    shown = _shown(calls, token.scopes.split())
    if visit.is_htmx:
        return _newer(visit, shown)
    [described] = await show_tokens_of(visit, [token])
    return await visit.page("token_calls.html", token=described, calls=shown)


async def show_without_token(visit: Visit) -> Answer:
    """Show the calls without a valid token."""
    calls = await list_calls_without_token(visit.context, visit.query_number("after"))
    shown = _shown(calls, ())
    if visit.is_htmx:
        return _newer(visit, shown)
    return await visit.page("token_calls.html", token=None, calls=shown)


def _newer(visit: Visit, shown: list[CallView]) -> Answer:
    """Answer with newer calls, and an element that polls for the next ones."""
    if not shown:
        return Answer(204)
    return visit.part("newer_calls.html", calls=shown)


def _shown(calls: Iterable[RecentCall], scopes: Iterable[str]) -> list[CallView]:
    known = tuple(scopes)
    return [CallView(record=call, advice=advice_on(call, known)) for call in calls]


VIEWS = [
    view("/calls", show_overview),
    view("/calls/without-token", show_without_token),
    view("/calls/{token_id}", show_calls),
]
