"""The commands of `hipkit addon`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.unit.cli.conftest import Hipkit


def test_the_help_lists_the_commands(hipkit: Hipkit, folder: Path) -> None:
    listed = hipkit("addon", "--help").out
    assert [name for name in ("check", "run", "replay") if f"  {name} " in listed] == [
        "check",
        "run",
        "replay",
    ]


def test_a_misspelt_command_gets_a_suggestion(hipkit: Hipkit, folder: Path) -> None:
    done = hipkit("addon", "replya")
    assert done.code == 2
    assert "replay" in done.err


def test_checking_a_descriptor_loads_no_server(folder: Path) -> None:
    code = (
        "import sys; from hipkit.cli.commands import run;"
        "assert run(['addon', 'check', 'good.json']) == 0;"
        "print([name for name in sys.modules if name == 'hipkit.server.app'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
