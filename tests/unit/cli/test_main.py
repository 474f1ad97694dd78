from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from hipkit.cli.main import main

PROGRAM = """
import sys
sys.modules[sys.argv.pop(1)] = None
from hipkit.cli import main
main()
"""


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("click", ["call", "--list"], "cli"),
        ("rich", ["call", "--list"], "cli"),
        ("uvicorn", ["serve"], "server"),
        ("httptools", ["serve"], "server"),
    ],
)
def test_a_missing_extra_names_itself_in_one_line(
    missing: str, command: list[str], extra: str
) -> None:
    # In a process of its own: a module half unloaded would trip up other tests.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, missing, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"pip install '.[{extra}]'" in done.stderr


def test_the_command_is_there_however_much_is_loaded() -> None:
    import hipkit.cli.commands

    [script] = entry_points(group="console_scripts", name="hipkit")

    assert hipkit.cli.commands
    assert script.load() is main


def test_a_second_ctrl_c_prints_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import hipkit.cli.commands

    def interrupted(_: object) -> int:
        # As while the first one is reported, which loads modules.
        raise KeyboardInterrupt

    monkeypatch.setattr(hipkit.cli.commands, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
