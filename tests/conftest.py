"""What all tests share. Async tests run on asyncio, without a marker (`anyio_mode`)."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.database import PostgresDatabase
from tests.postgres import PostgresServer, running

RANDOM = "HIPKIT_RANDOM"
"""Set to try other examples each time. Else they are the same everywhere: what a commit is told
depends on the commit alone."""

# No deadline, since a busy machine is not a broken rule.
settings.register_profile(
    "hipkit", deadline=None, derandomize=RANDOM not in os.environ, print_blob=True
)
settings.load_profile("hipkit")

# Whoever starts the tests in the background may have these ignored, and programs that tests
# start, and then stop by a signal, would inherit that.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)

SKIP_NOTHING = "HIPKIT_SKIP_NOTHING"
"""Set in CI, where what a test needs has been installed: there a skip is a failure."""
MACHINE = "this machine "
"""How a reason begins that no package can mend: a right or a device that the kernel lacks."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    report = yield
    if (
        report.skipped
        and not hasattr(report, "wasxfail")
        and SKIP_NOTHING in os.environ
    ):
        assert isinstance(report.longrepr, tuple)
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not reason.startswith(MACHINE):
            report.outcome = "failed"
            report.longrepr = f"may not be skipped here: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres: PostgresServer) -> str:
    """The name of a database with hipkit's tables."""
    name = postgres.create()
    PostgresDatabase.open(Address(postgres.address(name))).close()
    postgres.snapshot(name)
    return name


@pytest.fixture
def postgres_address(postgres: PostgresServer, postgres_database: str) -> Address:
    """The address of a database with hipkit's tables and nothing in them."""
    postgres.restore(postgres_database)
    return Address(postgres.address(postgres_database))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds pyproject.toml."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own HipChat server and proxies out of the tests."""
    for name in list(os.environ):
        if name.startswith("HIPCHAT_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
