"""Answers the page's addresses, a module for each subject."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from hipkit.server.page.sections import Section
from hipkit.server.page.visit import ViewRoute

__all__ = ["load_routes"]


def load_routes(sections: Iterable[Section] = ()) -> list[ViewRoute]:
    """Import every module of this folder, and return the routes that each lists in `VIEWS`.

    Those of further sections are added. A path without variable parts comes first: `/rooms/new`
    is no room.
    """
    names = [module.name for module in iter_modules(__path__, f"{__name__}.")]
    listed = [getattr(import_module(name), "VIEWS", ()) for name in names]
    listed += [section.views for section in sections]
    routes = [route for routes in listed for route in routes]
    return sorted(routes, key=lambda route: "{" in route.path)
