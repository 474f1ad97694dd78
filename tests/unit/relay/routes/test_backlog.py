from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.relay.routes.backlog import (
    LEAST_WAITING,
    NEWEST_SENT,
    OLD_SECONDS,
    Range,
    RangeFinder,
)

NOW_US = 1_700_000_000_000_000
OLD_US = NOW_US - OLD_SECONDS * 1_000_000
YOUNG_US = OLD_US + 1

Waiting = list[tuple[int, int, bool]]


def find(waiting: Waiting) -> Range | None:
    finder = RangeFinder(NOW_US)
    for event_id, created_us, is_red in waiting:
        finder.add(event_id, created_us, is_red=is_red)
    return finder.find()


def old(count: int, *, first: int = 1) -> Waiting:
    return [(number, OLD_US, False) for number in range(first, first + count)]


def test_range_leaves_out_the_newest_twenty() -> None:
    assert find(old(LEAST_WAITING)) == Range(1, LEAST_WAITING - NEWEST_SENT)


def test_a_hundred_waiting_are_sent_one_by_one() -> None:
    assert find(old(LEAST_WAITING - 1)) is None


def test_range_leaves_out_what_is_younger_than_fifteen_minutes() -> None:
    young = [(number, YOUNG_US, False) for number in range(31, 300)]
    assert find(old(30) + young) == Range(1, 30)


def test_nothing_is_old_that_comes_after_a_young_message() -> None:
    waiting = [*old(30), (31, YOUNG_US, False), *old(200, first=32)]
    assert find(waiting) == Range(1, 30)


def test_range_ends_with_a_message_that_is_not_red() -> None:
    waiting = [*old(30), *((number, OLD_US, True) for number in range(31, 200))]
    assert find(waiting) == Range(1, 30)


def test_summary_of_a_single_message_is_none() -> None:
    waiting = [(1, OLD_US, False), *((n, OLD_US, True) for n in range(2, 200))]
    assert find(waiting) is None


@pytest.mark.parametrize(
    ("position", "event_id", "is_red", "expected"),
    [
        (9, 10, False, "summary"),
        (3, 10, False, "summary"),
        (3, 5, True, "single"),
        (10, 11, False, "covered"),
        (10, 15, True, "single"),
        (15, 20, False, "covered"),
        (15, 21, False, "single"),
        (20, 21, False, "single"),
    ],
)
def test_position_says_what_becomes_of_an_event(
    position: int, event_id: int, is_red: bool, expected: str
) -> None:
    stored = Range(10, 20)
    assert stored.is_next(position, event_id) == (expected == "summary")
    covers = stored.covers(position, event_id, is_red=is_red)
    assert covers == (expected == "covered")


@given(
    st.lists(
        st.tuples(st.sampled_from([OLD_US, YOUNG_US]), st.booleans()), max_size=300
    )
)
def test_summary_is_never_of_red_young_or_newest_messages(
    messages: list[tuple[int, bool]],
) -> None:
    waiting: Waiting = [(0, OLD_US, False)]
    waiting += [(number + 1, *rest) for number, rest in enumerate(messages)]
    found = find(waiting)
    if found is None:
        return
    covered = [
        (event_id, created_us)
        for event_id, created_us, is_red in waiting
        if event_id == found.first or found.covers(found.first, event_id, is_red=is_red)
    ]
    newest = {event_id for event_id, *_ in waiting[-NEWEST_SENT:]}
    assert len(waiting) >= LEAST_WAITING
    assert len(covered) >= 2
    assert not newest & {event_id for event_id, _ in covered}
    assert {created_us for _, created_us in covered} == {OLD_US}
