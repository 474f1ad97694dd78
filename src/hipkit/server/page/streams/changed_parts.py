"""Which parts of which open pages have to be fetched again (pure).

Read next: `updates.py`, which reads the changes and names the parts to the streams.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Self

from hipkit.server.page.streams.stream import Stream
from hipkit.server.storage.stores.page_changes import (
    GLANCES,
    HEAD,
    PEOPLE,
    ROOMS,
    PageChange,
)

__all__ = ["Parts", "concerns", "concerns_list"]


@dataclass(slots=True)
class Parts:
    """The parts that changed in a round.

    Attributes:
        of_rooms: Those that changed on pages of rooms, by room and user: `None` stands for all
            rooms, and for all users.
        lists: The users whose list of conversations changed.
    """

    of_rooms: defaultdict[tuple[int | None, int | None], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    lists: set[int] = field(default_factory=set)

    @classmethod
    def all_changed(cls) -> Self:
        """Return every part of a room's page, for when it is not known what changed."""
        parts = cls()
        parts.of_rooms[None, None] |= {GLANCES, HEAD, PEOPLE}
        return parts

    def add(self, change: PageChange) -> None:
        """Add a change; whether a user's list of rooms shows it is seen when it is read."""
        if change.part != ROOMS:
            self.of_rooms[change.room_id, change.user_id].add(change.part)

    def of(self, stream: Stream) -> set[str]:
        """Return the parts of a stream's page."""
        found: set[str] = set()
        if stream.reader.user_id in self.lists:
            found.add(ROOMS)
        if stream.room_id is None:
            return found
        for room_id in (None, stream.room_id):
            for user_id in (None, stream.reader.user_id):
                found |= self.of_rooms.get((room_id, user_id), set())
        return found


def concerns_list(change: PageChange, user_id: int | None) -> bool:
    """Return whether a change may be of something that a user's list of rooms shows."""
    return change.part == ROOMS and change.user_id in (None, user_id)


def concerns(change: PageChange, stream: Stream) -> bool:
    """Return whether a change may be of something that a stream's page shows."""
    if change.part == ROOMS:
        return concerns_list(change, stream.reader.user_id)
    is_there = stream.room_id is not None and change.room_id in (None, stream.room_id)
    return is_there and change.user_id in (None, stream.reader.user_id)
