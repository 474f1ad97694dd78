"""What becomes of a route, decided without network and clock."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.events.retry import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    PAUSE_AFTER_SECONDS,
    PROBE_SECONDS,
    Verdict,
    judge,
    next_state,
    wait_seconds,
)
from hipkit.server.services.webhooks.patterns import is_found
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND


def route(**state: object) -> SubscriptionRecord:
    plain = SubscriptionRecord(
        1, "test", 1, 1, "room_message", "", 10, None, 0, None, None, None, None, None
    )
    return msgspec.structs.replace(plain, **state)


def after(
    verdict: Verdict, webhook: SubscriptionRecord, **known: object
) -> SubscriptionState:
    known.setdefault("now_us", NOW)
    return next_state(webhook, 11, verdict, chance=0.5, **known)  # type: ignore[arg-type]  # its own keywords


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_delivered(status: int) -> None:
    assert judge(status) == "delivered"


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int | None) -> None:
    assert judge(status) == "waiting"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 403, 404, 410])
def test_what_will_not_pass_is_final(status: int) -> None:
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


def test_a_delivery_ends_every_trouble() -> None:
    troubled = route(tries=5, failing_since_us=1, next_try_us=2, paused_us=3)

    assert after("delivered", troubled) == SubscriptionState(position=11)


def test_a_failure_keeps_the_event_at_the_head() -> None:
    state = after("waiting", route(tries=2, failing_since_us=NOW - SECOND), problem="p")

    assert state == SubscriptionState(
        position=10,
        tries=3,
        failing_since_us=NOW - SECOND,
        next_try_us=NOW + 20 * SECOND,
        problem="p",
    )


def test_a_refusal_goes_on_with_the_next_event() -> None:
    state = after("refused", route(tries=2), problem="p")

    assert state == SubscriptionState(position=11, failing_since_us=NOW, problem="p")


@pytest.mark.parametrize("verdict", ["waiting", "refused"])
def test_a_day_of_failures_pauses(verdict: Verdict) -> None:
    since = NOW - PAUSE_AFTER_SECONDS * SECOND
    state = after(verdict, route(failing_since_us=since))

    assert state.paused_us == NOW
    assert state.next_try_us == NOW + int(PROBE_SECONDS * SECOND)
    later = after(verdict, route(failing_since_us=since + 1))
    assert later.paused_us is None


def test_a_probe_that_fails_leaves_the_route_paused_since_the_same_moment() -> None:
    state = after("waiting", route(paused_us=5, failing_since_us=1, tries=90))

    assert (state.paused_us, state.tries) == (5, 91)
    assert state.next_try_us == NOW + int(PROBE_SECONDS * SECOND)


def test_a_slow_pattern_pauses_after_some_texts() -> None:
    assert after("skipped", route(tries=3), is_slow=True).paused_us is None
    state = after("skipped", route(tries=4), is_slow=True)
    assert (state.position, state.paused_us) == (11, NOW)
    assert after("skipped", route(tries=4)).paused_us is None


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (r"^/cmd(\s|$)", "/cmd now", True),
        (r"^/cmd(\s|$)", "/cmdnow", False),
        ("(?i)STRASSE", "Strasse", True),
        (r"\bdone\b", "well done!", True),
        ("a{e<=3}", "b", False),
        ("a{e<=3}", "a{e<=3}", True),
        (r'^\{"a": [0-9]{2,3}\}$', '{"a": 123}', True),
        ("^a{2}$", "aa", True),
        ("[{e}]", "{", True),
        (r"(?P<who>\w+)-(?P=who)", "x-x", True),
    ],
)
def test_patterns_are_those_of_python(pattern: str, text: str, found: bool) -> None:
    assert is_found(pattern, text) is found


def test_a_pattern_has_a_time_limit() -> None:
    with pytest.raises(TimeoutError):
        is_found(r"^(a|a|aa)+$", "a" * 5_000 + "!")
