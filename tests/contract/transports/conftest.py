"""The servers and transports that the conformance suite brings together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.transports.authority import Authority
from tests.contract.transports.driver import KINDS, Driver, Kind, MakeDriver
from tests.contract.transports.scripted_server import (
    OK,
    Script,
    ScriptedServer,
    answering,
)

Serve = Callable[..., ScriptedServer]


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def make_driver(kind: Kind) -> Iterator[MakeDriver]:
    """Make a transport with settings of the test's choosing."""
    made: list[Driver] = []

    def make(**settings: Any) -> Driver:
        made.append(Driver(kind, **settings))
        return made[-1]

    yield make
    for driver in made:
        driver.end()


@pytest.fixture
def driver(make_driver: MakeDriver) -> Driver:
    """A transport as it comes."""
    return make_driver()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that follows a script."""
    started: list[ScriptedServer] = []

    def start(script: Script, **settings: Any) -> ScriptedServer:
        started.append(ScriptedServer(script, **settings))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def server(serve: Serve) -> ScriptedServer:
    """A server that answers everything with `ok`."""
    return serve(answering(OK))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
