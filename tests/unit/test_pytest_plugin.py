"""The pytest plugin."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hipkit.testing import HipChatServer


def _loaded_by(module: str) -> list[str]:
    code = (
        f"import sys, hipkit.{module};"
        "print(*(name for name in sorted(sys.modules) if name.startswith('hipkit')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def test_importing_the_plugin_loads_nothing_else() -> None:
    assert _loaded_by("pytest_plugin") == [
        "hipkit",
        "hipkit.pytest_plugin",
        "hipkit.version",
    ]


@pytest.mark.parametrize("package", ["client", "server", "v2"])
def test_importing_what_tests_stand_on_loads_no_client_and_no_server(
    package: str,
) -> None:
    assert not [
        name
        for name in _loaded_by("testing")
        if name.startswith(f"hipkit.{package}.") or name == f"hipkit.{package}"
    ]


def test_the_fixture_is_a_running_server(hipchat: HipChatServer) -> None:
    assert hipchat.client.rooms.get_room(hipchat.room).name == hipchat.room
