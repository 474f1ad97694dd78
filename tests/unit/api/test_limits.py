"""Reading the limit headers, absurd ones included."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.limits import (
    Limit,
    LimitMemory,
    Limits,
    read_retry_after,
    seconds_until_allowed,
)

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


LONGEST = 253_402_300_799 - NOW
"""Until the end of the year 9999."""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("007", 7),
        ("5.5", 5.5),
        ("5.", 5),
        ("0.25", 0.25),
        ("1500000060.25", 60.25),
        ("1400000000", 0),
        ("9" * 12, LONGEST),
        ("9" * 400, LONGEST),
        ("9" * 400 + ".5", LONGEST),
        ("-0", 0),
        ("-5", None),
        ("-5.5", None),
        ("-" + "9" * 400, None),
        ("Fri, 14 Jul 2017 02:41:00 GMT", 60),
        ("Friday, 14-Jul-17 02:41:00 GMT", 60),
        ("Fri Jul 14 02:41:00 2017", 60),
        ("Fri, 14 Jul 2017 02:41:00 -0000", 60),
        ("Fri, 14 Jul 2017 04:41:00 +0200", 60),
        ("Fri, 14 Jul 2017 02:00:00 GMT", 0),
        ("Fri, 99 Jul 2017 02:41:00 GMT", None),
        ("soon", None),
        ("5 seconds", None),
        ("5,5", None),
        ("5, 6", None),
        ("1.2.3", None),
        (".", None),
        ("1e3", None),
        ("1_000", None),
        ("0x10", None),
        ("inf", None),
        ("nan", None),
        ("²", None),
        ("\u0665", None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "JST-9"])
def test_retry_after_is_a_number_or_a_date(
    text: str | None, seconds: float | None, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert read_retry_after(text, NOW) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.one_of(st.text(), st.integers().map(str), st.floats().map(str)))
def test_no_retry_after_asks_for_less_than_nothing_or_for_ever(text: str) -> None:
    wait = read_retry_after(text, NOW)
    assert wait is None or 0 <= wait <= LONGEST


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
