"""The pytest fixtures `hipchat` and `addon_host`.

They are a `hipkit.testing.HipChatServer` and a `hipkit.testing.addons.AddOnHost`. pytest loads this
module in every run, so it imports nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hipkit.testing import HipChatServer
    from hipkit.testing.addons import AddOnHost

__all__ = ["addon_host", "hipchat"]

FIXTURES = frozenset({"addon_host", "hipchat"})


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:
    """Leave hipkit's own frames out of the report where a call ended with its error.

    The line of the test, or of the code under test, is then the last. `--full-trace` shows all.
    """
    hidden: list[dict[str, object]] = []
    if call.excinfo is not None and FIXTURES.intersection(
        getattr(item, "fixturenames", ())
    ):
        is_own = type(call.excinfo.value).__module__.startswith(PACKAGE)
        found = (entry.frame.f_globals for entry in call.excinfo.traceback)
        hidden = [names for names in found if is_own and _is_of_hipkit(names)]
    for names in hidden:
        names[HIDE] = True
    yield
    for names in hidden:
        names.pop(HIDE, None)


def _is_of_hipkit(names: Mapping[str, object]) -> bool:
    return str(names.get("__name__")).startswith((PACKAGE, WAITING))


PACKAGE = "hipkit."
WAITING = "concurrent.futures."
"""What it waits with for work in other threads."""
HIDE = "__tracebackhide__"
"""The global variable by which pytest leaves out the frames of a module."""


@pytest.fixture
def hipchat() -> Iterator[HipChatServer]:
    """Yield a fresh HipChat server, in memory."""
    from hipkit.testing import HipChatServer

    with HipChatServer() as server:
        yield server


@pytest.fixture
def addon_host() -> Iterator[AddOnHost]:
    """Yield a fresh HipChat server that installs add-ons, in memory."""
    try:
        from hipkit.testing.addons import AddOnHost
    except ModuleNotFoundError as error:
        from hipkit.extras import install_hint

        hint = install_hint("addon")
        pytest.fail(f"addon_host needs the extra addon ({error.name}): {hint}")
    with AddOnHost() as host:
        yield host


SCOPES = "hipkit/scopes"
"""The entry of pytest's cache with the scopes that add-ons used, for `hipkit addon check`."""
FROM_WORKERS = "hipkit_scopes"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Store the scopes that add-ons used in the tests, by their keys."""
    records = sys.modules.get("hipkit.testing.addons.records")
    used: dict[str, list[str]] = {} if records is None else records.used_scopes()
    config = session.config
    workers_output = getattr(config, "workeroutput", None)
    if workers_output is not None:  # A process of pytest-xdist: the first one stores.
        workers_output[FROM_WORKERS] = used
        return
    for found in getattr(config, FROM_WORKERS, ()):
        for key, scopes in found.items():
            used[key] = sorted({*used.get(key, ()), *scopes})
    cache = getattr(config, "cache", None)
    if not used or cache is None:
        return
    recorded = cache.get(SCOPES, {})
    if not _is_whole(session):
        used = {
            key: sorted({*scopes, *recorded.get(key, ())})
            for key, scopes in used.items()
        }
    cache.set(SCOPES, {**recorded, **used})


def _is_whole(session: pytest.Session) -> bool:
    """Return whether all tests ran, as far as is known: what they did not use is not needed."""
    config = session.config
    chosen = [config.getoption(name, None) for name in ("keyword", "markexpr", "lf")]
    named = any("::" in each or each.endswith(".py") for each in config.args)
    return not (any(chosen) or named or session.testsfailed or session.shouldstop)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Keep what a process of pytest-xdist has found."""
    found = getattr(node, "workeroutput", {}).get(FROM_WORKERS)
    if found:
        config = node.config  # type: ignore[attr-defined]  # pytest-xdist has no types
        vars(config).setdefault(FROM_WORKERS, []).append(found)
