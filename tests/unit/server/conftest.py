"""A fresh server for every test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.server.asgi import Site, open_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = open_site(tmp_path)
    yield opened
    opened.server.close()


@pytest.fixture
def strict_site(tmp_path: Path) -> Iterator[Site]:
    opened = open_site(tmp_path, strict=True)
    yield opened
    opened.server.close()


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    opened: list[Site] = []

    def make(**settings: object) -> Site:
        opened.append(open_site(tmp_path, **settings))  # type: ignore[arg-type]  # its own keywords
        return opened[-1]

    yield make
    for one in opened:
        one.server.close()
