"""A server on which add-ons are installed by the page, and what they may be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.unit.server.asgi import Site, open_site
from tests.unit.server.page.visitor import Answer, Visitor
from tests.unit.server.services.addons.conftest import (
    ADDRESS,
    MemoryAddon,
    descriptor,
    install_at,
    look_up,
)

__all__ = [
    "ADDRESS",
    "IN_BROWSER",
    "MemoryAddon",
    "agree",
    "descriptor",
    "ids",
    "install_at",
    "link",
    "site_with",
]

IN_BROWSER = {
    "installedUrl": "https://karma.example/installed",
    "uninstalledUrl": "https://karma.example/gone",
}
"""How an add-on is installed that the server cannot reach."""


@contextmanager
def site_with(addon: MemoryAddon, folder: Path, **settings: Any) -> Iterator[Site]:
    """Open a server whose calls lead to an add-on."""
    site = open_site(folder, outgoing=addon, look_up=look_up, **settings)
    addon.site = site
    yield site
    site.server.close()


def link(address: str = ADDRESS, **more: str) -> str:
    """Return a link to install an add-on, as add-ons publish them."""
    return f"/addons/install?{urlencode({'url': address, **more})}"


def agree(visitor: Visitor, path: str, action: str = "/addons/install") -> Answer:
    """Look at what an add-on asks for, and agree."""
    return visitor.fill(path, action)


def ids(site: Site) -> list[str]:
    """Return the installations of the first group."""
    store = site.server.database.stores.installations
    return [one.client_id for one in asyncio.run(store.of_group(1))]
