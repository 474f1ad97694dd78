"""What became of events at a webhook: the newest of each, for people to look at."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session

__all__ = ["MOST_DELIVERIES", "DeliveryRecord", "NewDelivery", "WebhookDeliveryStore"]

MOST_DELIVERIES = 100
"""Of each webhook that are kept."""


class NewDelivery(Record, frozen=True, array_like=True, kw_only=True):
    """What became of an event, to be stored."""

    webhook_id: int
    event_id: int
    event: str
    state: str
    """`delivered`, `refused`, `waiting` or `skipped`."""
    tries: int
    status: int | None = None
    problem: str | None = None
    answer: str | None = None
    """How the receiver's answer begins."""
    posted_id: str | None = None
    """The message that the answer became."""
    milliseconds: int | None = None
    tried_us: int


class DeliveryRecord(Record, frozen=True, array_like=True):
    """What became of an event, and what was sent; `item` is `None` where that is gone."""

    id: int
    webhook_id: int
    event_id: int
    event: str
    state: str
    tries: int
    status: int | None
    problem: str | None
    answer: str | None
    posted_id: str | None
    milliseconds: int | None
    tried_us: int
    item: str | None
    room_id: int | None
    """Where it happened; `None` with `item`."""
    root: str | None = None
    """What links in `item` are made with."""


COLUMNS = (
    "SELECT webhook_deliveries.id, webhook_id, event_id, webhook_deliveries.event, state,"
    " tries, status, problem, answer, posted_id, milliseconds, tried_us, item,"
    " webhook_events.room_id, webhook_events.root"
    " FROM webhook_deliveries LEFT JOIN webhook_events ON webhook_events.id = event_id "
)


class WebhookDeliveryStore:
    """Reads and writes deliveries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, delivery: NewDelivery) -> None:
        """Store what became of an event, in place of what was known before."""
        changed = await self._session.run(
            "UPDATE webhook_deliveries SET state = ?, tries = ?, status = ?, problem = ?,"
            " answer = ?, posted_id = ?, milliseconds = ?, tried_us = ?"
            " WHERE webhook_id = ? AND event_id = ?",
            delivery.state,
            delivery.tries,
            delivery.status,
            delivery.problem,
            delivery.answer,
            delivery.posted_id,
            delivery.milliseconds,
            delivery.tried_us,
            delivery.webhook_id,
            delivery.event_id,
        )
        if changed:
            return
        await self._session.insert(
            "INSERT INTO webhook_deliveries (webhook_id, event_id, event, state, tries,"
            " status, problem, answer, posted_id, milliseconds, tried_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            delivery.webhook_id,
            delivery.event_id,
            delivery.event,
            delivery.state,
            delivery.tries,
            delivery.status,
            delivery.problem,
            delivery.answer,
            delivery.posted_id,
            delivery.milliseconds,
            delivery.tried_us,
        )
        await self._session.run(
            "DELETE FROM webhook_deliveries WHERE webhook_id = ? AND event_id <= (SELECT"
            " event_id FROM webhook_deliveries WHERE webhook_id = ?"
            " ORDER BY event_id DESC LIMIT 1 OFFSET ?)",
            delivery.webhook_id,
            delivery.webhook_id,
            MOST_DELIVERIES,
        )

    async def get(self, delivery_id: int) -> DeliveryRecord | None:
        """Return a delivery by its number."""
        return await self._session.one(
            DeliveryRecord, COLUMNS + "WHERE webhook_deliveries.id = ?", delivery_id
        )

    async def of_webhook(self, webhook_id: int, count: int) -> list[DeliveryRecord]:
        """Return a webhook's deliveries, the newest event first."""
        return await self._session.all(
            DeliveryRecord,
            COLUMNS + "WHERE webhook_id = ? ORDER BY event_id DESC LIMIT ?",
            webhook_id,
            count,
        )
