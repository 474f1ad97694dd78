"""An administrator at the page of a server with routes."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.relay.routes.registration import register_routes
from hipkit.relay.routes.route import Route
from tests.unit.relay.fake_target import FakeSettings, FakeTarget
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor

NAME = "ops / <b>night</b>"


@pytest.fixture
def relay(site: Site) -> Site:
    """A server with a room and a route that takes private messages too."""
    route = Route(name=NAME, target=FakeTarget(), settings=FakeSettings(), private=True)
    asyncio.run(register_routes(site.operator_context(), [route]))
    site.server.sections.append("hipkit.relay.page")
    return site


@pytest.fixture
def root(relay: Site) -> Visitor:
    """An administrator, signed in."""
    return visitor_named(relay, "root", is_group_admin=True)


@pytest.fixture
def ann(relay: Site) -> Visitor:
    """A member of the group, signed in."""
    return visitor_named(relay, "ann")


def visitor_named(site: Site, name: str, **members: object) -> Visitor:
    """Add a user, and sign them in."""
    site.add_user(name, mention_name=name, **members)
    visitor = Visitor(site)
    visitor.take_session(name)
    return visitor
