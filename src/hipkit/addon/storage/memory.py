"""Storage in memory, for tests: it ends with the process."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

import msgspec

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


@dataclass(slots=True)
class _Queue:
    """The events with one ordering key, and the claim on the first."""

    events: deque[tuple[int, NewEvent]] = field(default_factory=deque)
    """Each with its number."""
    starts: int = 0
    owner: str | None = None
    until: float = 0.0

    def free(self) -> None:
        self.owner, self.until = None, 0.0

    def is_one_of(self, some: Collection[str]) -> bool:
        _, event = self.events[0]
        return event.oauth_id in some or event.host in some

    def is_free(self, now: float, lease_seconds: float) -> bool:
        return not now < self.until <= now + 2 * lease_seconds


class MemoryStorage:
    """A storage in memory. See `Storage`.

    Its functions do not wait, so that tasks cannot come between; it is for one event loop.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], _Record] = {}
        self._version = 0
        self._numbers = itertools.count(1)
        self._queues: dict[tuple[str, str], _Queue] = {}
        """Installation and ordering key -> its events."""
        self._deliveries: dict[tuple[str, str], float] = {}
        self._locks = KeyLocks()

    async def open(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing: what is stored stays, so that a test can restart an add-on."""

    def version(self) -> int | None:
        """Return the version of the records."""
        return self._version

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
        self._version += 1
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
        self._version += 1
        self._records[kind, key] = _Record(value, owner, expires_at)
        return True

    async def take(self, kind: str, key: str, *, now: float) -> bytes | None:
        """Return a record and delete it."""
        self._version += 1
        record = self._records.pop((kind, key), None)
        return record.value if record and record.is_good(now) else None

    async def delete(self, kind: str, key: str) -> bool:
        """Delete a record."""
        self._version += 1
        return self._records.pop((kind, key), None) is not None

    async def delete_owner(self, owner: str) -> None:
        """Delete all records and events of an installation."""
        self._version += 1
        for place in [at for at, each in self._records.items() if each.owner == owner]:
            del self._records[place]
        for kept in (self._queues, self._deliveries):
            for place in [each for each in kept if each[0] == owner]:
                del kept[place]

    async def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Replace the value of every record and the body of every event."""
        self._records = {
            place: replace(record, value=change(record.value))
            for place, record in self._records.items()
        }
        for queue in self._queues.values():
            queue.events = deque(
                (number, msgspec.structs.replace(event, body=change(event.body)))
                for number, event in queue.events
            )

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue."""
        delivery = (event.oauth_id, event.delivery)
        known_at = self._deliveries.get(delivery)
        if known_at is not None and event.received_at < known_at + MEMORY_SECONDS:
            return False
        self._deliveries[delivery] = event.received_at
        queue = self._queues.setdefault((event.oauth_id, event.ordering_key), _Queue())
        queue.events.append((next(self._numbers), event))
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
            queue
            for queue in self._queues.values()
            if queue.is_free(now, lease_seconds) and not queue.is_one_of(but)
        ]
        free.sort(key=lambda queue: queue.events[0][0])
        claimed = []
        for queue in free[:most]:
            queue.owner, queue.until = owner, now + lease_seconds
            queue.starts += 1
            number, event = queue.events[0]
            members = msgspec.structs.asdict(event)
            claimed.append(QueuedEvent(**members, id=number, starts=queue.starts))
        return claimed

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""
        for _, queue in self._claimed_by(owner):
            queue.until = until

    async def finish_events(self, ids: Collection[int], *, owner: str) -> None:
        """Remove events from the queue."""
        for place, queue in self._claimed_by(owner):
            if queue.events[0][0] not in ids:
                continue
            queue.events.popleft()
            queue.starts = 0
            queue.free()
            if not queue.events:
                del self._queues[place]

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker."""
        for _, queue in self._claimed_by(owner):
            queue.starts -= 1
            queue.free()

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

    def _claimed_by(self, owner: str) -> list[tuple[tuple[str, str], _Queue]]:
        return [each for each in self._queues.items() if each[1].owner == owner]
