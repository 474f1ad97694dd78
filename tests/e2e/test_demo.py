"""The demo as `make demo` runs it, whole, and what it does when something breaks."""

from __future__ import annotations

import re
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
        timeout=120,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    numbers = re.findall(r"^ ?(\d+)\. ", ended.stdout, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 12)]
    for told in (
        "Build 7 is red",
        "mentions Bob Dev",
        "29,000 bytes",
        "hipcat, version 0.1.0",
        "ForbiddenError: DELETE /room/Dev Ops: 403",
        "hipkit serve --db",
    ):
        assert told in ended.stdout
    assert not TOKEN.search(ended.stdout)


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


def test_a_server_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit('no server today')"]
    monkeypatch.setattr(demo_programs, "HIPKIT", broken)

    assert demo.main() == 1
    assert "no server today" in capsys.readouterr().err
