"""Compare the generator of this project with openapi-python-client, on the same documents.

    python -m scripts.compare_generators FOLDER... [--runs 3] [--keep DIR]

Both are run on every document below the folders, as a user runs them first: without settings.
What comes is imported module by module and checked with `mypy --strict`, and printed as tables in
Markdown: what each makes, and what each leaves out. openapi-python-client is that of
`make .tools/spec/python/.ready`, whose environment also has what its packages need.

Seconds are of CPU, of the generator and the formatter that it starts; the lowest of all runs.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Generator", "Outcome", "compare", "generators", "main", "tables"]

REPOSITORY = Path(__file__).parents[1]
OTHERS = REPOSITORY / ".tools/spec/python/bin"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
SUFFIXES = {".json", ".yaml", ".yml"}
PACKAGE = "package"
IMPORT_ALL = f"""
import importlib, pkgutil
package = importlib.import_module("{PACKAGE}")
for each in pkgutil.walk_packages(package.__path__, "{PACKAGE}."):
    importlib.import_module(each.name)
"""
LEFT_OUT = re.compile(
    r"^(?:WARNING parsing (.+?) within .*|Unable to (?:process|parse) \w+ (\S+):)\n\s*\n(.*)$",
    re.MULTILINE,
)
SHOWN_BADLY = re.compile(r"for status code <.*?> ")
"""It prints the address of an object where it means the status."""
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a generator made of a document."""

    operations: int = 0
    """How many it made; 0 without a package."""
    lines: int = 0
    imports: bool = False
    """Whether every module of the package imports."""
    type_errors: int = 0
    """Of `mypy --strict`."""
    seconds: float = 0
    complaints: tuple[str, ...] = ()
    """What it leaves out, and why; or why there is no package."""

    @property
    def is_package(self) -> bool:
        """Whether there is a package."""
        return self.lines > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A generator, and how to run it.

    Attributes:
        name: With its version.
        command: What to run for a document and the package's folder.
        again: The same, to leave out what it refuses; `None` if it does so anyway.
        python: What imports the package, with the libraries that it needs.
        count: Returns how many operations a package has.
        complaints: Returns what the output says that is left out.
    """

    name: str
    command: Callable[[Path, Path], list[str]]
    again: Callable[[Path, Path], list[str]] | None
    python: Path
    count: Callable[[Path], int]
    complaints: Callable[[str], Iterator[str]]


def generators() -> list[Generator]:
    """Return both generators.

    Raises:
        FileNotFoundError: openapi-python-client is not installed.
    """
    other = OTHERS / "openapi-python-client"
    if not other.exists():
        raise FileNotFoundError(f"no {other}: make .tools/spec/python/.ready")
    version = _run([str(other), "--version"], REPOSITORY).stdout.split()[-1]
    return [
        Generator(
            name="hipkit",
            command=_hipkit,
            again=lambda document, out: [*_hipkit(document, out), "--skip-unsupported"],
            python=Path(sys.executable),
            count=_count_entries,
            complaints=_hipkit_complaints,
        ),
        Generator(
            name=f"openapi-python-client {version}",
            command=lambda document, out: [
                str(other), "generate", f"--path={document}", f"--output-path={out}", "--meta=none"
            ],
            again=None,
            python=OTHERS / "python",
            count=lambda package: len([*package.glob("api/*/[!_]*.py")]),
            complaints=_other_complaints,
        ),
    ]  # fmt: skip


def _hipkit(document: Path, out: Path) -> list[str]:
    arguments = ["--spec", str(document), "--out", str(out), "--package", PACKAGE]
    return [sys.executable, "-m", "codegen", *arguments]


def _count_entries(package: Path) -> int:
    return (package / "catalog.py").read_text("utf-8").count("\n    Entry(\n")


def _hipkit_complaints(output: str) -> Iterator[str]:
    """Yield the problems, from the place on: file and line come before it."""
    for line in output.splitlines():
        if found := re.search(r"(?:^|: )(#/\S*): (.*)", line):
            yield f"`{found[1]}`: {found[2]}"


def _other_complaints(output: str) -> Iterator[str]:
    """Yield the warnings and errors, each on one line."""
    for left_out in LEFT_OUT.finditer(output):
        reason = SHOWN_BADLY.sub("", left_out[3])
        yield f"`{left_out[1] or left_out[2]}`: {reason}"
    yield from re.findall(r"^Error\(s\) encountered.*\s+(\S.*)", output, re.MULTILINE)
    yield from re.findall(r"^\w+Error: .*$", output, re.MULTILINE)


def compare(
    generator: Generator, document: Path, folder: Path, runs: int = 1
) -> Outcome:
    """Run a generator on a document, and look at what it made.

    Args:
        generator: Which.
        document: OpenAPI or Swagger.
        folder: An empty one, for the package.
        runs: How often, for the lowest time.
    """
    package = folder / PACKAGE
    done, seconds = _timed(generator.command(document, package), runs, package)
    complaints = [*generator.complaints(done.stdout + done.stderr)]
    if done.returncode != 0 and generator.again is not None:
        done, seconds = _timed(generator.again(document, package), runs, package)
    if done.returncode != 0 or not package.exists():
        return Outcome(
            seconds=seconds, complaints=tuple(complaints) or ("no reason given",)
        )
    return Outcome(
        operations=generator.count(package),
        lines=sum(len(path.read_bytes().splitlines()) for path in package.rglob("*.py")),
        imports=_run([str(generator.python), "-c", IMPORT_ALL], folder).returncode == 0,
        type_errors=_type_errors(generator, folder),
        seconds=seconds,
        complaints=tuple(complaints),
    )  # fmt: skip


def _timed(command: list[str], runs: int, package: Path) -> tuple[Done, float]:
    seconds = []
    for _ in range(runs):
        if package.exists():
            _run(["rm", "-r", str(package)], package.parent)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = _run(command, REPOSITORY)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        seconds.append(used)
    return done, min(seconds)


def _type_errors(generator: Generator, folder: Path) -> int:
    done = _run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null",
         f"--python-executable={generator.python}", "-p", PACKAGE],
        folder,
    )  # fmt: skip
    found = re.search(r"^Found (\d+) errors?", done.stdout, re.MULTILINE)
    return int(found[1]) if found else 0


def _run(command: Sequence[str], folder: Path) -> Done:
    path = f"{OTHERS}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path, "COLUMNS": "1000", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A document, and what each generator made of it."""

    name: str
    form: str
    """Such as `OpenAPI 3.1`."""
    operations: int
    outcomes: list[Outcome] = field(default_factory=list)


def read(document: Path) -> Row:
    """Return a row without outcomes: which version a document has, and how many operations."""
    tree: dict[str, Any] = yaml.safe_load(document.read_text("utf-8"))
    version = str(tree.get("openapi") or tree.get("swagger"))
    return Row(
        name=document.stem,
        form=".".join(version.split(".")[:2]),
        operations=sum(
            len(METHODS & item.keys()) for item in (tree.get("paths") or {}).values()
        ),
    )


def tables(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the tables, and of the lists of complaints."""
    heads = ["operations", "lines", "mypy --strict", "s"]
    yield "| document | version | operations |" + "".join(
        f" {name.split()[0]}: {head} |" for name in names for head in heads
    )
    yield "| --- | --- | ---: |" + " ---: |" * len(heads) * len(names)
    for row in rows:
        cells = [row.name, row.form, str(row.operations)]
        for outcome in row.outcomes:
            cells += _cells(outcome)
        yield f"| {' | '.join(cells)} |"
    for number, name in enumerate(names):
        yield f"\n{name} leaves out:\n"
        for row in rows:
            for complaint in row.outcomes[number].complaints:
                yield f"- {row.name}: {complaint}"


def _cells(outcome: Outcome) -> list[str]:
    if not outcome.is_package:
        return ["refused", "", "", f"{outcome.seconds:.1f}"]
    types = f"{outcome.type_errors} errors" if outcome.type_errors else "passes"
    return [
        str(outcome.operations),
        f"{outcome.lines:,}",
        types if outcome.imports else f"{types}, does not import",
        f"{outcome.seconds:.1f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--runs", type=int, default=3, help="of each, for the time")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where to put packages"
    )
    options = parser.parse_args(arguments)
    both = generators()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for folder in options.folders:
            for document in sorted(folder.resolve().iterdir()):
                if document.suffix not in SUFFIXES or document.stem == "redocly":
                    continue
                row = read(document)
                print(row.name, file=sys.stderr)
                for generator in both:
                    place = Path(
                        options.keep or temporary, generator.name.split()[0], row.name
                    )
                    place.mkdir(parents=True)
                    row.outcomes.append(
                        compare(generator, document, place, options.runs)
                    )
                rows.append(row)
    print("\n".join(tables(rows, [generator.name for generator in both])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
