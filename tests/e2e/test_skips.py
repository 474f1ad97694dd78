"""In CI a test may not be skipped for want of a package; what a kernel lacks is no fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEST = "import pytest\n\n\ndef test_it():\n    pytest.skip({!r})\n"


@pytest.mark.parametrize("is_ci", [False, True])
@pytest.mark.parametrize(
    ("reason", "is_allowed"),
    [("no browser: apt install chromium", False), ("this machine has no IPv6", True)],
)
def test_a_skip_is_a_failure_where_everything_was_installed(
    repository: Path, tmp_path: Path, is_ci: bool, reason: str, is_allowed: bool
) -> None:
    file = tmp_path / "test_skipped.py"
    file.write_text(TEST.format(reason))
    environment = dict(os.environ)
    environment.pop("HIPKIT_SKIP_NOTHING", None)
    if is_ci:
        environment["HIPKIT_SKIP_NOTHING"] = "1"
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rf",
            "-p",
            "tests.conftest",
            str(file),
        ],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0) == (is_allowed or not is_ci), done.stdout
    assert (f"may not be skipped here: {reason}" in done.stdout) == (
        is_ci and not is_allowed
    )
