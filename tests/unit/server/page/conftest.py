"""Users of the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """A browser that is not signed in."""
    return Visitor(site)


@pytest.fixture
def sign_in(site: Site) -> MakeVisitor:
    """Signs a user in, who is added first if need be."""
    made: set[str] = set()

    def sign_in_as(name: str, **members: object) -> Visitor:
        if name not in made:
            made.add(name)
            site.add_user(name, mention_name=name, **members)
        visitor = Visitor(site)
        visitor.take_session(name)
        return visitor

    return sign_in_as


@pytest.fixture
def ann(sign_in: MakeVisitor) -> Visitor:
    """A member of the group, signed in."""
    return sign_in("ann")


@pytest.fixture
def root(sign_in: MakeVisitor) -> Visitor:
    """An administrator, signed in."""
    return sign_in("root", is_group_admin=True)
