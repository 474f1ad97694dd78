"""The demo as `make demo` runs it, whole, and what it does when something breaks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from examples import demo, demo_programs

TOKEN = re.compile(r"\b[A-Za-z0-9]{40}\b")


def test_the_demo_does_the_main_job(repository: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    numbers = re.findall(r"^ ?(\d+)\. ", ended.stdout, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 12)]
    for shown in (
        "Build 7 is red",
        "mentions Bob Dev",
        "29,000 bytes",
        "hipcat, version 0.1.0",
        "ForbiddenError: DELETE /room/Dev Ops: 403",
        "hipkit serve --db",
    ):
        assert shown in ended.stdout
    assert not TOKEN.search(ended.stdout)


@pytest.mark.parametrize("step", [" 1. hipkit serve", "127.0.0.1:", "11. hipkit"])
@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGINT, 1), (signal.SIGTERM, 3), (signal.SIGHUP, 1)]
)
def test_a_demo_that_is_stopped_leaves_no_server_and_no_folder(
    repository: Path, tmp_path: Path, number: signal.Signals, step: str, times: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "examples.demo"],
        cwd=repository,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if step in line:
                break
        for _ in range(times):
            process.send_signal(number)
        _, complaints = process.communicate(timeout=300)

    assert (process.returncode, complaints) == (128 + number, "")
    assert list(tmp_path.iterdir()) == []
    assert living(process.pid) == []


def living(session: int) -> list[str]:
    """Return what still runs of a session: the server, or a command of the demo."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # of one that has just ended
            state, _, _, its_session, *_ = (
                (process / "stat").read_text().rpartition(")")[2].split()
            )
            if int(its_session) == session and state != "Z":
                found.append((process / "cmdline").read_text())
    return found


def test_a_step_that_fails_is_named_and_the_server_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_programs, "OTHER_CLIENT", Path("/nowhere/hipcat"))

    code = demo.main()

    out, err = capsys.readouterr()
    assert code == 1
    assert err.startswith("\nstep 8 failed (hipcat")
    assert "/nowhere/hipcat is missing" in err
    port = re.search(r"http://127\.0\.0\.1:(\d+)/v2", out)
    assert port is not None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port[1]))) != 0


def test_a_server_that_does_not_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit('no server today')"]
    monkeypatch.setattr(demo_programs, "HIPKIT", broken)

    assert demo.main() == 1
    assert "no server today" in capsys.readouterr().err
