"""Sections that others add to the page, such as the relay's.

Who adds one names its package in `Server.sections`: the server imports none of them by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from hipkit.server.page.visit import ViewRoute

__all__ = ["Section", "load_section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the page, for administrators."""

    package: str
    """Its folder `templates` is added to the page's."""
    name: str
    """In the menu."""
    address: str
    views: Sequence[ViewRoute]


def load_section(package: str) -> Section:
    """Import a package that has `NAME`, `ADDRESS` and `VIEWS`."""
    module = import_module(package)
    return Section(
        package=package, name=module.NAME, address=module.ADDRESS, views=module.VIEWS
    )
