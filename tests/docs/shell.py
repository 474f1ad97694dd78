"""Runs the `sh` blocks of the pages that are followed to the letter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shlex import quote

from sybil import Example

from tests.docs.reader import Reader

ALREADY = ("make ", "python3 -m venv ", ". venv/bin/activate", "pip ", "hipkit serve")
"""How lines begin that are done already: hipkit is installed, and its server runs."""


def run_shell(example: Example) -> str | None:
    """Run a block, and keep what it exports for HipChat; return what is wrong, or `None`."""
    reader: Reader = example.namespace["reader"]
    lines = [
        line
        for line in reader.local(str(example.parsed)).splitlines()
        if not line.startswith(ALREADY)
    ]
    kept = reader.folder / ".environment"
    done = subprocess.run(
        ["/bin/sh", "-euc", "\n".join([*lines, f"env -0 > {quote(str(kept))}"])],
        cwd=reader.folder,
        env=shell_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode or done.stderr:
        return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    for entry in kept.read_text("utf-8", "surrogateescape").split("\0"):
        name, _, value = entry.partition("=")
        if name.startswith("HIPCHAT_"):
            os.environ[name] = value
    return None


def shell_environment() -> dict[str, str]:
    """Return this environment, with its own commands first and a plain terminal."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
