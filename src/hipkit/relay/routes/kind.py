"""Routes as a kind of subscription of the event log: what they choose, send and settle."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from hipkit.api.errors import StorageError
from hipkit.relay.routes.ages import Ages
from hipkit.relay.routes.backlog import Range
from hipkit.relay.routes.choosing import NO_ROUTE, Chooser
from hipkit.relay.routes.delivery import RouteDelivery
from hipkit.relay.routes.links import Links, NoLinks
from hipkit.relay.routes.posting import Posted, Sends, send_message
from hipkit.relay.routes.preparing import Preparer, is_single, range_of
from hipkit.relay.routes.recent import RecentReferences
from hipkit.relay.routes.route import Route
from hipkit.relay.routes.settling import outcome_of, settle_route
from hipkit.relay.targets.protocol import PLACE
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.kinds import Effect
from hipkit.server.events.retry import ROUTE_RETRIES, RetryPolicy
from hipkit.server.services.context import Runtime
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.routes import RouteRecord
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = ["RouteKind"]

log = logging.getLogger("hipkit.server")

MATCHERS = 2

REMOVED = "the route is not in the file any more"

MOST_UPLOAD_TRIES = 3
"""After as many tries of a message its files are linked: a slow upload must not hold up alerts."""


class RouteKind:
    """A `Kind` of subscription: the routes of a relay.

    Args:
        runtime: The server's.
        routes: The routes of the file, in its order. Each is registered by its name.
        sender: Sends what targets render.
        bridges: By the id of a token, the name of the route whose bridge it belongs to.
        links: Makes links to messages and files; without it, there are none.
        sleep: Waits between the two tries of a message that was refused.
    """

    retry: RetryPolicy = ROUTE_RETRIES
    keeps_undelivered = True

    def __init__(
        self,
        runtime: Runtime,
        routes: Sequence[Route],
        sender: Sends,
        *,
        bridges: Mapping[str, str] | None = None,
        links: Links | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._runtime = runtime
        self._database = runtime.database
        self._sender = sender
        self._sleep = sleep
        self._preparer = Preparer(runtime, links or NoLinks())
        self._ages = Ages(runtime)
        self._places: dict[str, str] = {}
        self._matcher = ThreadPoolExecutor(MATCHERS, thread_name_prefix="hipkit-route")
        self.replace(routes, bridges or {})

    def replace(self, routes: Sequence[Route], bridges: Mapping[str, str]) -> None:
        """Take other routes from now on. What is under way ends as it began."""
        self._chooser = Chooser(routes, bridges, self._matcher)
        self._routes = {route.name: route for route in routes}
        self._places.clear()
        self._recent = RecentReferences()

    async def get(self, stores: Stores, subscription_id: int) -> RouteRecord | None:
        """Return a route, whatever its state: what is under way is settled in any case."""
        return await stores.routes.get(subscription_id)

    def is_inactive(self, subscription: RouteRecord) -> bool:
        """Return whether a route gets nothing now: paused, removed, or not in the file."""
        name = subscription.name
        return subscription.is_inactive or (
            name != NO_ROUTE and name not in self._routes
        )

    def settles_together(self, subscription: RouteRecord) -> bool:
        """Return whether its target can tell what it is sent again, or it only counts.

        While a summary or a drop may move the position, each outcome is stored by itself: those
        that are not stored yet would be behind it, and not counted. What was sent together, and
        not stored before a kill, is sent again; only where the target fails for long before that,
        a summary may count it once more.
        """
        route = self._routes.get(subscription.name)
        if route is None:
            return subscription.name == NO_ROUTE
        return (
            route.target.can_tell_repeats
            and route.drop_older_than_seconds is None
            and subscription.recovered_us is None
        )

    async def choose(
        self, subscription: RouteRecord, events: Sequence[EventRecord]
    ) -> Delivery | None:
        """Return the first event that a route takes, or that its summary begins with.

        What is older than the route says is dropped, and counted in one commit with the position.
        """
        if self.is_inactive(subscription):
            # It was removed a moment ago. Nothing is passed over: the event waits, see `post`.
            return Delivery(subscription=subscription, event=events[0])
        summary = await self._database.stores.routes.summary(subscription.id)
        covered = None if summary is None else range_of(summary)
        await self._ages.follow_clock()
        left = [one for one in events if not _is_covered(subscription, one, covered)]
        taken = await self._chooser.taken(subscription.name, left)
        chosen, dropped, last_dropped = None, 0, 0
        for event, is_taken in zip(left, taken, strict=True):
            is_kept = _is_kept(subscription, event, covered)
            if not is_taken and not is_kept:
                continue
            if not is_kept and self._is_too_old(subscription, event):
                dropped, last_dropped = dropped + 1, event.id
                continue
            chosen = Delivery(subscription=subscription, event=event)
            break
        if dropped:
            await self._drop(subscription, dropped, last_dropped)
        if chosen is None:
            # Calls to the server go on while a long backlog is passed over.
            await asyncio.sleep(0)
        return chosen

    async def prepare(
        self, stores: Stores, subscription: RouteRecord, event: EventRecord
    ) -> RouteDelivery:
        """Return an event as the route's target gets it."""
        route = self._routes.get(subscription.name)
        if route is None:
            return RouteDelivery(subscription=subscription, event=event)
        try:
            delivery = await self._preparer.prepare(
                stores, self._chooser, route, subscription, event
            )
        except StorageError:
            raise
        except Exception as error:
            # Whatever a stranger wrote, it must not hold up what comes after it.
            problem = f"it could not be read: {type(error).__name__}"
            return RouteDelivery(
                subscription=subscription, event=event, route=route, unread=problem
            )
        return self._recent.complete(delivery)

    async def post(self, delivery: RouteDelivery) -> Outcome:
        """Send a message once, and once more as plain text if it is refused."""
        record, route, message = delivery.subscription, delivery.route, delivery.message
        if delivery.unread is not None:
            return Outcome(verdict_is="refused", problem=delivery.unread)
        if route is None or message is None:
            # What no route takes is counted, and shown among what was delivered.
            if isinstance(record, RouteRecord) and record.name == NO_ROUTE:
                return Outcome(verdict_is="delivered")
            return Outcome(verdict_is="waiting", problem=REMOVED)
        began = time.monotonic()
        references = dict(delivery.references)
        if route.name in self._places:
            references[PLACE] = self._places[route.name]

        async def keep(key: str, reference: str) -> None:
            if key != PLACE:
                await self._keep(record.id, route.key(key), reference)
            elif self._routes.get(route.name) is route:
                # Else the file was read meanwhile, and the route may lead elsewhere.
                self._places[route.name] = reference

        posted = await send_message(
            route,
            message,
            self._sender,
            references=references,
            now=datetime.fromtimestamp(self._runtime.now_us() / SECOND_US, UTC),
            keep=keep,
            may_upload=record.tries < MOST_UPLOAD_TRIES,
            sleep=self._sleep,
        )
        if posted.answer.verdict == "route":
            self._places.pop(route.name, None)
        if delivery.stands_for and posted.answer.verdict == "content":
            posted = await self._withdraw(record.id, posted)
        outcome = outcome_of(
            route,
            posted,
            tries=record.tries + 1,
            thread=_thread_of(delivery, posted),
            milliseconds=round((time.monotonic() - began) * 1000),
        )
        self._recent.add(delivery, outcome)
        return outcome

    async def settle(
        self,
        stores: Stores,
        subscription: RouteRecord,
        delivery: Delivery,
        outcome: Outcome,
    ) -> Effect:
        """Count what became of a message, and store what it is called at the target."""
        return await settle_route(
            stores, subscription, delivery, outcome, now_us=self._runtime.now_us()
        )

    def close(self) -> None:
        """Search no further texts."""
        self._matcher.shutdown(wait=False, cancel_futures=True)

    def _is_too_old(self, subscription: RouteRecord, event: EventRecord) -> bool:
        route = self._routes.get(subscription.name)
        most = None if route is None else route.drop_older_than_seconds
        return most is not None and self._ages.is_older(event, most)

    async def _drop(self, subscription: RouteRecord, count: int, last: int) -> None:
        """Pass over messages that are too old for a route."""

        async def command(stores: Stores) -> None:
            await stores.routes.count_dropped(subscription.id, count)
            await stores.subscriptions.advance(subscription.id, last)

        await self._database.write(command)
        log.warning("%s: %d messages were too old for it", subscription.title, count)

    async def _keep(self, route_id: int, key: str, reference: str) -> None:
        now_us = self._runtime.now_us()
        await self._database.write(
            lambda stores: stores.routes.put_reference(route_id, key, reference, now_us)
        )

    async def _withdraw(self, route_id: int, posted: Posted) -> Posted:
        """Remove a summary that the target refuses: each of its messages is sent."""
        await self._database.write(
            lambda stores: stores.routes.delete_summary(route_id)
        )
        problem = f"the summary was refused, so each is sent: {posted.answer.problem}"
        answer = replace(posted.answer, verdict="later", problem=problem)
        return replace(posted, answer=answer)


def _is_covered(
    subscription: RouteRecord, event: EventRecord, covered: Range | None
) -> bool:
    """Return whether an event is passed over, because a summary had it."""
    return (
        covered is not None
        and covered.covers(subscription.position, event.id, is_red=False)
        and not is_single(subscription, event)
    )


def _thread_of(delivery: RouteDelivery, posted: Posted) -> str | None:
    """Return what the target calls the thread that a message was sent into."""
    message = delivery.message
    if message is None or message.thread is None or posted.is_plain:
        return None
    return delivery.references.get(message.thread)


def _is_kept(
    subscription: RouteRecord, event: EventRecord, covered: Range | None
) -> bool:
    """Return whether an event is sent whatever the file says by now.

    That is what the operator sends again, and what a summary begins with: without it, all that
    the summary stands for would be lost.
    """
    return event.only_for is not None or (
        covered is not None and covered.is_next(subscription.position, event.id)
    )
