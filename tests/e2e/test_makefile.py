"""What is missing on a machine is named in one line, before anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BRINGS_NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac'
IS_TOO_OLD = 'case "$*" in *version_info*) exit 1;; esac'


@pytest.mark.parametrize(
    ("fault", "told"),
    [(BRINGS_NO_VENV, "python3-venv"), (IS_TOO_OLD, "Python 3.11 or newer")],
    ids=["no venv", "too old"],
)
def test_a_python_that_will_not_do_is_named_in_one_line(
    fault: str, told: str, tmp_path: Path, repository: Path
) -> None:
    folder = tmp_path / "a clone"
    (folder / "requirements").mkdir(parents=True)
    shutil.copy(repository / "Makefile", folder)
    shutil.copy(repository / "requirements" / "tools.txt", folder / "requirements")
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\n{fault}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    done = subprocess.run(
        ["make", f"PYTHON={python}", ".tools/bin/uv"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert told in lines[0]
    assert not (folder / ".tools").exists()
