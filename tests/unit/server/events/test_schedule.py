"""Turns of hosts and subscriptions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.events.schedule import Schedule


def test_hosts_take_turns() -> None:
    schedule = Schedule[int](most=10, most_of_host=10)
    for number in range(3):
        schedule.add(number, "a")
    schedule.add(3, "b")

    assert [schedule.take() for _ in range(5)] == [0, 3, 1, 2, None]


def test_a_host_has_no_more_turns_at_once_than_it_may() -> None:
    schedule = Schedule[int](most=10, most_of_host=2)
    for number in range(4):
        schedule.add(number, "slow")
    schedule.add(4, "quick")

    assert [schedule.take() for _ in range(4)] == [0, 4, 1, None]
    schedule.done(0)
    assert schedule.take() == 2


def test_all_hosts_together_have_no_more_turns_than_there_are() -> None:
    schedule = Schedule[int](most=2, most_of_host=2)
    for number in range(3):
        schedule.add(number, str(number))

    assert [schedule.take() for _ in range(3)] == [0, 1, None]


def test_a_subscription_added_during_its_turn_gets_another_one() -> None:
    schedule = Schedule[int](most=2, most_of_host=2)
    schedule.add(1, "a")
    schedule.add(1, "a")
    assert schedule.take() == 1
    schedule.add(1, "a")

    assert schedule.take() is None
    assert schedule.done(1) == "a"
    assert schedule.take() == 1
    schedule.done(1)
    assert schedule.is_empty


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans())))
def test_no_subscription_is_lost_and_none_has_two_turns(
    steps: list[tuple[int, str, bool]],
) -> None:
    schedule = Schedule[int](most=3, most_of_host=2)
    wanted: set[int] = set()
    running: list[int] = []
    for key, host, takes in steps:
        schedule.add(key, host)
        wanted.add(key)
        taken = schedule.take() if takes else None
        if taken is not None:
            assert taken not in running
            running.append(taken)
        if len(running) > 1:
            schedule.done(running.pop(0))
    served: set[int] = set(running)
    while running:
        schedule.done(running.pop())
    while (taken := schedule.take()) is not None:
        served.add(taken)
        schedule.done(taken)
    assert schedule.is_empty
    assert served <= wanted
