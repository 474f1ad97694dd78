"""Back-off and pause, decided without network and clock."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.events.retry import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    PROBE_SECONDS,
    Verdict,
    judge,
    next_state,
    wait_seconds,
)
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND


def subscription(**state: object) -> SubscriptionRecord:
    plain = SubscriptionRecord(
        id=1,
        kind="test",
        group_id=1,
        room_id=1,
        event="room_message",
        host="",
        position=10,
    )
    return msgspec.structs.replace(plain, **state)


def after(
    verdict: Verdict, record: SubscriptionRecord, **known: object
) -> SubscriptionState:
    known.setdefault("now_us", NOW)
    return next_state(record, 11, verdict, chance=0.5, **known)  # type: ignore[arg-type]  # its own keywords


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_delivered(status: int) -> None:
    assert judge(status) == "delivered"


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504, 599])
def test_a_temporary_error_is_tried_again(status: int | None) -> None:
    assert judge(status) == "waiting"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 403, 404, 410])
def test_any_other_error_is_final(status: int) -> None:
    assert judge(status) == "refused"


def test_waits_double_up_to_a_longest_one() -> None:
    waits = [wait_seconds(tries, 0.5) for tries in range(1, 12)]

    assert waits[0] == FIRST_WAIT_SECONDS
    assert waits[1] == 2 * FIRST_WAIT_SECONDS
    assert waits[-1] == LONGEST_WAIT_SECONDS
    assert waits == sorted(waits)


@given(
    tries=st.integers(1, 10_000),
    chance=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e12),
)
def test_every_wait_is_bounded(tries: int, chance: float, asked: float | None) -> None:
    assert 1 <= wait_seconds(tries, chance, asked) <= 60 * 60


def test_a_delivery_clears_the_retry_state() -> None:
    troubled = subscription(tries=5, failing_since_us=1, next_try_us=2, paused_us=3)

    assert after("delivered", troubled) == SubscriptionState(position=11)


def test_a_failure_keeps_the_event_at_the_head() -> None:
    state = after(
        "waiting", subscription(tries=2, failing_since_us=NOW - SECOND), problem="p"
    )

    assert state == SubscriptionState(
        position=10,
        tries=3,
        failing_since_us=NOW - SECOND,
        next_try_us=NOW + 20 * SECOND,
        problem="p",
    )


def test_a_rejected_event_is_passed() -> None:
    state = after("refused", subscription(tries=2), problem="p")

    assert state == SubscriptionState(position=11, failing_since_us=NOW, problem="p")


@pytest.mark.parametrize("verdict", ["waiting", "refused"])
def test_after_a_day_of_failures_it_is_tried_twice_a_day(verdict: Verdict) -> None:
    since = NOW - 24 * 60 * 60 * SECOND
    state = after(verdict, subscription(failing_since_us=since))

    assert state.paused_us == NOW
    assert state.next_try_us == NOW + 12 * 60 * 60 * SECOND
    later = after(verdict, subscription(failing_since_us=since + 1))
    assert later.paused_us is None


def test_a_failed_probe_keeps_the_time_of_the_pause() -> None:
    state = after("waiting", subscription(paused_us=5, failing_since_us=1, tries=90))

    assert (state.paused_us, state.tries) == (5, 91)
    assert state.next_try_us == NOW + int(PROBE_SECONDS * SECOND)


def test_slow_events_in_a_row_pause() -> None:
    assert after("skipped", subscription(tries=3), is_slow=True).paused_us is None
    state = after("skipped", subscription(tries=4), is_slow=True)
    assert (state.position, state.paused_us) == (11, NOW)
    assert after("skipped", subscription(tries=4)).paused_us is None
