"""Back-off and pause, decided without network and clock."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.events.retry import (
    ROUTE_RETRIES,
    WEBHOOK_RETRIES,
    RetryPolicy,
    Verdict,
    final_verdict,
    judge,
    next_state,
)
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)

SECOND = 1_000_000
HOUR = 60 * 60 * SECOND
DAY = 24 * HOUR
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
    verdict: Verdict,
    record: SubscriptionRecord,
    policy: RetryPolicy = WEBHOOK_RETRIES,
    **known: object,
) -> SubscriptionState:
    known.setdefault("now_us", NOW)
    return next_state(policy, record, 11, verdict, chance=0.5, **known)  # type: ignore[arg-type]  # its own keywords


def of_route(
    verdict: Verdict, record: SubscriptionRecord, **known: object
) -> SubscriptionState:
    return after(verdict, record, ROUTE_RETRIES, **known)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_delivered(status: int) -> None:
    assert judge(status) == "delivered"


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504, 599])
def test_a_temporary_error_is_tried_again(status: int | None) -> None:
    assert judge(status) == "waiting"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 403, 404, 410])
def test_any_other_error_is_final(status: int) -> None:
    assert judge(status) == "refused"


def test_waits_of_webhooks_double_up_to_a_longest_one() -> None:
    waits = [WEBHOOK_RETRIES.wait(tries, 0.5) for tries in range(1, 12)]

    assert waits[:-3] == [5 * 2**n for n in range(8)]
    assert waits[-3:] == [15 * 60] * 3


def test_waits_of_routes_are_those_of_their_list_and_then_hourly() -> None:
    waits = [ROUTE_RETRIES.wait(tries, 0.5) for tries in range(1, 9)]

    assert waits == [1, 5, 30, 2 * 60, 10 * 60, 60 * 60, 60 * 60, 60 * 60]


@pytest.mark.parametrize(
    ("policy", "least", "most"), [(WEBHOOK_RETRIES, 75, 125), (ROUTE_RETRIES, 80, 120)]
)
def test_waits_are_spread(policy: RetryPolicy, least: int, most: int) -> None:
    first = policy.waits[0]

    assert policy.wait(1, 0) == pytest.approx(first * least / 100)
    assert policy.wait(1, 1) == pytest.approx(first * most / 100)


@given(
    tries=st.integers(1, 10_000),
    chance=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e12),
    is_paused=st.booleans(),
    policy=st.sampled_from([WEBHOOK_RETRIES, ROUTE_RETRIES]),
)
def test_every_wait_is_bounded(
    tries: int,
    chance: float,
    asked: float | None,
    is_paused: bool,
    policy: RetryPolicy,
) -> None:
    wait = policy.wait(tries, chance, asked, is_paused=is_paused)

    assert wait >= policy.waits[0] * (1 - policy.spread)
    assert wait >= min(asked or 0, policy.longest_asked)
    longest = policy.longest_paused_wait if is_paused else policy.longest_wait
    assert wait <= longest * (1 + 1e-9)


def test_webhooks_wait_an_hour_if_asked_and_routes_a_day() -> None:
    week = 7 * 24 * 60 * 60.0

    assert WEBHOOK_RETRIES.wait(1, 0.5, week) == 60 * 60
    assert ROUTE_RETRIES.wait(1, 0.5, week) == 24 * 60 * 60


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
    assert state.next_try_us == NOW + 12 * HOUR


def test_slow_events_in_a_row_pause() -> None:
    assert after("skipped", subscription(tries=3), is_slow=True).paused_us is None
    state = after("skipped", subscription(tries=4), is_slow=True)
    assert (state.position, state.paused_us) == (11, NOW)
    assert after("skipped", subscription(tries=4)).paused_us is None


def test_a_misconfigured_webhook_is_tried_as_one_that_fails() -> None:
    """Only routes tell it apart, but no verdict may end in an error."""
    assert after("misconfigured", subscription(tries=80)) == after(
        "waiting", subscription(tries=80)
    )


FAILING = subscription(tries=2, failing_since_us=NOW - HOUR, problem="p")


def test_a_route_waits_longer_after_each_try_and_is_never_paused_for_it() -> None:
    state = of_route("waiting", FAILING)

    assert state.next_try_us == NOW + 30 * SECOND
    old = subscription(tries=40, failing_since_us=NOW - 90 * DAY)
    state = of_route("waiting", old)
    assert (state.paused_us, state.next_try_us) == (None, NOW + HOUR)


def test_what_a_route_refuses_says_nothing_against_it() -> None:
    paused = subscription(tries=9, failing_since_us=1, next_try_us=2, paused_us=3)

    assert of_route("refused", paused, problem="p") == SubscriptionState(
        position=11, problem="p"
    )


def test_a_misconfigured_route_is_paused_after_a_few_tries_and_tried_hourly() -> None:
    states = [
        of_route("misconfigured", subscription(tries=tries)) for tries in range(3)
    ]

    assert [state.paused_us for state in states] == [None, None, NOW]
    assert [state.position for state in states] == [10, 10, 10]
    assert states[-1].next_try_us == NOW + HOUR
    paused = subscription(tries=3, paused_us=NOW - 5, failing_since_us=NOW - DAY)
    assert of_route("waiting", paused).next_try_us == NOW + HOUR


def test_one_message_that_gets_through_reopens_a_route() -> None:
    paused = subscription(tries=9, failing_since_us=1, next_try_us=2, paused_us=3)

    assert of_route("delivered", paused) == SubscriptionState(position=11)


def test_a_skipped_event_of_a_stopped_route_is_no_try() -> None:
    paused = subscription(tries=9, failing_since_us=1, next_try_us=2, paused_us=3)

    state = of_route("skipped", paused, problem="too old")

    assert (state.position, state.next_try_us, state.paused_us) == (11, None, 3)


def test_a_route_that_is_asked_to_wait_for_longer_than_a_day_is_paused() -> None:
    day = of_route("waiting", FAILING, asked_seconds=24 * 60 * 60.0, problem="429")
    assert (day.paused_us, day.next_try_us) == (None, NOW + DAY)
    assert day.problem == "429"

    longer = of_route("waiting", FAILING, asked_seconds=48 * 60 * 60.0, problem="429")

    assert (longer.paused_us, longer.next_try_us) == (NOW, NOW + DAY)
    assert longer.problem == "429; to wait for 48 hours"


def test_what_a_route_could_not_send_for_a_day_is_set_aside() -> None:
    def verdict(given: Verdict, **state: object) -> Verdict:
        record = subscription(**state)
        return final_verdict(ROUTE_RETRIES, record, given, now_us=NOW)

    assert verdict("waiting", failing_since_us=NOW - DAY) == "set_aside"
    assert verdict("waiting", failing_since_us=NOW - DAY + 1) == "waiting"
    assert verdict("waiting") == "waiting"
    assert verdict("waiting", failing_since_us=1, paused_us=2) == "waiting"
    assert verdict("misconfigured", failing_since_us=1) == "misconfigured"
    assert verdict("delivered", failing_since_us=1) == "delivered"


def test_webhooks_set_nothing_aside() -> None:
    old = subscription(failing_since_us=1)

    assert final_verdict(WEBHOOK_RETRIES, old, "waiting", now_us=NOW) == "waiting"


def test_after_an_event_was_set_aside_the_next_is_tried_at_once_and_as_often() -> None:
    state = of_route("set_aside", FAILING, problem="p")

    assert state == SubscriptionState(position=11, problem="p")


@pytest.mark.parametrize("verdict", ["delivered", "refused", "set_aside"])
def test_an_endpoint_is_paced_after_what_is_done_with(verdict: Verdict) -> None:
    state = of_route(verdict, FAILING, pause_seconds=1.5)

    assert (state.position, state.tries, state.failing_since_us) == (11, 0, None)
    assert state.next_try_us == NOW + 3 * SECOND // 2


def test_pacing_shortens_no_wait() -> None:
    assert of_route("waiting", FAILING, pause_seconds=1) == of_route("waiting", FAILING)
