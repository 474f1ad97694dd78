"""Run every check of `make test` that is not a test, two at a time, with one line a check.

A check that fails shows all it said, after the lines of the others. Names as arguments choose:
`python scripts/check.py lint types`. `--rest` runs what `make test-all` adds: the checks that
need more packages, and the types of the folders that `make test` leaves out.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# It has no `python -m` form.
IMPORT_LINTER = (
    "from importlinter.cli import lint_imports; exit(lint_imports(no_logo=True))"
)
MYPY = "types (mypy)"
CHECKS = {
    # The slow ones first, so that the short ones fill the gaps beside them.
    MYPY: "-m mypy --no-error-summary",
    "format": "-m ruff format --quiet --check .",
    "lint": "-m ruff check --quiet --output-format concise .",
    "layers": f"-c '{IMPORT_LINTER}'",
    "generated code": "-m codegen --check",
    "async modules": "-m twins --check",
}
REST = {
    MYPY: CHECKS[MYPY],
    "types (pyright)": "-m pyright",
    "docs": "-m mkdocs build --strict --site-dir {folder}",
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


def main() -> int:
    """Run the checks that the arguments choose."""
    arguments = parser().parse_args()
    known = REST if arguments.rest else CHECKS
    if arguments.names:
        known = CHECKS | REST
    chosen = {
        name: command
        for name, command in known.items()
        if not arguments.names or name.startswith(tuple(arguments.names))
    }
    if not chosen:
        print(f"no such check; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    if MYPY in chosen:
        for path in arguments.without:
            chosen[MYPY] += f" --exclude {shlex.quote(f'^{re.escape(path)}(/|$)')}"
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


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a check begins")
    parser.add_argument("--rest", action="store_true", help="what `make test-all` adds")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PATH",
        help="what the type check leaves out, since its packages are not installed",
    )
    return parser


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(main())
