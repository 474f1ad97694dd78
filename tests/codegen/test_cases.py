"""Small documents, one a feature: each stands in `cases/` beside what is generated from it.

`shown.txt` names the files that show the feature, or says `all`; the package is called as its
folder. `python -m tests.codegen.regenerate` writes the files anew; read the diff.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.planning.plan import plan
from codegen.reading.load import load
from codegen.reading.problems import Problems
from codegen.writing.render import render

CASES = sorted(
    path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir()
)


def generated(case: Path) -> dict[str, str]:
    """Return the files of a case that its `shown.txt` names."""
    texts = package(case)
    shown = case.joinpath("shown.txt").read_text(encoding="utf-8").split()
    return {name: texts[name] for name in (texts if shown == ["all"] else shown)}


def package(case: Path) -> dict[str, str]:
    document = load(case / "spec.yaml", "spec.yaml")
    problems = Problems()
    command = f"python -m codegen --package {case.name}"
    made = plan(
        document,
        problems,
        package=case.name,
        source="spec.yaml",
        command=command,
    )
    assert problems.found == []
    return render(made)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_document_gives_what_stands_beside_it(case: Path) -> None:
    folder = case / "expected"
    texts = {
        path.relative_to(folder).as_posix().removesuffix(".txt"): path.read_text(
            encoding="utf-8"
        )
        for path in folder.rglob("*.txt")
    }

    assert generated(case) == texts


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_same_document_gives_the_same_bytes(case: Path) -> None:
    assert package(case) == package(case)


def test_everything_generated_passes_the_type_checker_and_the_linter(
    tmp_path: Path, repository: Path
) -> None:
    for case in CASES:
        for name, text in package(case).items():
            path = tmp_path / case.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    names = [case.name for case in CASES]
    environment = {**os.environ, "MYPYPATH": str(repository / "src")}
    # Functions are called as the document calls them, and classes around Python's own words.
    lint = ["--config", str(repository / "pyproject.toml"), "--ignore=N801,N802,I001"]

    for command in (
        ["mypy", "--strict", *names],
        ["ruff", "check", "--no-cache", *lint, "."],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
