"""Generate a package for each document, check it, and check the types of all in one run."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from codegen.__main__ import main as generate
from tests.codegen.sampling.checking import Report, check
from tests.codegen.sampling.package import importing
from tests.codegen.sampling.reading import read

__all__ = ["Outcome", "check_document", "check_documents", "type_problems"]

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Outcome:
    """What became of one document."""

    path: Path
    name: str
    """The package's."""
    lines: list[str] = field(default_factory=list)
    """Problems: those of the generator, or else those that were found."""
    left_out: list[str] = field(default_factory=list)
    report: Report | None = None
    """`None` if the document was refused."""


def check_documents(
    paths: Iterable[Path], folder: Path, *, skip: bool = False, types: bool = True
) -> list[Outcome]:
    """Check documents.

    Args:
        paths: The documents.
        folder: Where the packages are written.
        skip: Whether operations that are not supported are left out.
        types: Whether mypy reads the packages.
    """
    outcomes = [check_document(path, folder, skip=skip) for path in paths]
    if types:
        checked = {each.name: each for each in outcomes if each.report is not None}
        for name, line in type_problems(folder, checked):
            checked[name].lines.append(line)
    return outcomes


def check_document(path: Path, folder: Path, *, skip: bool = False) -> Outcome:
    """Generate a package for one document and check it.

    Args:
        path: The document.
        folder: Where the package is written.
        skip: Whether operations that are not supported are left out.
    """
    name = re.sub(r"\W", "_", f"sampled_{path.stem}").lower()
    outcome = Outcome(path, name)
    arguments = ["--spec", str(path), "--out", str(folder / name), "--package", name]
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        code = generate([*arguments, *["--skip-unsupported"] * skip])
    lines = told.getvalue().splitlines()
    if code != 0:
        outcome.lines = lines
        return outcome
    outcome.left_out = [line for line in lines if line.startswith("left out: ")]
    check_package(path, folder, outcome)
    return outcome


def check_package(path: Path, folder: Path, outcome: Outcome) -> None:
    """Check a package that was generated."""
    left_out = {line.removeprefix("left out: ") for line in outcome.left_out}
    try:
        with importing(folder, outcome.name) as package:
            outcome.report = check(read(path), package, left_out)
    except (ImportError, SyntaxError, TypeError, NameError, AttributeError) as error:
        outcome.lines = [f"the package cannot be imported: {error!r}"]
        return
    outcome.lines = [*outcome.report.problems]
    outcome.lines += [
        f"{label}: no valid value was found"
        for label in sorted(outcome.report.unsampled)
    ]


def type_problems(folder: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return what `mypy --strict` says about packages, with the name of each."""
    names = list(names)
    if not names:
        return []
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *names],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
    )
    lines = [line for line in done.stdout.splitlines() if ": error:" in line]
    if done.returncode != 0 and not lines:
        raise RuntimeError(done.stdout + done.stderr)
    return [(line.partition(os.sep)[0], line) for line in lines]
