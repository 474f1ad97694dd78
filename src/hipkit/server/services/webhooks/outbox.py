"""The outbox in the database: what is to be delivered next, and what became of it.

Everything about a route is stored, so that a server that is killed goes on where it was: what
was being delivered is delivered again, and nothing is lost. Idle and paused routes cost no
memory; what is kept here are the routes whose patterns passed events over since the last look.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from hipkit.api.errors import ApiError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.retry import (
    LONGEST_ASKED_WAIT_SECONDS,
    LONGEST_PROBE_SECONDS,
    next_state,
)
from hipkit.server.services.context import Context, Runtime
from hipkit.server.services.messages.posting import add_notification
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.webhooks.deliveries import prepare_delivery, root_of
from hipkit.server.services.webhooks.owners import may_still_see, owner_of
from hipkit.server.services.webhooks.patterns import is_found
from hipkit.server.services.webhooks.sweep import OutboxSweep
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import DueRecord, WaitBounds
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["DatabaseOutbox", "ReadNotification"]

ReadNotification = Callable[[bytes, int], SendRoomNotification | None]
"""Returns the notification for a room in a body; raises `ApiError` where it breaks the rules."""

MOST_DUE = 500
EVENTS_AT_ONCE = 50
MATCHERS = 2
ANSWER_CHARACTERS = 500
LEAST_STEP_SECONDS = 2.0
"""By how much a clock is set at least; less is its own unevenness."""

SLOW_PATTERN = "the pattern took too long for this text"
OUT_OF_SIGHT = "its maker may not see the room any more"
ANSWER_TO_ANSWER = "not posted: this event is an answer itself"


class DatabaseOutbox:
    """An `Outbox` for one server and its database.

    Args:
        runtime: The server's.
        read_notification: Returns the notification in an answer's body, if it is one.
        own_root: What links in events begin with where nothing better is known.
        chance: Returns numbers from 0 to 1 that spread waits.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        read_notification: ReadNotification,
        own_root: str,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._runtime = runtime
        self._signs_query = runtime.settings.webhook_signed_request
        self._database = runtime.database
        self._now_us = runtime.now_us
        self._elapsed = runtime.elapsed
        self._read_notification = read_notification
        self._offset_us = self._offset()
        self._chance = chance
        self._own_root = own_root
        self._seen: int | None = None
        self._passed: dict[int, int] = {}
        self._matchers = ThreadPoolExecutor(MATCHERS, thread_name_prefix="hipkit-match")
        self._sweep = OutboxSweep(runtime.database)

    async def woken(self) -> Sequence[DueRecord]:
        """Return the routes that may have something to do, with what came since the last time."""
        stores = self._database.stores
        await self._follow_clock()
        await self._bound_waits(is_first=self._seen is None)
        newest = await stores.events.newest()
        routes: list[DueRecord] = []
        if self._seen is None:
            routes += await stores.subscriptions.behind()
        elif newest > self._seen:
            for stream in await stores.events.streams_between(self._seen, newest):
                routes += await stores.subscriptions.woken_by(
                    stream.group_id, stream.room_id, stream.event
                )
        self._seen = max(newest, self._seen or 0)
        routes += await stores.subscriptions.due(self._now_us(), MOST_DUE)
        return routes

    async def next_delivery(self, webhook_id: int) -> Delivery | None:
        """Return what a webhook is to get next; `None` where nothing waits."""
        stores = self._database.stores
        webhook = await stores.webhooks.get(webhook_id)
        if webhook is None or (webhook.next_try_us or 0) > self._now_us():
            return None
        found = await self._next_event(stores, webhook)
        if found is None:
            await self._rest(webhook)
            return None
        event, skip = found
        if skip is None and not await may_still_see(stores, webhook, event.room_id):
            skip = OUT_OF_SIGHT
        if skip is not None:
            return Delivery(subscription=webhook, event=event, skip=skip)
        return await prepare_delivery(
            stores,
            webhook,
            event,
            self._now_us(),
            root=self._root_for(webhook),
            signs_query=self._signs_query,
        )

    async def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Store what came of a delivery, and say whether the route may go on at once.

        The answer is posted in the same commit, so that it is posted once.
        """
        webhook_id, event = delivery.subscription.id, delivery.event
        await self._follow_clock()
        context = self._context(delivery)

        async def command(stores: Stores) -> bool:
            webhook = await stores.webhooks.get(webhook_id)
            if webhook is None or webhook.position >= event.id:
                return False
            posted_id, problem = await self._post(
                context, stores, webhook, event, outcome
            )
            problem = outcome.problem or problem
            state = next_state(
                webhook,
                event.id,
                outcome.verdict,
                now_us=context.now_us,
                chance=self._chance(),
                problem=problem,
                asked_seconds=outcome.asked_seconds,
                is_slow=problem == SLOW_PATTERN,
            )
            await stores.subscriptions.set_state(webhook_id, state)
            await stores.deliveries.put(
                _told(webhook, event, outcome, problem, posted_id, context.now_us)
            )
            return state.next_try_us is None

        goes_on = await context.write(command)
        self._passed.pop(webhook_id, None)
        self._sweep.has_work = True
        return goes_on

    async def tidy(self) -> None:
        """Store how far patterns have passed events over, and remove what nobody waits for."""
        if self._passed:
            passed, self._passed = self._passed, {}

            async def command(stores: Stores) -> None:
                for webhook_id, position in passed.items():
                    await stores.subscriptions.advance(webhook_id, position)

            await self._database.write(command)
            self._sweep.has_work = True
        await self._sweep.step()

    def close(self) -> None:
        """Match no further patterns."""
        self._matchers.shutdown(wait=False, cancel_futures=True)

    def _offset(self) -> int:
        return self._now_us() - int(self._elapsed() * SECOND_US)

    async def _follow_clock(self) -> None:
        """Move what routes wait for along with the clock, if that was set since the last look.

        Otherwise a clock put back makes them wait for as long as that, and one put forward makes
        those that fail look as if they had failed all the time.
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
        """Let no route wait for longer than routes ever do: an earlier clock may have been ahead.

        At a start every wait is looked at; later only whether one is beyond all.
        """
        now_us, longest_us = self._now_us(), int(LONGEST_PROBE_SECONDS * SECOND_US)
        routes = self._database.stores.subscriptions
        if is_first or await routes.is_any_after(now_us + longest_us):
            wait_us = int(LONGEST_ASKED_WAIT_SECONDS * SECOND_US)
            bounds = WaitBounds(
                now_us=now_us, longest_us=wait_us, longest_paused_us=longest_us
            )
            if await routes.is_any_beyond(bounds):
                await self._database.write(
                    lambda stores: stores.subscriptions.bound(bounds)
                )

    async def _next_event(
        self, stores: Stores, webhook: WebhookRecord
    ) -> tuple[EventRecord, str | None] | None:
        """Return the next event that a webhook is to get, and why not if it is not."""
        position = max(webhook.position, self._passed.get(webhook.id, 0))
        while True:
            events = await stores.events.after(
                position,
                group_id=webhook.group_id,
                room_id=webhook.room_id,
                event=webhook.event,
                count=EVENTS_AT_ONCE,
            )
            if not events:
                return None
            found = await self._choose(webhook, events)
            if found is not None:
                return found
            position = self._passed[webhook.id] = events[-1].id

    async def _choose(
        self, webhook: WebhookRecord, events: Sequence[EventRecord]
    ) -> tuple[EventRecord, str | None] | None:
        if webhook.pattern is None:
            return _first_for(webhook, events)
        # Beside the event loop: a pattern may take all the time that it has.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._matchers, _first_for, webhook, events)

    async def _rest(self, webhook: WebhookRecord) -> None:
        """Let a route be as any other that nothing waits for, if it was failing."""
        if webhook.next_try_us is None:
            return

        async def command(stores: Stores) -> None:
            now = await stores.webhooks.get(webhook.id)
            if now is not None and now.next_try_us == webhook.next_try_us:
                await stores.subscriptions.rest(webhook.id)

        await self._database.write(command)

    async def _post(
        self,
        context: Context,
        stores: Stores,
        webhook: WebhookRecord,
        event: EventRecord,
        outcome: Outcome,
    ) -> tuple[str | None, str | None]:
        """Post a receiver's answer, if it is a notification.

        Returns the message's id, or the problem.
        """
        try:
            notification = self._read_notification(outcome.body, event.room_id)
        except ApiError as error:
            return None, f"the answer was not posted: {error.message}"
        if notification is None:
            return None, None
        if context.answered_by is not None:
            return None, ANSWER_TO_ANSWER
        context.answered_by = webhook.id
        context.actor_or_none = await owner_of(stores, webhook)
        if context.actor_or_none is None:
            return None, "the answer was not posted: the webhook's maker is gone"
        try:
            return await add_notification(context, stores, notification), None
        except ApiError as error:
            return None, f"the answer was not posted: {error.message}"

    def _root_for(self, webhook: WebhookRecord) -> str:
        """Return what links in a webhook's events begin with."""
        return root_of(webhook, self._runtime.settings.public_url) or self._own_root

    def _context(self, delivery: Delivery) -> Context:
        return self._runtime.context(
            root=self._root_for(cast("WebhookRecord", delivery.subscription)),
            answered_by=delivery.event.answered_by,
        )


def _told(
    webhook: WebhookRecord,
    event: EventRecord,
    outcome: Outcome,
    problem: str | None,
    posted_id: str | None,
    now_us: int,
) -> NewDelivery:
    """Return what people are told of a delivery."""
    return NewDelivery(
        subscription_id=webhook.id,
        event_id=event.id,
        event=event.event,
        state=outcome.verdict,
        tries=webhook.tries + 1,
        status=outcome.status,
        problem=problem,
        answer=(outcome.answer or "")[:ANSWER_CHARACTERS] or None,
        posted_id=posted_id,
        milliseconds=outcome.milliseconds,
        tried_us=now_us,
    )


def _first_for(
    webhook: WebhookRecord, events: Sequence[EventRecord]
) -> tuple[EventRecord, str | None] | None:
    """Return the first of some events that a webhook is to get, or cannot be tried for."""
    for event in events:
        if event.only_for == webhook.id:
            return event, None
        if event.only_for is not None or event.answered_by == webhook.id:
            continue
        if webhook.pattern is None or event.text is None:
            return event, None
        try:
            if is_found(webhook.pattern, event.text):
                return event, None
        except TimeoutError:
            return event, SLOW_PATTERN
    return None
