"""`python -m codegen`: the generator's command line."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from codegen.planning.names import is_name
from codegen.planning.package import ClientClass
from codegen.planning.plan import plan
from codegen.planning.prose import one_line
from codegen.reading.document import SpecError
from codegen.reading.load import load
from codegen.reading.problems import Problems
from codegen.reading.security import AUTH
from codegen.writing.render import MARK, render, render_clients
from sourcefiles.errors import GenerationError
from sourcefiles.files import differences, with_manifest, write

ROOT = Path(__file__).resolve().parent.parent
OWN = ("v1", "v2")
"""The versions of HipChat's API, for each of which the project has a spec and a package."""

COMMAND = "python -m codegen"

CLIENT = ROOT / "src" / "hipkit" / "client"
HIPCHAT = ClientClass(
    name="HipChat",
    module="hipchat",
    home="hipkit.client",
    base="ChatClient",
    variables="HIPCHAT",
    default_base_url=None,
)

DIFFERENT, REFUSED = 1, 2

Files = dict[Path, dict[str, str]]
"""Texts by folder and by path in it: files in one folder are written, and removed, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One package to be written."""

    spec: Path
    name: str
    """The document's name in error messages."""
    source: str
    """The document's name in the header of each file."""
    out: Path
    package: str
    command: str = COMMAND
    made_by: str = ""
    client: ClientClass | None = None
    """The client's class, if its modules are not part of the package."""
    has_client: bool = True
    auth: str = "none"
    """What operations need that declare nothing."""


def main(arguments: list[str] | None = None) -> int:
    """Run the generator and return its exit code.

    0: done. 1: `--check` found differences and printed them. 2: the arguments or a document
    cannot be used; a line for each problem on standard error says why, and nothing was written.
    """
    options = _options(arguments)
    lines: list[str] = []
    try:
        made = _made(options)
        if made is None:
            return REFUSED
        for out, texts in made.items():
            if options.check or options.diff:
                lines += differences(out, texts, MARK)
            else:
                print(
                    write(out, texts, MARK, overwrite=options.overwrite),
                    file=sys.stderr,
                )
    except GenerationError as error:
        print(error, file=sys.stderr)
        return REFUSED
    sys.stdout.writelines(
        line if line.endswith("\n") else f"{line}\n" for line in lines
    )
    return DIFFERENT if lines and options.check else 0


def _made(options: argparse.Namespace) -> Files | None:
    """Return all that is to be written; print the problems and return `None` if they forbid it."""
    made: Files = {}
    for job in _jobs(options):
        problems = Problems(strict=options.strict)
        texts = _generate(job, problems, skip=options.skip_unsupported)
        if texts is None:
            print(*problems.found, sep="\n", file=sys.stderr)
            return None
        _report(problems)
        _add(made, texts)
    return made


def _add(made: Files, texts: Mapping[Path, Mapping[str, str]]) -> None:
    for out, files in texts.items():
        made.setdefault(out, {}).update(files)


def _report(problems: Problems) -> None:
    """Print what was left out, and which names were chosen."""
    for name, error in problems.left_out.items():
        print(f"left out: {name}: {error}", file=sys.stderr)
    for note in problems.notes():
        print(note, file=sys.stderr)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="Write a typed Python package for an OpenAPI document.",
        epilog="Without --spec, --out and --package: every spec of this project into its"
        " package, such as spec/hipchat-v2.yaml into src/hipkit/v2.",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--diff",
        action="store_true",
        help="write nothing; show how the existing files would change",
    )
    shown.add_argument(
        "--check", action="store_true", help="the same, with exit code 1 for any change"
    )
    parser.add_argument(
        "--spec", type=Path, metavar="FILE", help="Swagger 2.0, OpenAPI 3.0 or 3.1"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the package")
    parser.add_argument(
        "--package", metavar="NAME", help="what the package is imported as"
    )
    parser.add_argument(
        "--auth",
        choices=AUTH,
        default="none",
        help="what operations need that declare no 'security'; nothing by default",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse names that are not usable as they are, instead of choosing others",
    )
    parser.add_argument(
        "--skip-unsupported",
        action="store_true",
        help="leave out, and list, what cannot be generated",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="also write files anew that were changed by hand",
    )
    options = parser.parse_args(arguments)
    given = {options.spec, options.out, options.package} - {None}
    if len(given) not in (0, 3):
        parser.error("--spec, --out and --package must be given together")
    options.is_own = not given
    if options.is_own:
        options.strict, options.skip_unsupported = True, False
    if not options.is_own and (
        not all(map(is_name, options.package.split("."))) or options.package == "hipkit"
    ):
        parser.error(
            f"{options.package!r} cannot be the name of a new package; use letters"
        )
    return options


def _jobs(options: argparse.Namespace) -> list[_Job]:
    if options.is_own:
        return [
            _Job(
                spec=ROOT / f"spec/hipchat-{version}.yaml",
                name=f"spec/hipchat-{version}.yaml",
                source=f"spec/hipchat-{version}.yaml",
                out=ROOT / "src" / "hipkit" / version,
                package=f"hipkit.{version}",
                client=HIPCHAT if version == "v2" else None,
                has_client=version == "v2",
            )
            for version in OWN
        ]
    _reject_taken(options.package, options.out)
    return [
        _Job(
            spec=options.spec,
            name=str(options.spec),
            source=options.spec.name,
            out=options.out,
            package=options.package,
            command=f"{COMMAND} --package {options.package}",
            made_by=_made_by(options),
            auth=options.auth,
        )
    ]


def _made_by(options: argparse.Namespace) -> str:
    """Return the command, with the names of files and folders in place of their paths."""
    words = ["--spec", options.spec.name, "--out", options.out.resolve().name]
    words += ["--package", options.package]
    words += ["--auth", options.auth] * (options.auth != "none")
    words += ["--strict"] * options.strict
    words += ["--skip-unsupported"] * options.skip_unsupported
    return one_line(f"{COMMAND} {shlex.join(words)}")


def _reject_taken(package: str, out: Path) -> None:
    """Reject the name of an installed module, unless the output is that module or inside it."""
    name, *inner = package.split(".")
    top = [out.resolve(), *out.resolve().parents][len(inner)]
    try:
        found = find_spec(name)
    except ValueError:
        is_taken = True  # A module without a spec, such as `__main__`.
    else:
        # A namespace package has no origin: any folder on `sys.path` may add to it.
        is_taken = (
            found is not None
            and found.origin is not None
            and str(top)
            not in map(os.path.realpath, found.submodule_search_locations or ())
            and not _is_generated(found.origin)
        )
    if is_taken:
        raise SpecError(
            f"--package {package}: {name!r} is a module that is installed;"
            " choose another name"
        )


def _is_generated(origin: str) -> bool:
    """Return whether a module is an earlier output, installed elsewhere."""
    path = Path(origin)
    return (
        path.name == "__init__.py"
        and path.is_file()
        and path.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    )


def _generate(job: _Job, problems: Problems, *, skip: bool) -> Files | None:
    """Return the text of every file; `None` if problems forbid that.

    Args:
        job: What to generate.
        problems: Where the problems are collected.
        skip: Whether to generate what has no problem, if anything.
    """
    try:
        document = load(job.spec, job.name)
        package = plan(
            document,
            problems,
            package=job.package,
            source=job.source,
            command=job.command,
            client=job.client,
            auth=job.auth,
        )
        if problems.found and not (skip and package.has_content):
            return None
        if not job.has_client:
            package = replace(package, client=None)
        package = replace(package, made_by=job.made_by)
        texts = {job.out: render(package)}
        if package.has_own_client:
            texts[job.out] = with_manifest(texts[job.out], job.made_by)
        if package.client is not None and not package.has_own_client:
            texts[CLIENT] = render_clients(package)
        return texts
    except RecursionError:
        fault = "its schemas refer to each other too deeply; flatten them"
        raise SpecError(f"{job.name}: {fault}") from None


if __name__ == "__main__":
    sys.exit(main())
