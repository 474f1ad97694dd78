"""Every test of this folder runs on each implementation of the shared state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hipkit.server.shared.limits import LimitSettings
from hipkit.server.shared.protocol import SharedState
from tests.contract.shared.states import IMPLEMENTATIONS, Clocks, Open, Two


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def opened(request: pytest.FixtureRequest) -> Open:
    implementation: Open = IMPLEMENTATIONS[request.param]
    return implementation


@pytest.fixture
def two(opened: Open, clocks: Clocks) -> Iterator[Two]:
    with opened(LimitSettings(), clocks) as state:
        yield state


@pytest.fixture
def state(two: Two) -> SharedState:
    return two.one
