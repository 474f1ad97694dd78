"""A relay for tests: routes on a real database, with a target in memory and a clock to set."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec

from hipkit.relay.routes.kind import RouteKind
from hipkit.relay.routes.links import Links
from hipkit.relay.routes.registration import register_routes
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Rendered,
    Reply,
    Settings,
)
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.posted import POSTED, PostedMessage
from hipkit.server.events.sender import Sender
from hipkit.server.events.subscriptions import Subscriptions
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import DeliveryRecord
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.routes import ROUTE, RouteRecord, SummaryRecord
from tests.unit.relay.fake_target import FakeSettings, FakeTarget
from tests.unit.server.asgi import Site

T = TypeVar("T")

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def route(name: str = "ops", **values: Any) -> Route:
    url = values.pop("url", f"https://{name}.example.com/hook")
    target = values.pop("target", FakeTarget())
    return Route(name=name, target=target, settings=FakeSettings(url=url), **values)


class Chat:
    """A target in memory: keeps what it takes, in order, and answers as it is told."""

    def __init__(self) -> None:
        self.answer: Callable[[HttpCall], Reply | Answer] = taken
        self.tried: list[HttpCall] = []
        self.taken: list[dict[str, Any]] = []

    async def send(self, rendered: Rendered, settings: Settings) -> Reply | Answer:
        assert isinstance(rendered, HttpCall)
        self.tried.append(rendered)
        reply = self.answer(rendered)
        if isinstance(reply, Reply) and reply.status < 300 and rendered.body:
            self.taken.append(msgspec.json.decode(rendered.body))
        return reply

    @property
    def ids(self) -> list[str]:
        return [message["id"] for message in self.taken]


def taken(call: HttpCall) -> Reply:
    return Reply(status=200)


def answering(status: int, **headers: str) -> Callable[[HttpCall], Reply]:
    return lambda call: Reply(status=status, headers=headers)


class Relay:
    """The routes of one server, as one process after the other has them."""

    def __init__(
        self,
        site: Site,
        *routes: Route,
        bridges: dict[str, str] | None = None,
        links: Links | None = None,
    ) -> None:
        self.site, self.chat = site, Chat()
        self.routes: Sequence[Route] = routes or (route(),)
        self.bridges, self.links = bridges or {}, links
        self.slept: list[float] = []
        self.register()
        self.restart()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def register(self, *routes: Route) -> None:
        self.routes = routes or self.routes
        self.run(register_routes(self.site.operator_context(), self.routes))

    def restart(self) -> None:
        """Begin anew with what is stored, as after a kill."""
        runtime = self.site.server.runtime

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        self.kind = RouteKind(
            runtime,
            self.routes,
            self.chat,
            bridges=self.bridges,
            links=self.links,
            sleep=sleep,
        )
        self.subscriptions = Subscriptions(
            self.site.server.database,
            runtime.signals,
            {ROUTE: self.kind},
            now_us=runtime.now_us,
            elapsed=runtime.elapsed,
            chance=lambda: 0.5,
        )

    def close(self) -> None:
        self.subscriptions.close()

    @property
    def now(self) -> float:
        return self.site.clock[0]

    def wait(self, seconds: float) -> None:
        self.site.clock[0] += seconds

    def post(self, count: int = 1, **values: Any) -> list[str]:
        """Store messages, as the server does, and return their ids."""
        ids = [str(values.pop("id", uuid.uuid4())) for _ in range(count)]
        text = values.pop("text", None)
        members: dict[str, Any] = {
            "kind": "notification",
            "room": "Ops",
            "body": "disk full",
            "sender": "Nagios",
            **values,
        }
        now_us = int(self.now * 1_000_000)
        posted = [PostedMessage(id=one, sent_us=now_us, **members) for one in ids]

        async def command(stores: Stores) -> None:
            for message in posted:
                new = NewEvent(
                    group_id=1,
                    room_id=0 if message.room is None else 1,
                    event=POSTED,
                    item=msgspec.json.encode(message).decode(),
                    root="",
                    text=text,
                )
                await stores.events.add(new, now_us)

        self.run(self.site.server.database.write(command))
        return ids

    def record(self, name: str = "ops") -> RouteRecord:
        found = self.run(self.site.server.database.stores.routes.by_name(name))
        assert found is not None
        return found

    def summary(self, name: str = "ops") -> SummaryRecord | None:
        stores = self.site.server.database.stores
        return self.run(stores.routes.summary(self.record(name).id))

    def deliveries(self, name: str = "ops") -> list[DeliveryRecord]:
        stores = self.site.server.database.stores
        return self.run(stores.deliveries.of_subscription(self.record(name).id, 1_000))

    def next(self, name: str = "ops") -> Delivery | None:
        """Return what a route sends next, without sending it."""
        return self.run(self.subscriptions.next_delivery(ROUTE, self.record(name).id))

    def deliver(self, name: str = "ops") -> bool:
        """Send what a route may send now, and return whether there was something."""

        async def work(route_id: int) -> bool:
            source, was_any = self.subscriptions, False
            while True:
                delivery = await source.next_delivery(ROUTE, route_id)
                if delivery is None:
                    return was_any
                was_any = True
                outcome = await source.post(delivery)
                if await source.settle([(delivery, outcome)]) > 0:
                    return was_any

        return self.run(work(self.record(name).id))

    def drain(self) -> None:
        """Send what all routes may send now, as the server's sender does."""

        async def work() -> None:
            await Sender(self.subscriptions, self.site.server.runtime.signals).drain()

        self.run(work())

    def deliver_together(
        self, count: int, name: str = "ops", *, is_killed: bool
    ) -> list[str]:
        """Send messages, up to a number, that may be settled in one commit; return their ids."""

        async def work(route_id: int) -> list[str]:
            source = self.subscriptions
            done: list[tuple[Delivery, Outcome]] = []
            while len(done) < count:
                goes_on = bool(done)
                delivery = await source.next_delivery(ROUTE, route_id, goes_on=goes_on)
                if delivery is None:
                    break
                outcome = await source.post(delivery)
                done.append((delivery, outcome))
                if not source.may_settle_later(delivery, outcome):
                    break
            if done and not is_killed:
                await source.settle(done)
            return [
                msgspec.json.decode(delivery.event.item)["id"] for delivery, _ in done
            ]

        sent = self.run(work(self.record(name).id))
        if is_killed:
            self.restart()
        return sent

    def deliver_one(self, name: str = "ops") -> bool:
        """Send the next message of a route, if there may be one now."""

        async def work(route_id: int) -> bool:
            delivery = await self.subscriptions.next_delivery(ROUTE, route_id)
            if delivery is None:
                return False
            outcome = await self.subscriptions.post(delivery)
            await self.subscriptions.settle([(delivery, outcome)])
            return True

        return self.run(work(self.record(name).id))

    def fail_for(self, seconds: float, name: str = "ops") -> None:
        """Try a route whose target fails, whenever it may, for a time."""
        end = self.now + seconds
        while self.now < end:
            due_us = self.record(name).next_try_us
            wait = HOUR if due_us is None else due_us / 1_000_000 - self.now
            self.wait(min(max(wait, 1.0), end - self.now))
            self.deliver_one(name)
