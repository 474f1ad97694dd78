"""A server whose webhooks may lead to this machine, and a receiver there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.receiving import Receiver, receiving
from tests.unit.server.services.webhooks.delivering import LOOPBACK


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def receiving_site(make_site: Callable[..., Site]) -> Site:
    opened = make_site(webhook_networks=LOOPBACK)
    opened.add_room("Ops")
    return opened
