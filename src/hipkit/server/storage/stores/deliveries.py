"""Deliveries: the newest outcomes of each subscription, to be shown and sent again."""

from __future__ import annotations

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, select, upsert

__all__ = ["MOST_DELIVERIES", "DeliveryRecord", "DeliveryStore", "NewDelivery"]

MOST_DELIVERIES = 100
"""Of each subscription that are kept."""

MOST_UNDELIVERED = 1_000
"""Of those that were not delivered, where these are kept beside the others."""


class NewDelivery(Record, frozen=True, array_like=True, kw_only=True):
    """The outcome of an event for a subscription, to be stored."""

    subscription_id: int
    event_id: int
    event: str
    state: str
    """The verdict: `delivered`, `refused`, `waiting` and so on; `sent_again` where an operator
    did that."""
    tries: int
    status: int | None = None
    problem: str | None = None
    answer: str | None = None
    """The beginning of the endpoint's answer."""
    posted_id: str | None = None
    """The message that the answer became."""
    milliseconds: int | None = None
    tried_us: int


class DeliveryRecord(NewDelivery, frozen=True, array_like=True, kw_only=True):
    """An outcome with what was sent; `item` is `None` where the event is not kept any more."""

    id: int
    item: str | None
    room_id: int | None
    """The event's room; `None` with `item`."""
    root: str | None = None
    """The placeholder with which links in `item` begin."""


COLUMNS = select(
    DeliveryRecord,
    "deliveries LEFT JOIN events ON events.id = event_id",
    id="deliveries.id",
    event="deliveries.event",
    room_id="events.room_id",
    root="events.root",
)
DELIVERED = " AND state = 'delivered'"
UNDELIVERED = " AND state <> 'delivered'"
TRIM = (
    "DELETE FROM deliveries WHERE subscription_id = ?{0} AND event_id <= (SELECT event_id"
    " FROM deliveries WHERE subscription_id = ?{0} ORDER BY event_id DESC LIMIT 1 OFFSET ?)"
)
PUT = upsert("deliveries", "subscription_id, event_id", NewDelivery)


class DeliveryStore(Store):
    """Reads and writes deliveries."""

    async def put(
        self, *deliveries: NewDelivery, keeps_undelivered: bool = False
    ) -> None:
        """Store outcomes of a subscription's events, in place of earlier ones.

        The newest `MOST_DELIVERIES` are kept; with `keeps_undelivered`, as many that were
        delivered, and the newest `MOST_UNDELIVERED` of the others.
        """
        for delivery in deliveries:
            await self._run(PUT, *astuple(delivery))
        subscription_id = deliveries[-1].subscription_id
        if not keeps_undelivered:
            await self._trim(subscription_id, "", MOST_DELIVERIES)
            return
        if any(delivery.state == "delivered" for delivery in deliveries):
            await self._trim(subscription_id, DELIVERED, MOST_DELIVERIES)
        if any(delivery.state != "delivered" for delivery in deliveries):
            await self._trim(subscription_id, UNDELIVERED, MOST_UNDELIVERED)

    async def _trim(self, subscription_id: int, where: str, most: int) -> None:
        sql = TRIM.format(where)
        await self._run(sql, subscription_id, subscription_id, most)

    async def set_state(self, delivery_id: int, state: str) -> None:
        """Store what became of a delivery."""
        sql = "UPDATE deliveries SET state = ? WHERE id = ?"
        await self._run(sql, state, delivery_id)

    async def get(self, delivery_id: int) -> DeliveryRecord | None:
        """Return a delivery by its number."""
        sql = COLUMNS + "WHERE deliveries.id = ?"
        return await self._one(DeliveryRecord, sql, delivery_id)

    async def of_subscription(
        self, subscription_id: int, count: int
    ) -> list[DeliveryRecord]:
        """Return a subscription's deliveries, the newest event first."""
        sql = COLUMNS + "WHERE subscription_id = ? ORDER BY event_id DESC LIMIT ?"
        return await self._all(DeliveryRecord, sql, subscription_id, count)
