"""Subscriptions in the database: what each gets next, and the outcome of each delivery.

All that matters is stored, so that a server that is killed goes on where it was: what was being
delivered is delivered again, and nothing is lost. Idle and paused subscriptions take no memory;
kept here is only how far those have come that passed over events since the last `tidy`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.kinds import Kind
from hipkit.server.events.log import LogSweep
from hipkit.server.events.retry import final_verdict, next_state
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
EVENTS_AT_ONCE = 50
ANSWER_CHARACTERS = 500
LEAST_STEP_SECONDS = 2.0
"""The least difference between two clocks that counts as one being set."""


class Subscriptions:
    """The subscriptions of one server.

    Args:
        database: Where they are.
        signals: The server's; what answers change is signalled there.
        kinds: What is special to each kind, by its name. Subscriptions of others rest.
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
        self._elapsed = elapsed
        self._offset_us = self._offset()
        self._chance = chance
        self._seen: int | None = None
        self._passed: dict[int, int] = {}
        self._sweep = LogSweep(database)

    async def woken(self) -> Sequence[DueRecord]:
        """Return the subscriptions that may have something to do since the last call.

        Those are the ones with new events and the ones whose next try is due; at the first call,
        all that are behind. It may name too many, but never too few: nothing else would wake them.
        """
        stores = self._database.stores
        await self._follow_clock()
        await self._bound_waits(is_first=self._seen is None)
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

    async def next_delivery(self, kind: str, subscription_id: int) -> Delivery | None:
        """Return what a subscription gets next; `None` where nothing waits."""
        handler, stores = self._kinds[kind], self._database.stores
        subscription = await handler.get(stores, subscription_id)
        if subscription is None:
            return None
        if handler.is_resting(subscription):
            await self._hold(subscription)
            return None
        if (subscription.next_try_us or 0) > self._now_us():
            return None
        delivery = await self._choose(handler, stores, subscription)
        if delivery is None:
            await self._rest(subscription)
        elif delivery.skip is None:
            delivery = await handler.prepare(stores, subscription, delivery.event)
        return delivery

    async def post(self, delivery: Delivery) -> Outcome:
        """Send a delivery that `next_delivery` returned, once."""
        outcome: Outcome = await self._kinds[delivery.subscription.kind].post(delivery)
        return outcome

    async def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Store an outcome, and return whether the subscription goes on at once.

        What the answer brings about is one commit with the position: after a crash before it the
        event is delivered again, and no answer to it was posted. In two commits, a crash in
        between would post the answer twice, or never.
        """
        subscription_id, event = delivery.subscription.id, delivery.event
        taken = outcome
        handler = self._kinds[delivery.subscription.kind]
        # Before the outcome is judged: a clock that was set meanwhile would count as failing time.
        await self._follow_clock()
        now_us = self._now_us()

        async def command(stores: Stores) -> tuple[bool, frozenset[Topic]]:
            # Read again: the subscription may have been deleted, or moved on, during the delivery.
            subscription = await handler.get(stores, subscription_id)
            if subscription is None or subscription.position >= event.id:
                return False, frozenset()
            outcome = _judged(handler, subscription, delivery, taken, now_us)
            effect = await handler.settle(stores, subscription, delivery, outcome)
            problem = outcome.problem or effect.problem
            state = next_state(
                handler.retry,
                subscription,
                delivery.until,
                outcome.verdict,
                now_us=now_us,
                chance=self._chance(),
                problem=problem,
                asked_seconds=outcome.asked_seconds,
                pause_seconds=outcome.pause_seconds,
                is_slow=delivery.is_slow,
            )
            await stores.subscriptions.set_state(subscription_id, state)
            settled = NewDelivery(
                subscription_id=subscription_id,
                event_id=event.id,
                event=event.event,
                state=outcome.verdict,
                tries=subscription.tries + 1,
                status=outcome.status,
                problem=state.problem,
                answer=(outcome.answer or "")[:ANSWER_CHARACTERS] or None,
                posted_id=effect.posted_id,
                milliseconds=outcome.milliseconds,
                tried_us=now_us,
            )
            await stores.deliveries.put(
                settled, keeps_undelivered=handler.keeps_undelivered
            )
            return state.next_try_us is None, effect.topics

        goes_on, topics = await self._database.write(command)
        self._signals.publish(topics)
        self._passed.pop(subscription_id, None)
        self._sweep.has_work = True
        return goes_on

    async def tidy(self) -> None:
        """Store how far subscriptions passed over events, and sweep the log a little."""
        if self._passed:
            passed, self._passed = self._passed, {}

            async def command(stores: Stores) -> None:
                for subscription_id, position in passed.items():
                    await stores.subscriptions.advance(subscription_id, position)

            await self._database.write(command)
            self._sweep.has_work = True
        await self._sweep.step()

    def close(self) -> None:
        """Close every kind."""
        for kind in self._kinds.values():
            kind.close()

    def _offset(self) -> int:
        return self._now_us() - int(self._elapsed() * SECOND_US)

    async def _follow_clock(self) -> None:
        """Move the times that subscriptions wait for along with the clock, if that was set.

        Otherwise a clock put back would make them wait for as much longer, and one put forward
        would make those that fail look as if they had failed all the time, and pause them.
        """
        before_us, self._offset_us = self._offset_us, self._offset()
        step_us = self._offset_us - before_us
        if abs(step_us) < LEAST_STEP_SECONDS * SECOND_US:
            return
        try:
            await self._database.write(
                lambda stores: stores.subscriptions.shift(step_us)
            )
        except BaseException:
            self._offset_us -= step_us
            raise

    async def _bound_waits(self, *, is_first: bool) -> None:
        """Shorten waits beyond the longest that there is: an earlier clock may have been ahead.

        At a start every wait is checked; later only whether one exceeds every bound.
        """
        now_us = self._now_us()
        policies = {name: kind.retry for name, kind in self._kinds.items()}
        longest = max(
            (
                max(one.longest_wait, one.longest_paused_wait)
                for one in policies.values()
            ),
            default=0.0,
        )
        store = self._database.stores.subscriptions
        if not is_first and not await store.is_any_after(now_us + _us(longest)):
            return

        async def command(stores: Stores) -> None:
            for name, policy in policies.items():
                await stores.subscriptions.bound(
                    name,
                    now_us,
                    longest_us=_us(policy.longest_wait),
                    longest_paused_us=_us(policy.longest_paused_wait),
                )

        await self._database.write(command)

    async def _choose(
        self, kind: Kind[Any, Any], stores: Stores, subscription: SubscriptionRecord
    ) -> Delivery | None:
        position = max(subscription.position, self._passed.get(subscription.id, 0))
        while True:
            events = await stores.events.after(
                subscription, position, count=EVENTS_AT_ONCE
            )
            if not events:
                return None
            own = [event for event in events if _is_for(subscription, event)]
            chosen = await kind.choose(subscription, own) if own else None
            if chosen is not None:
                return chosen
            position = self._passed[subscription.id] = events[-1].id

    async def _hold(self, subscription: SubscriptionRecord) -> None:
        """Clear the next try of a subscription that gets nothing at present.

        Its time would stay due, and wake it again and again.
        """
        next_try_us = subscription.next_try_us
        if next_try_us is not None:
            await self._database.write(
                lambda stores: stores.subscriptions.hold(subscription.id, next_try_us)
            )

    async def _rest(self, subscription: SubscriptionRecord) -> None:
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


def _us(seconds: float) -> int:
    return int(seconds * SECOND_US)


def _is_for(subscription: SubscriptionRecord, event: EventRecord) -> bool:
    """Return whether a subscription may get an event: its own answers would go in circles."""
    if event.only_for is not None:
        return event.only_for == subscription.id
    return event.answered_by != subscription.id
