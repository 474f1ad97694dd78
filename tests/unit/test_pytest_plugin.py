"""The pytest plugin."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hipkit.testing import HipChatServer


@pytest.mark.parametrize("module", ["pytest_plugin", "testing"])
def test_importing_the_plugin_or_its_server_loads_nothing_else(module: str) -> None:
    code = (
        f"import sys, hipkit.{module};"
        "print(sorted(name for name in sys.modules if name.startswith('hipkit')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == str(["hipkit", f"hipkit.{module}", "hipkit.version"])


def test_the_fixture_is_a_running_server(hipchat: HipChatServer) -> None:
    assert hipchat.client.rooms.get_room(hipchat.room).name == hipchat.room
