"""The pytest fixture `hipchat`. pytest loads this in every run, so it imports nothing else.

The fixture is a `hipkit.testing.HipChatServer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hipkit.testing import HipChatServer

__all__ = ["hipchat"]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:
    """Leave hipkit's own frames out of the report where a call ended with its error.

    The line of the test, or of the code under test, is then the last. `--full-trace` shows all.
    """
    hidden: list[dict[str, object]] = []
    if call.excinfo is not None and "hipchat" in getattr(item, "fixturenames", ()):
        is_own = type(call.excinfo.value).__module__.startswith(PACKAGE)
        found = (entry.frame.f_globals for entry in call.excinfo.traceback)
        hidden = [names for names in found if is_own and _is_of_hipkit(names)]
    for names in hidden:
        names[HIDE] = True
    yield
    for names in hidden:
        names.pop(HIDE, None)


def _is_of_hipkit(names: Mapping[str, object]) -> bool:
    return str(names.get("__name__")).startswith(PACKAGE)


PACKAGE = "hipkit."
HIDE = "__tracebackhide__"
"""The global variable by which pytest leaves out the frames of a module."""


@pytest.fixture
def hipchat() -> Iterator[HipChatServer]:
    """Yield a fresh HipChat server, in memory."""
    from hipkit.testing import HipChatServer

    with HipChatServer() as server:
        yield server
