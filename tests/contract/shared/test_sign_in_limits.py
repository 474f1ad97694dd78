"""Nobody finds a password by trying, and nobody locks others out by trying."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hipkit.api.errors import RateLimitError
from hipkit.server.shared.protocol import SharedState, SignInLimits
from hipkit.server.shared.sign_in_limits import Attempt
from tests.contract.shared.states import Clocks, Two

HERE, THERE = "192.0.2.1", "198.51.100.7"

ANN = Attempt(
    group_id=1, name="ann", user_id=7, network=HERE, is_known=False, is_open=True
)
NOBODY = replace(ANN, name="nobody", user_id=None)


class Tries:
    """Attempts at passwords."""

    def __init__(self, limits: SignInLimits) -> None:
        self.limits = limits

    def fail(self, attempt: Attempt, times: int = 1) -> None:
        for _ in range(times):
            self.limits.count_failure(attempt)

    def fail_from_everywhere(self, attempt: Attempt, times: int = 200) -> None:
        for number in range(times):
            self.fail(replace(attempt, network=f"203.0.113.{number}"))

    def may_try(self, attempt: Attempt) -> bool:
        try:
            self.limits.check(attempt, begins=True)
        except RateLimitError:
            return False
        return True


@pytest.fixture
def tries(state: SharedState) -> Tries:
    return Tries(state.sign_ins)


@pytest.mark.parametrize("attempt", [ANN, NOBODY])
class TestOneName:
    """Alike for names that a user has and that nobody has."""

    def test_has_twenty_failures_from_one_network(
        self, tries: Tries, clocks: Clocks, attempt: Attempt
    ) -> None:
        tries.fail(attempt, 19)
        assert tries.may_try(attempt)
        tries.fail(attempt)

        assert not tries.may_try(attempt)
        assert not tries.may_try(replace(attempt, is_known=True))
        assert tries.may_try(replace(attempt, network=THERE))
        clocks.passed += 301.0
        assert tries.may_try(attempt)

    def test_is_slowed_down_for_all_networks_that_are_not_known(
        self, tries: Tries, clocks: Clocks, attempt: Attempt
    ) -> None:
        tries.fail_from_everywhere(attempt)

        elsewhere = replace(attempt, network=THERE)
        assert tries.may_try(attempt)
        assert not tries.may_try(attempt)
        assert not tries.may_try(elsewhere)
        clocks.passed += 31.0
        assert tries.may_try(elsewhere)
        assert not tries.may_try(attempt)

    def test_is_free_again_after_an_hour(
        self, tries: Tries, clocks: Clocks, attempt: Attempt
    ) -> None:
        tries.fail_from_everywhere(attempt)
        clocks.passed += 3601.0

        assert tries.may_try(attempt)
        assert tries.may_try(attempt)

    def test_slows_no_other_name_down(self, tries: Tries, attempt: Attempt) -> None:
        tries.fail_from_everywhere(attempt)

        for other in (replace(ANN, user_id=8), replace(NOBODY, name="other")):
            assert tries.may_try(other)
            assert tries.may_try(other)


def test_a_network_that_is_known_is_never_slowed_down(tries: Tries) -> None:
    known = replace(ANN, is_known=True)
    tries.fail_from_everywhere(ANN, 250)
    tries.fail(replace(ANN, user_id=8), 100)

    assert all(tries.may_try(known) for _ in range(100))


def test_a_check_before_a_password_is_tried_counts_nothing(tries: Tries) -> None:
    tries.fail_from_everywhere(ANN)

    for _ in range(3):
        tries.limits.check(ANN)

    assert tries.may_try(ANN)


def test_a_network_has_a_hundred_failures_where_anybody_may_try(tries: Tries) -> None:
    for number in range(100):
        tries.fail(replace(NOBODY, name=f"name{number}"))

    assert not tries.may_try(ANN)
    assert tries.may_try(replace(ANN, is_known=True))
    assert tries.may_try(replace(ANN, network=THERE))
    assert tries.may_try(replace(ANN, is_open=False))


def test_a_flood_of_names_ends_no_count(tries: Tries) -> None:
    tries.fail(ANN, 20)
    tries.fail_from_everywhere(replace(ANN, user_id=8))
    made_up = replace(NOBODY, name="made up")
    tries.fail(made_up, 20)

    for number in range(100_000):
        flood = replace(NOBODY, name=f"name{number}", network=f"n{number % 40_000}")
        tries.fail(flood)

    assert not tries.may_try(ANN)
    slow = replace(ANN, user_id=8)
    assert tries.may_try(slow)
    assert not tries.may_try(slow)
    # Nor does it show which names exist.
    assert not tries.may_try(made_up)
    assert tries.may_try(NOBODY)


async def test_failures_in_another_process_are_counted_here(two: Two) -> None:
    Tries(two.one.sign_ins).fail(ANN, 20)
    Tries(two.one.sign_ins).fail(NOBODY, 20)
    await two.exchange()

    assert not Tries(two.other.sign_ins).may_try(ANN)
    assert not Tries(two.other.sign_ins).may_try(NOBODY)
