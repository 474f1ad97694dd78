"""Subscriptions in the database: what each gets next, and the outcome of each delivery.

All that matters is stored, so that a server that is killed goes on where it was: what was being
delivered is delivered again, and nothing is lost. Idle and paused subscriptions take no memory;
kept here is only how far those have come that passed over events since the last `tidy`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from hipkit.api.errors import StorageError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.kinds import Effect, Kind
from hipkit.server.events.log import LogSweep
from hipkit.server.events.reports import log_pause, log_undelivered
from hipkit.server.events.retry import final_verdict, next_state
from hipkit.server.events.stored_times import StoredTimes
from hipkit.server.shared.protocol import Signals, Topic
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import (
    DueRecord,
    SubscriptionRecord,
    SubscriptionState,
)
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = ["Subscriptions"]

MOST_DUE = 500
LEAST_READ = 4
READ_TOGETHER = 20
MOST_READ = 50
"""Events that are read at a time: more where several are sent before the first outcome is stored,
or where a subscription does not want the first ones."""

ANSWER_CHARACTERS = 500


class Subscriptions:
    """The subscriptions of one server.

    Args:
        database: Where they are.
        signals: The server's; what answers change is signalled there.
        kinds: What is special to each kind, by its name. Those of others get nothing.
        now_us: The wall clock, in microseconds since 1970.
        elapsed: Seconds that run evenly: against them it shows that the clock was set.
        chance: Returns numbers from 0 to 1 that spread waits.
    """

    def __init__(
        self,
        database: Database,
        signals: Signals,
        kinds: Mapping[str, Kind[Any, Any]],
        *,
        now_us: Callable[[], int],
        elapsed: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._signals = signals
        self._kinds = kinds
        self._now_us = now_us
        policies = {name: kind.retry for name, kind in kinds.items()}
        self._times = StoredTimes(database, policies, now_us=now_us, elapsed=elapsed)
        self._chance = chance
        self._seen: int | None = None
        self._passed: dict[int, int] = {}
        self._windows: dict[int, _Window] = {}
        self._sweep = LogSweep(database)

    async def woken(self) -> Sequence[DueRecord]:
        """Return the subscriptions that may have something to do since the last call.

        Those are the ones with new events and the ones whose next try is due; at the first call,
        all that are behind. It may name too many, but never too few: nothing else would wake them.
        """
        stores = self._database.stores
        await self._times.follow_clock()
        await self._times.bound(is_first=self._seen is None)
        # Read before the subscriptions: an event that is committed in between is one for the next
        # call. The other way round it would be passed over.
        newest = await stores.events.newest()
        found: list[DueRecord] = []
        if self._seen is None:
            found += await stores.subscriptions.behind()
        elif newest > self._seen:
            for stream in await stores.events.streams_between(self._seen, newest):
                found += await stores.subscriptions.woken_by(stream)
        self._seen = max(newest, self._seen or 0)
        found += await stores.subscriptions.due(self._now_us(), MOST_DUE)
        return [due for due in found if due.kind in self._kinds]

    async def next_delivery(
        self, kind: str, subscription_id: int, *, goes_on: bool = False
    ) -> Delivery | None:
        """Return what a subscription gets next; `None` where nothing waits.

        With `goes_on` that is the next after the last one returned, although the outcome of that
        is not settled yet.
        """
        handler = self._kinds[kind]
        window = self._windows.get(subscription_id) if goes_on else None
        if window is None:
            window = await self._open_window(handler, subscription_id)
            if window is None:
                return None
        delivery = await self._choose(handler, window)
        if delivery is None:
            del self._windows[subscription_id]
            if not goes_on:
                await self._clear_retries(window.subscription)
            return None
        if delivery.skip is None:
            delivery = await handler.prepare(
                self._database.stores, window.subscription, delivery.event
            )
        window.pass_to(delivery.until)
        return delivery

    async def post(self, delivery: Delivery) -> Outcome:
        """Send a delivery that `next_delivery` returned, once."""
        outcome: Outcome = await self._kinds[delivery.subscription.kind].post(delivery)
        return outcome

    def may_settle_later(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Return whether the next delivery may begin before an outcome is settled.

        After a failure each is settled by itself: an answer that got lost may have been one.
        """
        subscription = delivery.subscription
        return (
            outcome.verdict == "delivered"
            and outcome.pause_seconds <= 0
            and subscription.tries == 0
            and self._kinds[subscription.kind].settles_together(subscription)
        )

    async def settle(self, taken: Sequence[tuple[Delivery, Outcome]]) -> float:
        """Store outcomes of one subscription in their order, in one commit.

        Returns the seconds until the subscription goes on; 0 for at once.

        What the answer brings about is one commit with the position: after a crash before it the
        event is delivered again, and no answer to it was posted. In two commits, a crash in
        between would post the answer twice, or never.
        """
        subscription_id = taken[0][0].subscription.id
        handler = self._kinds[taken[0][0].subscription.kind]
        # Before the outcome is judged: a clock that was set meanwhile would count as failing time.
        await self._times.follow_clock()
        now_us, topics = self._now_us(), set[Topic]()
        before: SubscriptionRecord | None = None
        state: SubscriptionState | None = None
        done: list[tuple[Delivery, Outcome]] = []

        async def command(stores: Stores) -> float:
            nonlocal before, state
            # Read again: the subscription may have been deleted, or moved on, during the delivery.
            before = subscription = await handler.get(stores, subscription_id)
            state = None
            done.clear()
            settled: list[NewDelivery] = []
            for delivery, outcome in taken:
                event = delivery.event
                if subscription is None or subscription.position >= event.id:
                    continue
                judged = _judged(handler, subscription, delivery, outcome, now_us)
                effect = await handler.settle(stores, subscription, delivery, judged)
                topics.update(effect.topics)
                done.append((delivery, judged))
                state = self._next_state(
                    handler, subscription, delivery, judged, effect, now_us
                )
                settled.append(
                    _settled(subscription, event, judged, effect, state, now_us)
                )
                subscription = msgspec.structs.replace(
                    subscription, **msgspec.structs.asdict(state)
                )
            if state is None:
                return math.inf
            await stores.subscriptions.set_state(subscription_id, state)
            await stores.deliveries.put(
                *settled, keeps_undelivered=handler.keeps_undelivered
            )
            until_us = state.next_try_us
            return 0.0 if until_us is None else (until_us - now_us) / SECOND_US

        seconds = await self._database.write(command)
        self._signals.publish(topics)
        if before is not None and state is not None:
            log_pause(before, state)
        if handler.keeps_undelivered:
            log_undelivered(done)
        self._passed.pop(subscription_id, None)
        self._windows.pop(subscription_id, None)
        self._sweep.has_work = True
        return seconds

    async def tidy(self) -> None:
        """Store how far subscriptions passed over events, and sweep the log a little."""
        if self._passed:
            passed, self._passed = self._passed, {}

            async def command(stores: Stores) -> None:
                for subscription_id, position in passed.items():
                    await stores.subscriptions.advance(subscription_id, position)

            try:
                await self._database.write(command)
            except StorageError:
                # Until its next event, nothing else would store it.
                self._passed = passed | self._passed
                raise
            self._sweep.has_work = True
        await self._sweep.step()

    def close(self) -> None:
        """Close every kind."""
        for kind in self._kinds.values():
            kind.close()

    async def _open_window(
        self, kind: Kind[Any, Any], subscription_id: int
    ) -> _Window | None:
        """Return what is to be read of a subscription that may be sent something now."""
        subscription: SubscriptionRecord | None = await kind.get(
            self._database.stores, subscription_id
        )
        if subscription is None:
            return None
        if kind.is_inactive(subscription):
            await self._clear_next_try(subscription)
            return None
        if (subscription.next_try_us or 0) > self._now_us():
            return None
        window = _Window(
            subscription=subscription,
            position=max(subscription.position, self._passed.get(subscription_id, 0)),
            count=READ_TOGETHER if kind.settles_together(subscription) else LEAST_READ,
        )
        self._windows[subscription_id] = window
        return window

    async def _choose(self, kind: Kind[Any, Any], window: _Window) -> Delivery | None:
        while True:
            subscription = window.subscription
            if window.events:
                chosen = await kind.choose(subscription, window.events)
                if chosen is not None:
                    return chosen
                window.events = []
            if window.position < window.read_to:
                window.position = window.read_to
                if not window.is_open:
                    self._passed[subscription.id] = window.read_to
            events = await self._database.stores.events.after(
                subscription, window.position, count=window.count
            )
            if not events:
                return None
            window.count = min(2 * window.count, MOST_READ)
            window.read_to = events[-1].id
            window.events = [one for one in events if _is_for(subscription, one)]

    def _next_state(
        self,
        kind: Kind[Any, Any],
        subscription: SubscriptionRecord,
        delivery: Delivery,
        outcome: Outcome,
        effect: Effect,
        now_us: int,
    ) -> SubscriptionState:
        return next_state(
            kind.retry,
            subscription,
            delivery.until,
            outcome.verdict,
            now_us=now_us,
            chance=self._chance(),
            problem=outcome.problem or effect.problem,
            asked_seconds=outcome.asked_seconds,
            pause_seconds=outcome.pause_seconds,
            is_slow=delivery.is_slow,
        )

    async def _clear_next_try(self, subscription: SubscriptionRecord) -> None:
        """Clear the next try of a subscription that gets nothing at present.

        Its time would stay due, and wake it again and again.
        """
        next_try_us = subscription.next_try_us
        if next_try_us is not None:
            await self._database.write(
                lambda stores: stores.subscriptions.clear_next_try(
                    subscription.id, next_try_us
                )
            )

    async def _clear_retries(self, subscription: SubscriptionRecord) -> None:
        """Clear the retry state of a subscription for which nothing waits any more."""
        if subscription.next_try_us is None:
            return

        async def command(stores: Stores) -> None:
            now = await stores.subscriptions.get(subscription.id)
            if now is not None and now.next_try_us == subscription.next_try_us:
                # The last problem stays to be read.
                state = SubscriptionState(position=now.position, problem=now.problem)
                await stores.subscriptions.set_state(subscription.id, state)

        await self._database.write(command)


@dataclass(slots=True, kw_only=True)
class _Window:
    """Events of a subscription that were read, and are not delivered yet."""

    subscription: SubscriptionRecord
    """As it will be once everything before is settled: kinds may decide by its position."""
    position: int
    """The last event that was delivered or passed over."""
    count: int
    """How many are read next: at first few, as most kinds want most."""
    read_to: int = 0
    """The last event that was read."""
    is_open: bool = False
    """Whether an event before `position` was sent, and its outcome is not settled: what is passed
    over then is not stored, as that would pass over this event too."""
    events: list[EventRecord] = field(default_factory=list)

    def pass_to(self, event_id: int) -> None:
        """Leave events behind, up to one that is delivered."""
        self.is_open = True
        self.position = event_id
        self.events = [event for event in self.events if event.id > event_id]
        self.subscription = msgspec.structs.replace(
            self.subscription, position=event_id
        )


def _settled(
    subscription: SubscriptionRecord,
    event: EventRecord,
    outcome: Outcome,
    effect: Effect,
    state: SubscriptionState,
    now_us: int,
) -> NewDelivery:
    return NewDelivery(
        subscription_id=subscription.id,
        event_id=event.id,
        event=event.event,
        state="waiting" if outcome.verdict == "misconfigured" else outcome.verdict,
        tries=subscription.tries + 1,
        status=outcome.status,
        problem=state.problem,
        answer=(outcome.answer or "")[:ANSWER_CHARACTERS] or None,
        posted_id=effect.posted_id,
        milliseconds=outcome.milliseconds,
        tried_us=now_us,
    )


def _judged(
    kind: Kind[Any, Any],
    subscription: SubscriptionRecord,
    delivery: Delivery,
    outcome: Outcome,
    now_us: int,
) -> Outcome:
    """Return an outcome with the verdict that counts: an event is not tried for ever."""
    if not delivery.may_be_set_aside:
        return outcome
    verdict = final_verdict(kind.retry, subscription, outcome.verdict, now_us=now_us)
    return (
        outcome if verdict == outcome.verdict else replace(outcome, verdict_is=verdict)
    )


def _is_for(subscription: SubscriptionRecord, event: EventRecord) -> bool:
    """Return whether a subscription may get an event: its own answers would go in circles."""
    if event.only_for is not None:
        return event.only_for == subscription.id
    return event.answered_by != subscription.id
