"""Runs a program where it may mount file systems of its own, which nobody else sees."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.serving import REPOSITORY

__all__ = ["can_mount", "mount_small_disk", "remount_read_only", "run_inside"]

UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")


def can_mount() -> bool:
    """Say whether this machine allows that."""
    if shutil.which("unshare") is None:
        return False
    try_it = [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(try_it, capture_output=True, check=False).returncode == 0


def run_inside(module: str) -> str:
    """Run a module of this repository with mounts of its own, and return what it printed.

    It is given `--inside` and a folder to mount at; the mounts end with it.

    Raises:
        AssertionError: It failed; holds what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*UNSHARE, sys.executable, "-m", module, "--inside", folder],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def mount_small_disk(folder: Path, size_bytes: int) -> None:
    """Put a file system of this size at a folder."""
    options = f"size={size_bytes},mode=0700"
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))


def remount_read_only(folder: Path, *, is_read_only: bool) -> None:
    """Let nobody write at a folder any more, or let them again."""
    how = "ro" if is_read_only else "rw"
    _mount("-o", f"remount,{how}", str(folder))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
