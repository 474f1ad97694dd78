"""What a failed call named and nobody found: a room or a user, and an existing one like it.

Suggestions come only from what the viewer may see, who need not be the token's owner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hipkit.api.suggestions import closest
from hipkit.server.services.access.lookup import (
    OTHER_ROOM,
    find_seen_room,
    list_rooms_by_activity,
    row_id,
)
from hipkit.server.services.context import Context
from hipkit.server.shared.recent_calls import RecentCall

__all__ = ["Missing", "MissingFinder"]

PROBLEM = re.compile(r"(Room|User) (.+) not found", re.DOTALL)
"""As `lookup.py` writes it."""

MOST_USERS = 1_000
MOST_COMPARED = 10
"""References that are compared with all names, for one page: each takes milliseconds."""
LONGEST_COMPARED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a call named and its token did not find.

    Attributes:
        kind: What it was meant to be.
        reference: Its id or name, as the program sent it.
        near: The name of a similar one that the viewer may see, as a program would write it.
    """

    kind: Literal["room", "user"]
    reference: str
    near: str | None = None

    @property
    def id(self) -> int | None:
        """The reference as an id; `None` if it is a name."""
        return row_id(self.reference)


class MissingFinder:
    """Finds what the calls of one page named in vain; reads names at most once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rooms: Mapping[str, str] | None = None
        self._users: Mapping[str, str] | None = None
        self._found: dict[tuple[str, str], Missing] = {}

    async def find(self, call: RecentCall) -> Missing | None:
        """Return what a call named in vain, or `None` if that was not what went wrong."""
        # Version 1 answers some of its errors with another status.
        problem = PROBLEM.fullmatch(call.problem or "") if call.is_failed else None
        if problem is None:
            return await self._find_other_room(call)
        return await self._find("room" if problem[1] == "Room" else "user", problem[2])

    async def _find_other_room(self, call: RecentCall) -> Missing | None:
        """Return what a call with the token of one room named, if there is no such room.

        The token's answer is the same for rooms that exist. Administrators see every room, and
        to others a room that they do not see is none that is missing.
        """
        context = self._context
        if call.problem != OTHER_ROOM or call.room is None:
            return None
        if not context.actor.is_group_admin:
            return None
        if await find_seen_room(context.stores, context.actor, call.room) is not None:
            return None
        return await self._find("room", call.room)

    async def _find(self, kind: Literal["room", "user"], reference: str) -> Missing:
        key = kind, reference
        if key not in self._found:
            near = None
            if len(self._found) < MOST_COMPARED and row_id(key[1]) is None:
                near = await self._near(kind, key[1][:LONGEST_COMPARED])
            self._found[key] = Missing(kind=kind, reference=key[1], near=near)
        return self._found[key]

    async def _near(self, kind: str, reference: str) -> str | None:
        if kind == "room":
            names = await self._room_names()
        else:
            names, reference = await self._user_names(), reference.removeprefix("@")
        found = closest(reference, names)
        return None if found is None else names[found]

    async def _room_names(self) -> Mapping[str, str]:
        if self._rooms is None:
            rooms = await list_rooms_by_activity(self._context)
            self._rooms = {room.name: room.name for room in rooms}
        return self._rooms

    async def _user_names(self) -> Mapping[str, str]:
        """Return the mention names of users, by themselves and by full names."""
        actor = self._context.actor
        if self._users is None and actor.is_guest:
            self._users = {}
        if self._users is None:
            users = await self._context.stores.users.page(
                actor.group_id,
                include_guests=False,
                include_deleted=False,
                start=0,
                count=MOST_USERS,
            )
            by_name = {user.name: f"@{user.mention_name}" for user in users}
            self._users = by_name | {
                user.mention_name: f"@{user.mention_name}" for user in users
            }
        return self._users
