"""Relays on a fresh database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.relay.routes.relaying import Relay
from tests.unit.server.asgi import Site


@pytest.fixture
def make(site: Site) -> Iterator[Callable[..., Relay]]:
    made: list[Relay] = []

    def make(*routes: Any, **options: Any) -> Relay:
        made.append(Relay(site, *routes, **options))
        return made[-1]

    yield make
    for relay in made:
        relay.close()


@pytest.fixture
def relay(make: Callable[..., Relay]) -> Relay:
    return make()
