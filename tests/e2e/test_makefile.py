"""What the Makefile installs, when it does so anew, and how it divides the tests.

What is missing on a machine is named in one line, before anything is installed.
"""

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


IGNORED = re.compile(r"--ignore (\S+)")


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
    for program in [*programs, "packages for Node.js"]:
        assert f"setup: {program} into .tools/clients" in planned
    last = planned.index("-m tests.clients")
    assert all(planned.index(f"setup: {program} into") < last for program in programs)


def test_what_make_test_leaves_out_is_what_make_test_all_runs(repository: Path) -> None:
    left_out = IGNORED.findall(make(repository, "--dry-run", "test").stdout)
    planned = make(repository, "--dry-run", "test-all").stdout

    assert left_out
    assert f" {' '.join(left_out)}\n" in planned
    for path in left_out:
        assert (repository / path).exists()


def locked(path: Path) -> set[str]:
    """Return every pinned version with its hashes, wherever it is for."""
    text = re.sub(
        r"^ *#.*\n| ;[^\\\n]*|[\\ ]", "", path.read_text(), flags=re.MULTILINE
    )
    return set(re.split(r"\n(?!--)", text.strip()))


@pytest.mark.parametrize("part", ["demo", "test"])
def test_what_one_command_needs_is_part_of_everything(
    repository: Path, part: str
) -> None:
    requirements = repository / "requirements"
    some = locked(requirements / f"{part}.txt")

    assert some
    assert some <= locked(requirements / "dev.txt")


@pytest.fixture
def installed(clone: Path) -> Path:
    """A folder in which all stamps stand, as after `make test-all`."""
    place = subprocess.run(["pwd", "-P"], cwd=clone, capture_output=True, check=True)
    made = [".tools/bin/python", ".tools/.place", ".tools/bin/uv", ".venv/pyvenv.cfg"]
    stamps = [".venv/.demo", ".venv/.test", ".venv/.everything"]
    for name in [*made, *stamps, ".tools/clients/hipcat/.ready"]:
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
    (clone / ".tools/.place").write_bytes(place.stdout)
    return clone


COMMANDS = ["demo", "setup", ".venv/.everything"]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_installed_twice(installed: Path, command: str) -> None:
    assert "setup:" not in make(installed, "--dry-run", command).stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("change", ["moved", "python gone", "tools changed"])
def test_all_is_installed_anew_where_the_old_paths_lead_nowhere(
    installed: Path, command: str, change: str
) -> None:
    if change == "moved":
        installed = installed.rename(installed.with_name("another plåce"))
    elif change == "python gone":
        (installed / ".tools/bin/python").unlink()
    else:
        (installed / "requirements/tools.txt").touch()

    planned = make(installed, "--dry-run", command).stdout

    assert "setup: uv into .tools" in planned
    assert "venv --quiet --clear --python .tools/bin/python .venv" in planned
    assert planned.count("setup: ") >= 2
    assert ("setup: hipcat" in planned) == (command == "demo")


@pytest.mark.parametrize(
    ("failure", "message"),
    [(BRINGS_NO_VENV, "python3-venv"), (IS_TOO_OLD, "Python 3.11 or newer")],
    ids=["no venv", "too old"],
)
def test_a_python_that_will_not_do_is_named_in_one_line(
    failure: str, message: str, tmp_path: Path, clone: Path
) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\n{failure}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    done = make(clone, f"PYTHON={python}", ".tools/bin/uv")

    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert message in lines[0]
    assert not (clone / ".tools").exists()
