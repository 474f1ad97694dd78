"""Webhooks as a kind of subscription: patterns, signed bodies, and answers that are posted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hipkit.api.errors import ApiError
from hipkit.descriptors.patterns import is_found
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.kinds import Effect
from hipkit.server.events.retry import WEBHOOK_RETRIES
from hipkit.server.services.context import Runtime
from hipkit.server.services.messages.posting import add_notification
from hipkit.server.services.webhooks.deliveries import (
    WebhookDelivery,
    prepare_delivery,
    root_of,
)
from hipkit.server.services.webhooks.owners import may_still_see, owner_of
from hipkit.server.services.webhooks.posters import HttpPoster
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.webhooks import WebhookRecord
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["ReadNotification", "WebhookKind"]

ReadNotification = Callable[[bytes, int], SendRoomNotification | None]
"""Returns the notification for a room in a body; raises `ApiError` where it breaks the rules."""

MATCHERS = 2

SLOW_PATTERN = "the pattern took too long for this text"
OUT_OF_SIGHT = "its owner may not see the room any more"
OWNER_GONE = "the answer was not posted: the webhook's owner is gone"
ANSWER_TO_ANSWER = "not posted: this event is an answer itself"


class WebhookKind:
    """A `Kind` of subscription.

    Args:
        runtime: The server's.
        poster: Sends deliveries.
        read_notification: Returns the notification in an answer's body, if it is one.
        own_root: Scheme and host of links where neither settings nor webhook have one.
    """

    retry = WEBHOOK_RETRIES
    keeps_undelivered = False

    def __init__(
        self,
        runtime: Runtime,
        poster: HttpPoster,
        *,
        read_notification: ReadNotification,
        own_root: str,
    ) -> None:
        self._runtime = runtime
        self._poster = poster
        self._read_notification = read_notification
        self._own_root = own_root
        self._matchers = ThreadPoolExecutor(MATCHERS, thread_name_prefix="hipkit-match")

    async def get(self, stores: Stores, subscription_id: int) -> WebhookRecord | None:
        """Return a webhook."""
        return await stores.webhooks.get(subscription_id)

    def is_inactive(self, subscription: WebhookRecord) -> bool:
        """Return `False`: a webhook gets its events as long as it exists."""
        return False

    def settles_together(self, subscription: WebhookRecord) -> bool:
        """Return `False`: no receiver need drop what it is sent again."""
        return False

    async def choose(
        self, subscription: WebhookRecord, events: Sequence[EventRecord]
    ) -> Delivery | None:
        """Return the first event that a webhook's pattern is found in."""
        if subscription.pattern is None:
            return Delivery(subscription=subscription, event=events[0])
        # In a thread: a pattern may use its whole time limit, and calls would wait for it.
        return await asyncio.get_running_loop().run_in_executor(
            self._matchers, _first_found, subscription, subscription.pattern, events
        )

    async def prepare(
        self, stores: Stores, subscription: WebhookRecord, event: EventRecord
    ) -> WebhookDelivery:
        """Return an event as the webhook's receiver gets it, if its owner may see the room."""
        if not await may_still_see(stores, subscription, event.room_id):
            return WebhookDelivery(
                subscription=subscription, event=event, skip=OUT_OF_SIGHT
            )
        root = self._root_for(subscription)
        return await prepare_delivery(self._runtime, stores, subscription, event, root)

    async def post(self, delivery: WebhookDelivery) -> Outcome:
        """Send an event to the webhook's receiver."""
        return await self._poster.post(delivery)

    async def settle(
        self,
        stores: Stores,
        subscription: WebhookRecord,
        delivery: Delivery,
        outcome: Outcome,
    ) -> Effect:
        """Post the receiver's answer for the webhook's owner, if it is a notification."""
        event = delivery.event
        try:
            notification = self._read_notification(outcome.body, event.room_id)
            if notification is None:
                return Effect()
            if event.answered_by is not None:
                # Two receivers that answer each other would never end.
                return Effect(problem=ANSWER_TO_ANSWER)
            owner = await owner_of(stores, subscription)
            if owner is None:
                return Effect(problem=OWNER_GONE)
            context = self._runtime.context(
                owner, root=self._root_for(subscription), answered_by=subscription.id
            )
            posted_id = await add_notification(context, stores, notification)
        except ApiError as error:
            return Effect(problem=f"the answer was not posted: {error.message}")
        return Effect(posted_id=posted_id, topics=frozenset(context.topics))

    def close(self) -> None:
        """Match no further patterns."""
        self._matchers.shutdown(wait=False, cancel_futures=True)

    def _root_for(self, webhook: WebhookRecord) -> str:
        return root_of(webhook, self._runtime, self._own_root)


def _first_found(
    webhook: WebhookRecord, pattern: str, events: Sequence[EventRecord]
) -> Delivery | None:
    for event in events:
        delivery = Delivery(subscription=webhook, event=event)
        try:
            if event.text is None or is_found(pattern, event.text):
                return delivery
        except TimeoutError:
            return replace(delivery, skip=SLOW_PATTERN, is_slow=True)
    return None
