"""A database with a room, and a kind of subscription that only tests have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.kinds import Effect
from hipkit.server.events.log import Item, publish
from hipkit.server.events.retry import WEBHOOK_RETRIES, RetryPolicy
from hipkit.server.events.subscriptions import Subscriptions
from hipkit.server.shared.memory import MemorySignals
from hipkit.server.shared.protocol import Topic
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.sqlite.database import SqliteDatabase
from hipkit.server.storage.stores.events import EventRecord, StreamRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionRecord
from tests.contract.storage.filling import NOW, add_group, add_room, add_user

SECOND = 1_000_000


@dataclass
class Call:
    """What the log needs of a call."""

    now_us: int = NOW
    topics: set[Topic] = field(default_factory=set)
    answered_by: int | None = None


@dataclass
class RelayKind:
    """A made-up kind without a table of its own: it wants events whose text is not "skip"."""

    posted: list[int] = field(default_factory=list)
    settled: list[tuple[int, str]] = field(default_factory=list)
    outcome: Outcome = field(default_factory=lambda: Outcome(status=200))
    fails: bool = False
    is_closed: bool = False
    inactive: set[int] = field(default_factory=set)
    retry: RetryPolicy = WEBHOOK_RETRIES
    keeps_undelivered: bool = False
    is_idempotent: bool = False

    async def get(
        self, stores: Stores, subscription_id: int
    ) -> SubscriptionRecord | None:
        return await stores.subscriptions.get(subscription_id)

    def is_inactive(self, subscription: SubscriptionRecord) -> bool:
        return subscription.id in self.inactive

    def settles_together(self, subscription: SubscriptionRecord) -> bool:
        return self.is_idempotent

    async def choose(
        self, subscription: SubscriptionRecord, events: Sequence[EventRecord]
    ) -> Delivery | None:
        for event in events:
            chosen = Delivery(subscription=subscription, event=event)
            if event.text == "slow":
                return replace(chosen, skip="too slow", is_slow=True)
            if event.text != "skip":
                return chosen
        return None

    async def prepare(
        self, stores: Stores, subscription: SubscriptionRecord, event: EventRecord
    ) -> Delivery:
        return Delivery(subscription=subscription, event=event)

    async def post(self, delivery: Delivery) -> Outcome:
        self.posted.append(delivery.event.id)
        return self.outcome

    async def settle(
        self,
        stores: Stores,
        subscription: SubscriptionRecord,
        delivery: Delivery,
        outcome: Outcome,
    ) -> Effect:
        self.settled.append((delivery.event.id, outcome.verdict))
        await stores.subscriptions.add(
            StreamRecord(1, None, "traced"), kind="trace", host="", position=0
        )
        if self.fails:
            raise RuntimeError("the kind failed")
        return Effect(posted_id="m1", topics=frozenset({"relayed"}))

    def close(self) -> None:
        self.is_closed = True


@dataclass
class World:
    """A database with two rooms, and its subscriptions with clocks that tests set."""

    database: Database
    signals: MemorySignals = field(default_factory=MemorySignals)
    relay: RelayKind = field(default_factory=RelayKind)
    now_us: int = NOW
    elapsed: float = 0.0

    def open(self) -> Subscriptions:
        """Return the subscriptions as after a start of the server."""
        return Subscriptions(
            self.database,
            self.signals,
            {"relay": self.relay},
            now_us=lambda: self.now_us,
            elapsed=lambda: self.elapsed,
            chance=lambda: 0.5,
        )

    def pass_seconds(self, seconds: int) -> None:
        self.now_us += seconds * SECOND
        self.elapsed += seconds

    async def subscribe(
        self, *, kind: str = "relay", room_id: int | None = None, event: str = "said"
    ) -> int:
        stream = StreamRecord(1, room_id, event)
        return await self.database.write(
            lambda stores: stores.subscriptions.add(
                stream, kind=kind, host="a.example", position=0
            )
        )

    async def room(self, room_id: int = 1) -> RoomRecord:
        room = await self.database.stores.rooms.get(room_id)
        assert room is not None
        return room

    async def say(
        self,
        text: str = "x",
        *,
        room_id: int = 1,
        answered_by: int | None = None,
        event: str = "said",
    ) -> int:
        """Publish an event; return the newest number of the log."""
        call = Call(now_us=self.now_us, answered_by=answered_by)

        async def write_item(event: str, root: str) -> Item:
            return Item(b'{"root":"%s"}' % root.encode(), text=text)

        async def command(stores: Stores) -> int:
            await publish(
                call,
                stores,
                [event],
                write_item,
                group_id=1,
                room_id=room_id,
                user_id=None,
            )
            return await stores.events.newest()

        return await self.database.write(command)

    async def record(self, subscription_id: int) -> SubscriptionRecord:
        found = await self.database.stores.subscriptions.get(subscription_id)
        assert found is not None
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")
    for name in ("one", "two"):
        await add_room(database, group_id, user_id, name)
    yield World(database)
    database.close()
