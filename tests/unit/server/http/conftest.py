"""Servers with a room and a user."""

from __future__ import annotations

import pytest

from tests.unit.server.asgi import Site


@pytest.fixture
def ops(site: Site) -> Site:
    site.add_user("Ann")
    site.add_room("Ops")
    return site


@pytest.fixture
def strict_ops(strict_site: Site) -> Site:
    strict_site.add_user("Ann")
    strict_site.add_room("Ops")
    return strict_site
