"""The clock that tests move."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hipkit.testing.addons.clock import TestClock


def test_both_times_go_on_and_move_together() -> None:
    system = [100.0, 5.0]
    clock = TestClock(lambda: system[0], lambda: system[1])

    clock.advance(60)
    clock.advance(timedelta(hours=1))
    system[:] = [101.0, 6.0]

    assert (clock.now(), clock.elapsed()) == (3761.0, 3666.0)


@pytest.mark.parametrize("by", [-1, float("nan"), timedelta(seconds=-1)])
def test_it_only_moves_forward(by: float | timedelta) -> None:
    clock = TestClock(lambda: 0.0)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(by)
    assert clock.now() == 0.0
