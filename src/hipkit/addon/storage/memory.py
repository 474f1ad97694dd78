"""Storage in memory, for tests: it ends with the process."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from hipkit.addon.storage.locks import KeyLocks
from hipkit.addon.storage.protocol import MEMORY_SECONDS, NewEvent, QueuedEvent

__all__ = ["MemoryStorage"]


@dataclass(frozen=True, slots=True)
class _Record:
    value: bytes
    owner: str
    expires_at: float | None

    def is_good(self, now: float) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class _Claim:
    owner: str
    until: float


class MemoryStorage:
    """A storage in memory. See `Storage`.

    Its functions do not wait, so that tasks cannot come between; it is for one event loop.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], _Record] = {}
        self._numbers = itertools.count(1)
        self._queues: dict[tuple[str, str], deque[QueuedEvent]] = {}
        self._claims: dict[tuple[str, str], _Claim] = {}
        """Installation and ordering key -> the claim on its first event."""
        self._deliveries: dict[tuple[str, str], float] = {}
        self._locks = KeyLocks()

    async def open(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing: what is stored stays, so that a test can restart an add-on."""

    async def get(self, kind: str, key: str, *, now: float = 0.0) -> bytes | None:
        """Return a record."""
        record = self._records.get((kind, key))
        return record.value if record and record.is_good(now) else None

    async def find_all(self, kind: str, *, now: float = 0.0) -> list[tuple[str, bytes]]:
        """Return the keys and values of a kind."""
        return [
            (key, record.value)
            for (kind_of_it, key), record in sorted(self._records.items())
            if kind_of_it == kind and record.is_good(now)
        ]

    async def put(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        owner: str = "",
        expires_at: float | None = None,
    ) -> None:
        """Store a record."""
        self._records[kind, key] = _Record(value, owner, expires_at)

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
        """Store a record if there is none."""
        record = self._records.get((kind, key))
        if record is not None and record.is_good(now):
            return False
        self._records[kind, key] = _Record(value, owner, expires_at)
        return True

    async def take(self, kind: str, key: str, *, now: float) -> bytes | None:
        """Return a record and delete it."""
        record = self._records.pop((kind, key), None)
        return record.value if record and record.is_good(now) else None

    async def delete(self, kind: str, key: str) -> bool:
        """Delete a record."""
        return self._records.pop((kind, key), None) is not None

    async def delete_owner(self, owner: str) -> None:
        """Delete all records and events of an installation."""
        for place in [at for at, each in self._records.items() if each.owner == owner]:
            del self._records[place]
        for kept in (self._queues, self._claims, self._deliveries):
            for place in [each for each in kept if each[0] == owner]:
                del kept[place]

    async def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Replace the value of every record and the body of every event."""
        self._records = {
            place: replace(record, value=change(record.value))
            for place, record in self._records.items()
        }
        self._queues = {
            place: deque(replace(event, body=change(event.body)) for event in events)
            for place, events in self._queues.items()
        }

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue."""
        delivery = (event.oauth_id, event.delivery)
        known_at = self._deliveries.get(delivery)
        if known_at is not None and event.received_at < known_at + MEMORY_SECONDS:
            return False
        self._deliveries[delivery] = event.received_at
        queued = QueuedEvent(
            id=next(self._numbers),
            oauth_id=event.oauth_id,
            ordering_key=event.ordering_key,
            handler=event.handler,
            body=event.body,
            delivery=event.delivery,
            received_at=event.received_at,
            starts=0,
        )
        self._queues.setdefault((event.oauth_id, event.ordering_key), deque()).append(
            queued
        )
        return True

    async def claim_events(
        self,
        *,
        owner: str,
        now: float,
        lease_seconds: float,
        most: int,
        but: Collection[str] = (),
    ) -> list[QueuedEvent]:
        """Claim the oldest events that can be handled now."""
        free = [
            (events[0].id, place)
            for place, events in self._queues.items()
            if place[0] not in but
            and not (
                place in self._claims
                and now < self._claims[place].until <= now + 2 * lease_seconds
            )
        ]
        claimed = []
        for _, place in sorted(free)[:most]:
            events = self._queues[place]
            events[0] = replace(events[0], starts=events[0].starts + 1)
            self._claims[place] = _Claim(owner, now + lease_seconds)
            claimed.append(events[0])
        return claimed

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""
        for place in self._claimed_by(owner):
            self._claims[place] = _Claim(owner, until)

    async def finish_event(self, id: int, *, owner: str) -> None:
        """Remove an event from the queue."""
        for place in self._claimed_by(owner):
            events = self._queues[place]
            if events[0].id == id:
                events.popleft()
                del self._claims[place]
                if not events:
                    del self._queues[place]

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker."""
        for place in self._claimed_by(owner):
            events = self._queues[place]
            events[0] = replace(events[0], starts=events[0].starts - 1)
            del self._claims[place]

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Return a lock."""
        return self._locks.lock(key)

    async def sweep(self, *, now: float) -> None:
        """Remove what has expired."""
        self._records = {
            place: record
            for place, record in self._records.items()
            if record.is_good(now)
        }
        self._deliveries = {
            delivery: known_at
            for delivery, known_at in self._deliveries.items()
            if now < known_at + MEMORY_SECONDS
        }

    def _claimed_by(self, owner: str) -> Sequence[tuple[str, str]]:
        return [place for place, claim in self._claims.items() if claim.owner == owner]
