"""What all tests share. Async tests run on asyncio, without a marker (`anyio_mode`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# In CI the same examples every time: a run that fails there can be repeated at home. No
# deadline, since a busy machine is not a broken rule.
settings.register_profile(
    "hipkit", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("hipkit")


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
