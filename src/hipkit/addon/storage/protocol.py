"""The protocol of an add-on's storage: records by kind and key, a queue of events, and locks.

A record is bytes with a kind and a key. What they mean is decided where they are used:
`installation.py`, `hosts.py`, `tokens.py`, `user_tokens.py`. So a database needs a few functions
only, and encryption is one class for all of them.

Times are seconds since 1970, as `time.time()` returns them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from hipkit.api.secret import MaskedStruct

__all__ = ["LONGEST_DELIVERY", "MEMORY_SECONDS", "NewEvent", "QueuedEvent", "Storage"]

LONGEST_DELIVERY = 200
"""Characters of `NewEvent.delivery`."""
MEMORY_SECONDS = 7 * 24 * 60 * 60
"""How long a delivery is remembered after it was added, so that a repeat is not added again."""


class NewEvent(MaskedStruct, frozen=True, kw_only=True):
    """An event that HipChat posted, to be stored before it is answered.

    Attributes:
        oauth_id: The installation.
        host: The installation's host, see `Installation.host`.
        ordering_key: Events of an installation with the same one are handled one after another, in
            the order in which they came.
        handler: The key of the handler.
        body: The event as it was posted. It may hold private text.
        delivery: The same for every repeat of the event, 1 to 200 characters.
        received_at: When it came.
    """

    secrets = frozenset({"body"})

    oauth_id: str
    host: str
    ordering_key: str
    handler: str
    body: bytes
    delivery: str
    received_at: float


class QueuedEvent(NewEvent, frozen=True, kw_only=True):
    """An event that was claimed, to be handled.

    Attributes:
        id: Its number in the queue.
        starts: How often it was claimed, this time included: more than once after a crash.
    """

    id: int
    starts: int


@runtime_checkable
class Storage(Protocol):
    """Where an add-on keeps what must outlive its process. Safe for use by many processes.

    Every function returns after its change is stored.

    Raises:
        StorageError: The data cannot be read or written.
    """

    async def open(self) -> None:
        """Open the database and bring it up to date. Twice does nothing."""

    async def aclose(self) -> None:
        """Close it. Twice does nothing."""

    def version(self) -> int | None:
        """Return a number that is another one once any record has changed, in whatever process.

        What was read after asking for it may be cached until then.

        Returns:
            `None` if nothing may be cached now.
        """

    async def get(self, kind: str, key: str, *, now: float = 0.0) -> bytes | None:
        """Return a record; `None` if there is none, or it has expired."""

    async def find_all(self, kind: str, *, now: float = 0.0) -> list[tuple[str, bytes]]:
        """Return the keys and values of all records of a kind that have not expired, by key."""

    async def put(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        owner: str = "",
        expires_at: float | None = None,
    ) -> None:
        """Store a record in place of the one before.

        Args:
            kind: What it is.
            key: Its name among those of its kind.
            value: Its content.
            owner: The installation that it goes with, see `delete_owner`.
            expires_at: When it ends. Defaults to never.
        """

    async def add(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        now: float,
        owner: str = "",
        expires_at: float | None = None,
    ) -> bool:
        """Store a record if there is none; return whether there was none."""

    async def take(self, kind: str, key: str, *, now: float) -> bytes | None:
        """Return a record and delete it, so that only one caller gets it."""

    async def delete(self, kind: str, key: str) -> bool:
        """Delete a record; return whether there was one."""

    async def delete_owner(self, owner: str) -> None:
        """Delete all records and events of an installation."""

    async def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Replace the value of every record and the body of every event, all or none.

        Args:
            change: Returns the new value. It may run in another thread.
        """

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue.

        Returns:
            False for a repeat: its `delivery` was added to the installation before, at most
            `MEMORY_SECONDS` ago, whether it is still in the queue or not.
        """

    async def claim_events(
        self,
        *,
        owner: str,
        now: float,
        lease_seconds: float,
        most: int,
        but: Collection[str] = (),
    ) -> list[QueuedEvent]:
        """Claim the oldest events that can be handled now, and return them, the oldest first.

        Those are the first of each ordering key, unless another claim on it is still good. So no
        event is handled before earlier ones with its key. A claim that is good for longer than
        twice `lease_seconds` is from before the clock was set back, and not good any more.

        Args:
            owner: The name of the worker, different in every process.
            now: The time.
            lease_seconds: How long the claims are good, unless they are extended. After a crash
                the events are handled again when they have run out.
            most: How many to claim at most.
            but: Installations and hosts whose events are not claimed.
        """

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""

    async def finish_events(self, ids: Collection[int], *, owner: str) -> None:
        """Remove events from the queue, unless another worker has claimed them since.

        Their deliveries are still remembered.
        """

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker, as if it had never begun to handle these events."""

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Return a lock that one task holds at a time, in whatever thread or process.

        It ends with its process. A task must not take the same lock twice.
        """

    async def sweep(self, *, now: float) -> None:
        """Remove what has expired, and deliveries that need not be remembered any more."""
