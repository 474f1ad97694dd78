"""`python -m codegen`: the generator's command line."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from codegen.planning.names import is_name
from codegen.planning.package import ClientClass, Package
from codegen.planning.plan import plan
from codegen.planning.prose import one_line
from codegen.reading.document import Document, SpecError
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

FLAGS = {
    "--strict": "refuse names that are not usable as they are, instead of choosing others",
    "--skip-unsupported": "leave out, and list, what cannot be generated",
    "--overwrite": "also write files anew that were changed by hand",
}

Files = dict[Path, dict[str, str]]
"""Texts by folder and by path in it: files in one folder are written, and removed, together."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One package to be written."""

    spec: Path
    name: str
    """The document's name in error messages."""
    out: Path
    plan: Callable[[Document, Problems], Package]
    made_by: str = COMMAND
    has_client: bool = True


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
    made: Files = defaultdict(dict)
    for job in _jobs(options):
        problems = Problems(strict=options.strict)
        texts = _generate(job, problems, skip=options.skip_unsupported)
        if texts is None:
            print(*problems.found, sep="\n", file=sys.stderr)
            return None
        for note in problems.notes():
            print(note, file=sys.stderr)
        for out, files in texts.items():
            made[out] |= files
    return made


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
    for flag, text in FLAGS.items():
        parser.add_argument(flag, action="store_true", help=text)
    options = parser.parse_args(arguments)
    given = {options.spec, options.out, options.package} - {None}
    if len(given) not in (0, 3):
        parser.error("--spec, --out and --package must be given together")
    options.is_own = not given
    if options.is_own:
        options.strict, options.skip_unsupported = True, False
    elif options.package == "hipkit" or not all(
        map(is_name, options.package.split("."))
    ):
        parser.error(
            f"{options.package!r} cannot be the name of a new package; use letters"
        )
    return options


def _jobs(options: argparse.Namespace) -> list[_Job]:
    if options.is_own:
        return [_own_job(version) for version in OWN]
    _reject_taken(options.package, options.out)
    planned = partial(
        plan,
        package=options.package,
        source=options.spec.name,
        command=f"{COMMAND} --package {options.package}",
        auth=options.auth,
    )
    made_by, name = _made_by(options), str(options.spec)
    return [_Job(options.spec, name, options.out, planned, made_by)]


def _own_job(version: str) -> _Job:
    name, has_client = f"spec/hipchat-{version}.yaml", version == "v2"
    planned = partial(
        plan,
        package=f"hipkit.{version}",
        source=name,
        command=COMMAND,
        client=HIPCHAT if has_client else None,
    )
    out = ROOT / "src" / "hipkit" / version
    return _Job(ROOT / name, name, out, planned, has_client=has_client)


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
    """Return the text of every file; `None` if problems forbid that, and none may be skipped."""
    try:
        package = job.plan(load(job.spec, job.name), problems)
        if problems.found and not (skip and package.has_content):
            return None
        client = package.client if job.has_client else None
        package = replace(package, client=client, made_by=job.made_by)
        texts = {job.out: render(package)}
        if package.has_own_client:
            texts[job.out] = with_manifest(texts[job.out], job.made_by)
        elif client is not None:
            texts[CLIENT] = render_clients(package)
        return texts
    except RecursionError:
        fault = "its schemas refer to each other too deeply; flatten them"
        raise SpecError(f"{job.name}: {fault}") from None


if __name__ == "__main__":
    sys.exit(main())
