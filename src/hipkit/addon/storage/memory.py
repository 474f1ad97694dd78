"""Storage in memory, for tests: it ends with the process."""

from __future__ import annotations

import itertools
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
        self._events: dict[int, QueuedEvent] = {}
        self._claims: dict[int, _Claim] = {}
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
        for event in [each for each in self._events.values() if each.oauth_id == owner]:
            self._forget(event.id)

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue."""
        delivery = (event.oauth_id, event.delivery)
        known_at = self._deliveries.get(delivery)
        if known_at is not None and event.received_at < known_at + MEMORY_SECONDS:
            return False
        self._deliveries[delivery] = event.received_at
        number = next(self._numbers)
        self._events[number] = QueuedEvent(
            id=number,
            oauth_id=event.oauth_id,
            lane=event.lane,
            handler=event.handler,
            body=event.body,
            delivery=event.delivery,
            received_at=event.received_at,
            starts=0,
        )
        return True

    async def claim_event(
        self, *, owner: str, now: float, lease_seconds: float
    ) -> QueuedEvent | None:
        """Claim the oldest event that can be handled now."""
        lanes: set[tuple[str, str]] = set()
        for event in self._events.values():
            lane = (event.oauth_id, event.lane)
            if lane in lanes:
                continue
            lanes.add(lane)
            claim = self._claims.get(event.id)
            if claim is None or claim.until <= now:
                claimed = replace(event, starts=event.starts + 1)
                self._events[event.id] = claimed
                self._claims[event.id] = _Claim(owner, now + lease_seconds)
                return claimed
        return None

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""
        for number in self._claimed_by(owner):
            self._claims[number] = _Claim(owner, until)

    async def finish_event(self, id: int, *, owner: str) -> None:
        """Remove an event from the queue."""
        if id in self._claimed_by(owner):
            self._forget(id)

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker."""
        for number in self._claimed_by(owner):
            del self._claims[number]
            event = self._events[number]
            self._events[number] = replace(event, starts=event.starts - 1)

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

    def _claimed_by(self, owner: str) -> list[int]:
        return [id for id, claim in self._claims.items() if claim.owner == owner]

    def _forget(self, number: int) -> None:
        del self._events[number]
        self._claims.pop(number, None)
