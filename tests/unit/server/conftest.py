"""A fresh server for every test that asks for one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hipkit.server.services.access.keys import new_key
from tests.databases import CHOSEN, FolderDatabases
from tests.postgres import PostgresServer
from tests.unit.server import asgi
from tests.unit.server.asgi import Site, open_site
from tests.unit.server.two_groups import World, build, copy


@pytest.fixture(scope="session")
def folder_databases(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> FolderDatabases:
    """PostgreSQL databases for the folders of sites."""
    folder = tmp_path_factory.mktemp("first-start")
    return FolderDatabases(postgres, folder, asgi.start_first)


@pytest.fixture(autouse=True)
def on_chosen_database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let the test's sites have their data in PostgreSQL, if that is chosen.

    Worlds are copies of one folder, and stay on SQLite.
    """
    if CHOSEN == "sqlite":
        yield
        return
    databases: FolderDatabases = request.getfixturevalue("folder_databases")
    monkeypatch.setattr(asgi, "on_postgres", databases)
    yield
    databases.release()


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


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Fill a server that tests take copies of."""
    world = build(open_site(tmp_path_factory.mktemp("built")))
    world.site.server.close()
    return world


@pytest.fixture
def copy_of(built: World, tmp_path: Path) -> Iterator[Callable[[], World]]:
    """Make worlds that a test may change."""
    with contextlib.ExitStack() as closing:

        def make() -> World:
            world = copy(built, tmp_path / new_key())
            closing.callback(world.site.server.close)
            return world

        yield make


@pytest.fixture
def world(copy_of: Callable[[], World]) -> World:
    return copy_of()


@pytest.fixture(scope="module")
def shared(built: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for calls that must all be refused."""
    world = copy(built, tmp_path_factory.mktemp("shared"))
    yield world
    world.site.server.close()
