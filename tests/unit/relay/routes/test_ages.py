"""What is dropped for its age, while the clock is set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hipkit.relay.routes.route import Route
from tests.unit.relay.routes.relaying import DAY, HOUR, Relay, answering, route, taken
from tests.unit.server.asgi import Site


class Clocked(Relay):
    """A relay whose clock can be set."""

    def __init__(self, site: Site, *routes: Route) -> None:
        runtime = site.server.runtime
        self._passed, self._excess = runtime.elapsed, 0.0
        runtime.elapsed = lambda: self._passed() - self._excess
        super().__init__(site, *routes)

    def put_clock(self, seconds: float) -> None:
        """Set the clock: no time passes."""
        before = self._passed()
        self.wait(seconds)
        self._excess += self._passed() - before


@pytest.fixture
def relay(site: Site) -> Iterator[Clocked]:
    made = Clocked(site, route(drop_older_than_seconds=2 * HOUR))
    made.chat.answer = answering(503)
    yield made
    made.close()


def test_a_clock_that_is_put_forward_drops_nothing(relay: Clocked) -> None:
    waiting = relay.post(3)
    relay.drain()
    relay.put_clock(60 * DAY)
    relay.wait(2)
    relay.chat.answer = taken
    relay.drain()
    assert relay.chat.ids == waiting


def test_what_comes_after_the_clock_was_mended_is_dropped_as_before(
    relay: Clocked,
) -> None:
    kept = relay.post(2)
    relay.drain()
    relay.put_clock(60 * DAY)
    relay.wait(2)
    relay.drain()
    relay.post(2)
    relay.wait(3 * HOUR)
    young = relay.post(1)
    relay.chat.answer = taken
    relay.drain()
    assert relay.chat.ids == kept + young
    assert relay.record().dropped == 2


def test_a_clock_that_is_put_back_drops_nothing(relay: Clocked) -> None:
    waiting = relay.post(3)
    relay.drain()
    relay.put_clock(-60 * DAY)
    relay.wait(3 * HOUR)
    relay.chat.answer = taken
    relay.drain()
    assert relay.chat.ids == waiting


def test_after_a_start_the_clock_counts(relay: Clocked) -> None:
    relay.post(3)
    relay.wait(3 * HOUR)
    relay.restart()
    relay.chat.answer = taken
    relay.drain()
    assert (relay.chat.ids, relay.record().dropped) == ([], 3)
