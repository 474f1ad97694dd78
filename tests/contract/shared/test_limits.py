"""Calls and messages are counted in windows, whichever process counts them."""

from __future__ import annotations

import pytest

from hipkit.server.shared.limits import LimitSettings
from hipkit.server.shared.protocol import SharedState
from tests.contract.shared.states import Clocks, Open, Two


def test_users_and_clients_have_limits_of_their_own(state: SharedState) -> None:
    user, client = (
        state.limits.call(name, is_client=name == "client")
        for name in ("user", "client")
    )

    assert (user.limit, user.remaining, user.is_exceeded) == (100, 99, False)
    assert (client.limit, client.remaining, client.is_exceeded) == (500, 499, False)


def test_the_call_after_the_last_one_is_exceeded_until_the_window_ends(
    state: SharedState, clocks: Clocks
) -> None:
    calls = [state.limits.call("ann", is_client=False) for _ in range(101)]

    assert [call.is_exceeded for call in calls] == [False] * 100 + [True]
    assert calls[100].remaining == 0
    assert state.limits.call("bob", is_client=False).remaining == 99
    clocks.go_on(301)
    assert state.limits.call("ann", is_client=False).remaining == 99


def test_messages_are_counted_by_conversation(
    state: SharedState, clocks: Clocks
) -> None:
    messages = [state.limits.message("ann", 1) for _ in range(31)]

    assert [message.is_exceeded for message in messages] == [False] * 30 + [True]
    assert state.limits.message("ann", 2).remaining == 29
    assert state.limits.message("bob", 1).remaining == 29
    clocks.go_on(61)
    assert state.limits.message("ann", 1).remaining == 29


def test_calls_of_an_address_are_counted_with_and_without_limits(
    opened: Open, clocks: Clocks
) -> None:
    for settings in (LimitSettings(), LimitSettings(enabled=False)):
        with opened(settings, clocks) as two:
            limits = two.one.limits
            calls = [limits.address("192.0.2.1", 3) for _ in range(4)]

            assert [call.is_exceeded for call in calls] == [False] * 3 + [True]
            assert limits.address("192.0.2.2", 3).remaining == 2
            clocks.go_on(61)
            assert limits.address("192.0.2.1", 3).remaining == 2


def test_a_refused_call_that_nobody_counts_takes_nothing(state: SharedState) -> None:
    assert [state.limits.uncounted().remaining for _ in range(3)] == [100] * 3


def test_without_limits_every_allowance_is_whole(opened: Open, clocks: Clocks) -> None:
    with opened(LimitSettings(enabled=False, user_calls=1), clocks) as two:
        limits = two.one.limits
        for _ in range(3):
            assert limits.call("ann", is_client=False).remaining == 1
            assert limits.stranger("192.0.2.1").remaining == 1
            assert limits.message("ann", 1).remaining == 30


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "testclient", False),
    ],
)
def test_the_addresses_of_one_network_are_counted_as_one(
    state: SharedState, one: str, other: str, *, are_the_same: bool
) -> None:
    state.limits.stranger(one)

    assert state.limits.stranger(other).remaining == (98 if are_the_same else 99)


def test_a_flood_of_addresses_does_not_give_others_a_new_window(
    state: SharedState,
) -> None:
    state.limits.call(1, is_client=False)

    for number in range(25_000):
        state.limits.stranger(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    assert state.limits.call(1, is_client=False).remaining == 98


@pytest.mark.parametrize("hours", [-1, 1, 24 * 365 * 10])
def test_a_clock_that_is_set_ends_no_window_and_prolongs_none(
    opened: Open, clocks: Clocks, hours: int
) -> None:
    with opened(LimitSettings(user_calls=1), clocks) as two:
        limits = two.one.limits
        first = limits.call("ann", is_client=False)
        assert (first.is_exceeded, first.reset) == (False, 1_700_000_301)

        clocks.wall += hours * 3600
        clocks.passed += 299
        second = limits.call("ann", is_client=False)
        clocks.passed += 2
        third = limits.call("ann", is_client=False)

    # Programs sleep until then, by the clock as it is now.
    assert (second.is_exceeded, second.reset - clocks.wall) == (True, 2)
    assert (third.is_exceeded, third.reset - clocks.wall) == (False, 301)


def test_one_window_has_one_end_however_the_clocks_tremble(
    state: SharedState, clocks: Clocks
) -> None:
    clocks.wall += 0.9999
    ends = set()
    for step in [0.0002, -0.0002] * 25:
        clocks.wall += step
        ends.add(state.limits.call("ann", is_client=False).reset)

    assert len(ends) == 1


async def test_what_another_process_counted_is_counted_here(two: Two) -> None:
    two.one.limits.call("ann", is_client=False)
    two.one.limits.message("ann", 1)
    two.one.limits.stranger("192.0.2.1")
    await two.exchange()

    assert two.other.limits.call("ann", is_client=False).remaining == 98
    assert two.other.limits.message("ann", 1).remaining == 28
    assert two.other.limits.stranger("192.0.2.1").remaining == 98
