"""Reads whole lists for API v1, which had no paging: all pages of v2, joined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Protocol, TypeVar

import msgspec

from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.messages import history as histories
from hipkit.server.services.representations.timestamps import MICROSECOND
from hipkit.v2.models import Message
from hipkit.v2.rooms import GetRoomHistory

__all__ = ["all_items", "messages_of"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound=msgspec.Struct)


class Page(Protocol[T_co]):
    """A page of one of v2's lists."""

    @property
    def items(self) -> Sequence[T_co]:
        """What the list holds."""


PAGE = 1_000
MOST_MESSAGES = 10_000
"""Of one day; older ones are left out."""

DAY = timedelta(days=1)


async def all_items(
    context: Context, service: Callable[[Context, R], Awaitable[Page[T]]], request: R
) -> list[T]:
    """Return the items of all pages; the first that is not full is the last."""
    found: list[T] = []
    more = True
    while more:
        page = await service(
            context,
            msgspec.structs.replace(request, start_index=len(found), max_results=PAGE),
        )
        found += page.items
        more = len(page.items) == PAGE
    return found


async def messages_of(
    context: Context, room_id: str | int, date: str, timezone: str | None
) -> list[Message]:
    """Return a day's messages, or with `recent` the latest 75, oldest first."""
    if date == histories.RECENT:
        request = GetRoomHistory(
            room_id, date=date, timezone=timezone, include_deleted=False
        )
        return (await histories.get_history(context, request)).items
    begin = _begin_of(date)
    found: list[Message] = []
    more = True
    while more:
        request = GetRoomHistory(
            room_id,
            date=begin + DAY - MICROSECOND,
            end_date=begin,
            timezone=timezone,
            include_deleted=False,
            start_index=len(found),
            max_results=PAGE,
        )
        page = await histories.get_history(context, request)
        # Pages go from the newest back, but each page lists its messages oldest first.
        found = [*page.items, *found]
        more = len(page.items) == PAGE and len(found) < MOST_MESSAGES
    return found


def _begin_of(date: str) -> datetime:
    try:
        day = datetime.strptime(date, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the requested zone
    except ValueError as error:
        problem = "is neither 'recent' nor a day such as 2010-11-19"
        raise InvalidValueError("date", "format", problem, date) from error
    return datetime.combine(day, time())
