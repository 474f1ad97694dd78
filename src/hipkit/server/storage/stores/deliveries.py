"""Deliveries: the newest outcomes of each subscription, to be shown and sent again."""

from __future__ import annotations

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Session

__all__ = ["MOST_DELIVERIES", "DeliveryRecord", "DeliveryStore", "NewDelivery"]

MOST_DELIVERIES = 100
"""Of each subscription that are kept."""


class NewDelivery(Record, frozen=True, array_like=True, kw_only=True):
    """The outcome of an event for a subscription, to be stored."""

    subscription_id: int
    event_id: int
    event: str
    state: str
    """`delivered`, `refused`, `waiting` or `skipped`."""
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


COLUMNS = (
    "SELECT subscription_id, event_id, deliveries.event, state, tries, status, problem, answer,"
    " posted_id, milliseconds, tried_us, deliveries.id, item, events.room_id, events.root"
    " FROM deliveries LEFT JOIN events ON events.id = event_id "
)


class DeliveryStore:
    """Reads and writes deliveries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, delivery: NewDelivery) -> None:
        """Store the outcome of an event, in place of an earlier one."""
        await self._session.run(
            "INSERT INTO deliveries (subscription_id, event_id, event, state, tries, status,"
            " problem, answer, posted_id, milliseconds, tried_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (subscription_id, event_id) DO UPDATE SET state = excluded.state,"
            " tries = excluded.tries, status = excluded.status, problem = excluded.problem,"
            " answer = excluded.answer, posted_id = excluded.posted_id,"
            " milliseconds = excluded.milliseconds, tried_us = excluded.tried_us",
            *astuple(delivery),
        )
        await self._session.run(
            "DELETE FROM deliveries WHERE subscription_id = ? AND event_id <= (SELECT"
            " event_id FROM deliveries WHERE subscription_id = ?"
            " ORDER BY event_id DESC LIMIT 1 OFFSET ?)",
            delivery.subscription_id,
            delivery.subscription_id,
            MOST_DELIVERIES,
        )

    async def get(self, delivery_id: int) -> DeliveryRecord | None:
        """Return a delivery by its number."""
        return await self._session.one(
            DeliveryRecord, COLUMNS + "WHERE deliveries.id = ?", delivery_id
        )

    async def of_subscription(
        self, subscription_id: int, count: int
    ) -> list[DeliveryRecord]:
        """Return a subscription's deliveries, the newest event first."""
        return await self._session.all(
            DeliveryRecord,
            COLUMNS + "WHERE subscription_id = ? ORDER BY event_id DESC LIMIT ?",
            subscription_id,
            count,
        )
