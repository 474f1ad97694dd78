"""API calls: all that the user may see in one list, with advice on those that failed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from hipkit.api.errors import NotFoundError
from hipkit.server.http.responses import Answer
from hipkit.server.page.advice.calls import Advice, advice_on
from hipkit.server.page.rendering import abridged
from hipkit.server.page.views.tokens import show_tokens_of
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.token_calls import (
    Caller,
    SeenCall,
    WantedCalls,
    count_calls,
    find_caller,
    list_callers,
    list_calls,
    list_quiet_tokens,
    may_see_strangers,
)
from hipkit.server.services.addons.installing.listing import find_addon
from hipkit.server.services.errors import plain_words
from hipkit.server.services.representations.lines import shortened
from hipkit.server.shared.recent_calls import CallCounts, RecentCall
from hipkit.server.storage.stores.installations import InstallationRecord

__all__ = ["VIEWS"]

PART_CALLS = 50
MOST_NEW = 100
"""How many new calls appear at once on an open page."""
MOST_CHOICES = 200
"""How many tokens the filter offers: the latest callers."""
PROGRAM_CHARACTERS = 100
MOST_QUIET = 50
"""How many tokens without a recent call are listed."""

NO_TOKEN = "none"  # noqa: S105 - a word of the address, no token


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A call as the template shows it.

    Attributes:
        seen: The call, its token, room and message.
        problem: What was wrong, in plain words.
        advice: What to change.
        excerpt: The beginning of the message that it created.
        program: The beginning of its User-Agent; empty if it has none.
        is_body_unread: Whether it had a body that was not read, as it was refused before.
        repeated: The calls just before it that failed in the same way, the newest first.
    """

    seen: SeenCall
    problem: str | None
    advice: Advice | None
    excerpt: str | None
    program: str
    is_body_unread: bool
    repeated: Sequence[RecentCall] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What the page shows above the list.

    Attributes:
        wanted: The filters.
        counts: The calls that fit, whether they failed or not.
        is_filtered: Whether anything but failure matters.
        all_address: The same filters, and all calls.
        failed_address: The same filters, and failed calls only.
        address: The page's own, with the newest calls.
    """

    wanted: WantedCalls
    counts: CallCounts
    is_filtered: bool
    all_address: str
    failed_address: str
    address: str


async def show_calls(visit: Visit) -> Answer:
    """Show the latest calls that fit the filters; htmx polls for newer ones."""
    wanted = _wanted(visit)
    if visit.is_htmx:
        return await _show_newer(visit, wanted)
    context = visit.context
    before = visit.query_number("before") or None
    found = await list_calls(context, wanted, before=before, count=PART_CALLS + 1)
    callers = await list_callers(context)
    every_operation = await count_calls(context, replace(wanted, operation_id=""))
    caller = wanted.token_id and await find_caller(context, wanted.token_id)
    return await visit.page(
        "calls.html",
        calls=_folded(found[:PART_CALLS], wanted),
        before=found[PART_CALLS - 1].call.number if len(found) > PART_CALLS else 0,
        is_newest=before is None,
        after=found[0].call.number if found else 0,
        token=(await _described(visit, [caller]))[0] if caller else None,
        addon=await _addon(visit, wanted),
        callers=callers[:MOST_CHOICES],
        operation_ids=sorted(every_operation.operation_ids | {wanted.operation_id}),
        sees_strangers=await may_see_strangers(context),
        heading=await _heading(visit, wanted),
    )


async def _show_newer(visit: Visit, wanted: WantedCalls) -> Answer:
    """Answer with newer calls, and with an element that polls for the next."""
    after = visit.query_number("after")
    found = await list_calls(visit.context, wanted, after=after, count=MOST_NEW)
    if not found:
        return Answer(204)
    return visit.part(
        "newer_calls.html",
        calls=_folded(found, wanted),
        after=found[0].call.number,
        heading=await _heading(visit, wanted),
    )


async def _heading(visit: Visit, wanted: WantedCalls) -> Heading:
    filters = {
        "token": NO_TOKEN if wanted.has_no_token else wanted.token_id or "",
        "client": wanted.client_id,
        "operation": wanted.operation_id,
        "peer": wanted.peer,
        "request": wanted.request_id,
    }
    others = {name: value for name, value in filters.items() if value}
    failed = {"failed": "1", **others}
    return Heading(
        wanted=wanted,
        counts=await count_calls(visit.context, wanted),
        is_filtered=bool(others),
        all_address=_address(others),
        failed_address=_address(failed),
        address=_address(failed if wanted.only_failed else others),
    )


async def show_tokens(visit: Visit) -> Answer:
    """Show the tokens whose calls the user may see, the one with the latest call first."""
    quiet = await list_quiet_tokens(visit.context)
    return await visit.page(
        "callers.html",
        called=await _described(visit, await list_callers(visit.context)),
        quiet=await show_tokens_of(visit, quiet[:MOST_QUIET]),
    )


async def _described(
    visit: Visit, callers: Sequence[Caller]
) -> list[dict[str, object]]:
    """Return callers as templates show them: as tokens, with counts of their calls."""
    described = await show_tokens_of(visit, [caller.token for caller in callers])
    count_of = visit.context.runtime.recent_calls.count_of
    for shown, caller in zip(described, callers, strict=True):
        shown["is_revoked"] = caller.is_revoked
        shown["calls"], shown["failed"] = count_of(caller.token.id)
    return described


async def show_token(visit: Visit) -> Answer:
    """Redirect from where a token's calls once were."""
    return visit.redirect("/calls", token=str(visit.number("token_id")))


async def show_without_token(visit: Visit) -> Answer:
    """Redirect from where the calls without a valid token once were."""
    return visit.redirect("/calls", token=NO_TOKEN)


async def _addon(visit: Visit, wanted: WantedCalls) -> InstallationRecord | None:
    """Return the add-on whose calls are wanted, if the user may see it."""
    with contextlib.suppress(NotFoundError):
        return await find_addon(visit.context, wanted.client_id)
    return None


def _wanted(visit: Visit) -> WantedCalls:
    token = visit.query("token")
    return WantedCalls(
        token_id=visit.query_number("token") if token not in ("", NO_TOKEN) else None,
        has_no_token=token == NO_TOKEN,
        client_id=visit.query("client").strip(),
        only_failed=visit.query("failed") == "1",
        operation_id=visit.query("operation").strip(),
        peer=visit.query("peer").strip(),
        request_id=visit.query("request").strip(),
    )


def _folded(found: Sequence[SeenCall], wanted: WantedCalls) -> list[ShownCall]:
    """Return calls as they are shown: neighbours that failed in the same way as one.

    Those that the page has already stay apart from new ones, since one of them may be open.
    """
    if wanted.request_id:
        # A program may send the same id with all its calls: this is where each is seen.
        return [_shown(one) for one in found]
    shown = []
    for _, group in groupby(found, _likeness):
        newest, *others = group
        repeated = tuple(one.call for one in others)
        shown.append(replace(_shown(newest), repeated=repeated))
    return shown


def _likeness(seen: SeenCall) -> object:
    """Return what failed calls have in common that are shown as one."""
    call = seen.call
    if not call.is_failed:
        return call.number
    cause = call.status, call.problem
    return cause, call.method, call.target, call.token_id, call.peer, call.user_agent


def _shown(seen: SeenCall) -> ShownCall:
    excerpt = None
    if seen.message is not None and not seen.message.is_deleted:
        excerpt = abridged(seen.message)
    return ShownCall(
        seen=seen,
        problem=seen.call.problem and plain_words(seen.call.problem),
        advice=advice_on(seen),
        excerpt=excerpt,
        program=shortened(seen.call.user_agent, PROGRAM_CHARACTERS),
        is_body_unread=_has_body(seen.call) and not seen.call.request_body,
    )


def _has_body(call: RecentCall) -> bool:
    return any(
        name == "transfer-encoding" or (name == "content-length" and value != "0")
        for name, value in call.headers
    )


def _address(query: Mapping[str, object]) -> str:
    return f"/calls?{urlencode(query)}" if query else "/calls"


VIEWS = [
    ViewRoute("/calls", show_calls),
    ViewRoute("/calls/tokens", show_tokens),
    ViewRoute("/calls/without-token", show_without_token),
    ViewRoute("/calls/{token_id}", show_token),
]
