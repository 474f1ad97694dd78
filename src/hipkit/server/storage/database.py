"""What the services need of a database, whichever it is.

Stores and commands are `async def`. A database that answers at once (SQLite) never lets them
wait, and runs a whole command in its writer thread; one across a network awaits every step.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from hipkit.server.storage.clients import ClientStore
from hipkit.server.storage.emoticons import EmoticonStore
from hipkit.server.storage.files import FileStore
from hipkit.server.storage.groups import GroupStore
from hipkit.server.storage.messages import MessageStore
from hipkit.server.storage.room_people import RoomPeopleStore
from hipkit.server.storage.rooms import RoomStore
from hipkit.server.storage.session import Session
from hipkit.server.storage.tokens import TokenStore
from hipkit.server.storage.users import UserStore

__all__ = ["Command", "Database", "Query", "Stores"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every store, all over one session."""

    groups: GroupStore
    users: UserStore
    rooms: RoomStore
    room_people: RoomPeopleStore
    messages: MessageStore
    files: FileStore
    emoticons: EmoticonStore
    clients: ClientStore
    tokens: TokenStore

    @classmethod
    def over(cls, session: Session) -> Self:
        """Make the stores that run their statements on `session`."""
        return cls(
            groups=GroupStore(session),
            users=UserStore(session),
            rooms=RoomStore(session),
            room_people=RoomPeopleStore(session),
            messages=MessageStore(session),
            files=FileStore(session),
            emoticons=EmoticonStore(session),
            clients=ClientStore(session),
            tokens=TokenStore(session),
        )


Command = Callable[[Stores], Coroutine[object, None, T]]
"""Checks and changes that belong together. It awaits nothing but its stores."""

Query = Callable[[Stores], Coroutine[object, None, T]]
"""A read of several steps, or a long one."""


class Database(Protocol):
    """Where everything but the bytes of files is kept."""

    @property
    def stores(self) -> Stores:
        """For short reads, where they stand; nothing may be written through these."""

    async def write(self, command: Command[T]) -> T:
        """Run a command whole or not at all, and return once its changes are safe.

        What it raises undoes its own changes and no other's.

        Raises:
            StorageError: Nothing of it was kept.
        """

    async def scan(self, query: Query[T]) -> T:
        """Run a read that no index and page size bounds, away from the event loop.

        Raises:
            StorageError: The database cannot be read.
        """

    def close(self) -> None:
        """Finish what was handed in, and close. Closing twice does nothing."""
