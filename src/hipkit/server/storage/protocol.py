"""The interface of a database, whichever it is.

Stores and commands are `async def`. SQLite returns at once, so it never lets them wait, and runs
a whole command in its writer thread. A database across a network awaits every step.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from hipkit.api.errors import StorageError
from hipkit.server.storage.stores.access_changes import AccessChangeStore
from hipkit.server.storage.stores.clients import ClientStore
from hipkit.server.storage.stores.deliveries import DeliveryStore
from hipkit.server.storage.stores.emoticons import EmoticonStore
from hipkit.server.storage.stores.events import EventStore
from hipkit.server.storage.stores.extensions import ExtensionStore
from hipkit.server.storage.stores.files import FileStore
from hipkit.server.storage.stores.glances import GlanceStore
from hipkit.server.storage.stores.grants import GrantStore
from hipkit.server.storage.stores.groups import GroupStore
from hipkit.server.storage.stores.installations import InstallationStore
from hipkit.server.storage.stores.members import MemberStore
from hipkit.server.storage.stores.messages import MessageStore
from hipkit.server.storage.stores.page_changes import PageChangeStore
from hipkit.server.storage.stores.read_marks import ReadMarkStore
from hipkit.server.storage.stores.rooms import RoomStore
from hipkit.server.storage.stores.routes import RouteStore
from hipkit.server.storage.stores.search import SearchStore
from hipkit.server.storage.stores.server_keys import ServerKeyStore
from hipkit.server.storage.stores.session import Session
from hipkit.server.storage.stores.subscriptions import SubscriptionStore
from hipkit.server.storage.stores.timestamps import TimestampStore
from hipkit.server.storage.stores.tokens import TokenStore
from hipkit.server.storage.stores.users import UserStore
from hipkit.server.storage.stores.web_sessions import WebSessionStore
from hipkit.server.storage.stores.webhooks import WebhookStore

__all__ = ["Command", "Database", "Query", "ScanTooLongError", "Stores"]

T = TypeVar("T")

SCAN_SECONDS = 30.0


class ScanTooLongError(StorageError):
    """A read was interrupted because it took too long."""

    def __init__(self) -> None:
        super().__init__("a read took too long and was interrupted", may_pass=True)


class Stores:
    """Every store, all over one session; each database brings its own search.

    One may bring its own `MessageStore` too, which does the same in fewer steps.
    """

    def __init__(
        self,
        session: Session,
        search: SearchStore,
        messages: type[MessageStore] = MessageStore,
    ) -> None:
        self.groups = GroupStore(session)
        self.users = UserStore(session)
        self.rooms = RoomStore(session)
        self.members = MemberStore(session)
        self.messages = messages(session)
        self.search = search
        self.read_marks = ReadMarkStore(session)
        self.page_changes = PageChangeStore(session)
        self.files = FileStore(session)
        self.emoticons = EmoticonStore(session)
        self.clients = ClientStore(session)
        self.installations = InstallationStore(session)
        self.grants = GrantStore(session)
        self.timestamps = TimestampStore(session)
        self.tokens = TokenStore(session)
        self.access_changes = AccessChangeStore(session)
        self.web_sessions = WebSessionStore(session)
        self.webhooks = WebhookStore(session)
        self.server_keys = ServerKeyStore(session)
        self.subscriptions = SubscriptionStore(session)
        self.routes = RouteStore(session)
        self.events = EventStore(session)
        self.deliveries = DeliveryStore(session)
        self.extensions = ExtensionStore(session)
        self.glances = GlanceStore(session)


Command = Callable[[Stores], Coroutine[object, None, T]]
"""Checks and changes that belong together. It awaits only its stores."""

Query = Callable[[Stores], Coroutine[object, None, T]]
"""A read of several steps, or a long one."""


class Database(Protocol):
    """Stores everything but the bytes of files."""

    stores: Stores
    """For short reads, in the calling thread; nothing may be written through these."""

    schema: int
    """The number of the last migration that its tables had been through when it was opened."""

    async def write(self, command: Command[T]) -> T:
        """Run a command completely or not at all, and return once its changes are on disk.

        An error that it raises undoes its own changes only.

        Raises:
            StorageError: Nothing of it was kept.
        """

    async def scan(self, query: Query[T], *, seconds: float = SCAN_SECONDS) -> T:
        """Run a read that no index and page size bounds, outside the event loop.

        Raises:
            ScanTooLongError: It was not done within `seconds`, waiting for others included.
            StorageError: The database cannot be read.
        """

    async def used_bytes(self) -> int:
        """Return how many bytes the tables take; not what deleted rows left to be used again.

        Raises:
            StorageError: The database cannot be read.
        """

    async def check(self) -> None:
        """Check that the database can be read and written, by writing what changes nothing.

        Each check costs a commit: call it seldom.

        Raises:
            StorageError: It cannot be read or written, or its tables are of another version.
        """

    def close(self) -> None:
        """Finish the commands that were handed in, and close. Closing twice does nothing."""
