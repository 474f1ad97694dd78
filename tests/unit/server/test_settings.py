"""Settings choose the clock that never goes back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hipkit.server.settings import ForwardClock, Settings

DATABASE = Path("hipkit.db")


def test_seconds_that_a_clock_is_put_back_do_not_count() -> None:
    times = iter([100.0, 101.0, 50.0, 52.0, 1_000.0])
    clock = ForwardClock(lambda: next(times))

    assert [clock() for _ in range(4)] == [1.0, 1.0, 3.0, 951.0]


def test_the_system_s_monotonic_clock_goes_with_its_wall_clock() -> None:
    assert Settings(database=DATABASE).monotonic_clock() is time.monotonic


def test_another_wall_clock_counts_what_passes_on_it() -> None:
    now = [5.0]
    clock = Settings(database=DATABASE, clock=lambda: now[0]).monotonic_clock()
    now[0] = 7.0

    assert clock() == 2.0


def test_a_monotonic_clock_that_is_set_is_used() -> None:
    def fixed() -> float:
        return 1.0

    assert Settings(database=DATABASE, monotonic=fixed).monotonic_clock() is fixed


@pytest.mark.parametrize(
    ("name", "path"),
    [("file_folder", "hipkit.db.files"), ("token_file", "hipkit.db.admin-token")],
)
def test_what_belongs_to_a_database_stands_beside_it(name: str, path: str) -> None:
    assert getattr(Settings(database=Path("/srv/hipkit.db")), name) == (
        Path("/srv") / path
    )
