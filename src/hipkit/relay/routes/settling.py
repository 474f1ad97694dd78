"""What becomes of a message: the verdict on it, and what is stored of it."""

from __future__ import annotations

from hipkit.relay.routes.backlog import FAILED_SECONDS
from hipkit.relay.routes.delivery import RouteDelivery, RouteOutcome
from hipkit.relay.routes.posting import Posted
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import Verdict as TargetVerdict
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.kinds import Effect
from hipkit.server.events.retry import Verdict
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.routes import RouteRecord
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = ["outcome_of", "references_of", "settle_route"]

VERDICTS: dict[TargetVerdict, Verdict] = {
    "delivered": "delivered",
    "content": "refused",
    "route": "misconfigured",
    "later": "waiting",
}

LONGEST_REFERENCE = 500
LONGEST_KEY = 200


def outcome_of(
    route: Route,
    posted: Posted,
    *,
    tries: int,
    thread: str | None = None,
    milliseconds: int | None = None,
) -> RouteOutcome:
    """Return what a target's answer means for the route.

    Args:
        route: The route.
        posted: What came of the message.
        tries: How often it has been tried, this time included.
        thread: What the target calls the thread that the message was sent into.
        milliseconds: How long the try took.
    """
    answer = posted.answer
    verdict = VERDICTS[answer.verdict]
    most_tries = route.target.most_tries
    if verdict == "waiting" and most_tries is not None and tries >= most_tries:
        verdict = "set_aside"
    return RouteOutcome(
        status=posted.status,
        verdict_is=verdict,
        problem=answer.problem,
        asked_seconds=answer.wait_seconds,
        pause_seconds=route.target.pace_seconds,
        # A reply to a reply belongs to the same thread: targets know no threads within threads.
        reference=None if answer.reference is None else thread or answer.reference,
        milliseconds=milliseconds,
    )


async def settle_route(
    stores: Stores,
    record: RouteRecord,
    delivery: Delivery,
    outcome: Outcome,
    *,
    now_us: int,
) -> Effect:
    """Store what became of a message, within the command that moves the route's position."""
    verdict = outcome.verdict
    stands_for = delivery.stands_for if isinstance(delivery, RouteDelivery) else 0
    await stores.routes.put_answer(
        record.id,
        status=outcome.status,
        problem=outcome.problem,
        now_us=now_us,
        delivered=verdict == "delivered",
        refused=verdict == "refused",
        set_aside=verdict == "set_aside",
        summarised=stands_for if verdict == "delivered" else 0,
    )
    if verdict in {"refused", "set_aside", "skipped"}:
        await _forget_summary(stores, record, delivery.event.id)
    if verdict in {"delivered", "refused"} and _has_failed_long(record, now_us):
        await stores.routes.set_recovered(record.id, now_us)
    for key, reference in references_of(delivery, outcome).items():
        await stores.routes.put_reference(record.id, key, reference, now_us)
    return Effect()


async def _forget_summary(stores: Stores, record: RouteRecord, event_id: int) -> None:
    """Remove a summary that was not sent: what it stood for is sent one by one."""
    summary = await stores.routes.summary(record.id)
    if summary is not None and summary.first_event_id == event_id:
        await stores.routes.delete_summary(record.id)


def _has_failed_long(record: RouteRecord, now_us: int) -> bool:
    since_us = record.failing_since_us
    return since_us is not None and now_us - since_us >= FAILED_SECONDS * SECOND_US


def references_of(delivery: Delivery, outcome: Outcome) -> dict[str, str]:
    """Return what a message is called at the target, by the keys of `Route.key`."""
    if not isinstance(delivery, RouteDelivery) or not isinstance(outcome, RouteOutcome):
        return {}
    route, message, reference = delivery.route, delivery.message, outcome.reference
    if outcome.verdict != "delivered" or route is None or message is None:
        return {}
    if not reference or len(reference) > LONGEST_REFERENCE:
        return {}
    keys = {message.id}
    if message.card is not None and 0 < len(message.card.id) <= LONGEST_KEY:
        keys.add(message.card.id)
    return dict.fromkeys(map(route.key, keys), reference)
