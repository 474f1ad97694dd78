"""Run every check of `make test` that is not a test, two at a time, with one line a check.

A check that fails shows all it said, after the lines of the others. Names as arguments choose:
`python scripts/check.py lint types`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# It has no `python -m` form.
IMPORT_LINTER = (
    "from importlinter.cli import lint_imports; exit(lint_imports(no_logo=True))"
)
CHECKS = {
    # The slow ones first, so that the short ones fill the gaps beside them.
    "types (mypy)": "-m mypy --no-error-summary",
    "types (pyright)": "-m pyright",
    "docs": "-m mkdocs build --strict --site-dir {folder}",
    "format": "-m ruff format --quiet --check .",
    "lint": "-m ruff check --quiet --output-format concise .",
    "floors": f"-c '{IMPORT_LINTER}'",
    "generated code": "-m codegen --check",
}
SETTINGS = {
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",  # or it asks the network for a newer version
    "NO_MKDOCS_2_WARNING": "1",
    "NO_COLOR": "1",
}
AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one check went."""

    name: str
    passed: bool
    output: str
    seconds: float


def run(name: str, command: str) -> Result:
    """Run one check to its end."""
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        arguments = [part.format(folder=folder) for part in shlex.split(command)]
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            env=os.environ | SETTINGS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    return Result(
        name=name,
        passed=done.returncode == 0,
        output=done.stdout,
        seconds=time.monotonic() - started,
    )


def main(wanted: Sequence[str]) -> int:
    """Run the checks whose name starts with a word of `wanted`, or all."""
    chosen = {
        name: command
        for name, command in CHECKS.items()
        if not wanted or any(name.startswith(word) for word in wanted)
    }
    if not chosen:
        print(f"no such check; there are: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failures = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pending = [pool.submit(run, name, command) for name, command in chosen.items()]
        for done in as_completed(pending):
            result = done.result()
            verdict = "ok" if result.passed else "FAILED"
            print(f"{result.name:<16} {verdict:<7}{result.seconds:5.1f} s", flush=True)
            if not result.passed:
                failures.append(result)
    for result in failures:
        print(f"\n--- {result.name} ---\n{result.output.rstrip()}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(main(sys.argv[1:]))
