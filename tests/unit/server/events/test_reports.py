from __future__ import annotations

import pytest

from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.reports import log_pause, log_undelivered
from hipkit.server.events.retry import Verdict
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)

EVENT = EventRecord(
    id=9, group_id=1, room_id=1, event="posted", item="s3cret", root="", created_us=1
)


def subscription(paused_us: int | None = None) -> SubscriptionRecord:
    return SubscriptionRecord(
        1, None, "posted", id=4, kind="relay", host="", position=8, paused_us=paused_us
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, 1, ["relay 4 keeps failing and is paused: gone"]),
        (1, None, ["relay 4 works again"]),
        (None, None, []),
        (1, 1, []),
    ],
)
def test_a_pause_and_its_end_are_told(
    before: int | None,
    after: int | None,
    told: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = SubscriptionState(position=8, paused_us=after, problem="gone")
    log_pause(subscription(before), state)
    assert caplog.messages == told


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("refused", ["relay 4: event 9 was refused: too long"]),
        ("set_aside", ["relay 4: event 9 was set aside: too long"]),
        ("delivered", []),
        ("waiting", []),
        ("misconfigured", []),
    ],
)
def test_what_is_not_delivered_is_told_without_its_content(
    verdict: Verdict, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    delivery = Delivery(subscription=subscription(), event=EVENT)
    outcome = Outcome(verdict_is=verdict, problem="too long", answer="s3cret")
    log_undelivered([(delivery, outcome)])
    assert caplog.messages == told
