"""Reads whole lists for API v1, which had no paging: all pages of v2, joined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from typing import TypeVar

from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.messages import history as histories
from hipkit.server.services.people import users
from hipkit.server.services.representations.timestamps import MICROSECOND
from hipkit.server.services.rooms import members, rooms
from hipkit.v2.models import Message, Room, User
from hipkit.v2.rooms import GetAllMembers, GetAllRooms, GetRoomHistory
from hipkit.v2.users import GetAllUsers

__all__ = ["all_rooms", "all_users", "member_ids", "messages_of"]

T = TypeVar("T")

PAGE = 1_000
MOST_MESSAGES = 10_000
"""Of one day; older ones are left out."""

DAY = timedelta(days=1)


async def all_rooms(context: Context) -> list[Room]:
    """Return every room that the actor may see, archived ones included."""

    async def read(start: int) -> Sequence[Room]:
        request = GetAllRooms(
            start_index=start, max_results=PAGE, include_archived=True, expand=["items"]
        )
        return (await rooms.get_all_rooms(context, request)).items

    return await _whole(read)


async def all_users(context: Context, *, include_deleted: bool) -> list[User]:
    """Return every user of the group."""

    async def read(start: int) -> Sequence[User]:
        request = GetAllUsers(
            start_index=start,
            max_results=PAGE,
            include_deleted=include_deleted,
            expand=["items"],
        )
        return (await users.get_all_users(context, request)).items

    return await _whole(read)


async def member_ids(context: Context, room_id: int) -> list[int]:
    """Return the ids of a room's members."""

    async def read(start: int) -> Sequence[User]:
        request = GetAllMembers(room_id, start_index=start, max_results=PAGE)
        return (await members.get_all_members(context, request)).items

    return [user.id for user in await _whole(read)]


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


async def _whole(read: Callable[[int], Awaitable[Sequence[T]]]) -> list[T]:
    """Return the items of all pages; the first that is not full is the last."""
    found: list[T] = []
    more = True
    while more:
        page = await read(len(found))
        found += page
        more = len(page) == PAGE
    return found


def _begin_of(date: str) -> datetime:
    try:
        day = datetime.strptime(date, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the requested zone
    except ValueError as error:
        problem = "is neither 'recent' nor a day such as 2010-11-19"
        raise InvalidValueError("date", "format", problem, date) from error
    return datetime.combine(day, time())
