"""What is missing on a machine is named in one line, before anything is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BRINGS_NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac'
IS_TOO_OLD = 'case "$*" in *version_info*) exit 1;; esac'


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def clone(tmp_path: Path, repository: Path) -> Path:
    """A folder that holds what the Makefile reads, and nothing installed."""
    folder = tmp_path / "a clöne"
    (folder / "src/hipkit").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "src/hipkit/version.py"):
        shutil.copy(repository / name, folder / name)
    shutil.copytree(repository / "requirements", folder / "requirements")
    return folder


def test_every_program_of_others_is_installed_before_it_is_tried(
    clone: Path, repository: Path
) -> None:
    planned = make(clone, "--dry-run", "test-clients").stdout

    pinned = (repository / "requirements/clients/python.in").read_text()
    programs = re.findall("^([^ =]+)==", pinned, re.MULTILINE)
    assert programs
    for program in [*programs, "programs for Node.js"]:
        assert f"setup: {program} into .tools/clients" in planned
    last = planned.index("-m tests.clients")
    assert all(planned.index(f"setup: {program} into") < last for program in programs)


@pytest.mark.parametrize(
    ("fault", "told"),
    [(BRINGS_NO_VENV, "python3-venv"), (IS_TOO_OLD, "Python 3.11 or newer")],
    ids=["no venv", "too old"],
)
def test_a_python_that_will_not_do_is_named_in_one_line(
    fault: str, told: str, tmp_path: Path, clone: Path
) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\n{fault}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    done = make(clone, f"PYTHON={python}", ".tools/bin/uv")

    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert told in lines[0]
    assert not (clone / ".tools").exists()
