"""Reading the limit headers, absurd ones included."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.limits import Limit, LimitMemory, Limits, seconds_until_allowed

NOW = 1_500_000_000.0
RATE = {
    "x-ratelimit-limit": "500",
    "x-ratelimit-remaining": "3",
    "x-ratelimit-reset": "1500000060.25",
}
FLOOD = {
    "x-floodcontrol-limit": "30",
    "x-floodcontrol-remaining": "0",
    "x-floodcontrol-reset": "1500000030",
}


def noted(*answers: dict[str, str]) -> Limits:
    memory = LimitMemory()
    for headers in answers:
        memory.note(headers, NOW)
    return memory.read()


def test_both_limits_are_read_with_decimals() -> None:
    limits = noted({**RATE, **FLOOD})
    assert limits.rate == Limit(500, 3, datetime.fromtimestamp(1500000060.25, UTC))
    assert limits.flood == Limit(30, 0, datetime.fromtimestamp(1500000030, UTC))


def test_what_an_answer_does_not_mention_stays() -> None:
    limits = noted(RATE, FLOOD, {})
    assert limits.rate == noted(RATE).rate
    assert limits.flood == noted(FLOOD).flood


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({**RATE, **FLOOD}, 30),
        ({**RATE, "x-ratelimit-remaining": "0"}, 60.25),
        (RATE, 60.25),
        ({"x-ratelimit-reset": "60"}, 60),
        ({"retry-after": "5", **FLOOD}, 5),
        ({"retry-after": "Fri, 14 Jul 2017 02:40:10 GMT"}, 10),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-reset": "1400000000"}, 0),
        ({}, None),
    ],
)
def test_a_refused_caller_learns_how_long_to_wait(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert seconds_until_allowed(headers, NOW) == seconds


@given(
    st.dictionaries(
        st.sampled_from([*RATE, *FLOOD, "retry-after"]),
        st.one_of(st.text(), st.floats().map(str), st.integers().map(str)),
    )
)
def test_no_header_can_break_reading(headers: dict[str, str]) -> None:
    noted(headers)
    wait = seconds_until_allowed(headers, NOW)
    assert wait is None or wait >= 0
