"""`hipkit addon check`: what is wrong with the descriptor of an add-on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hipkit.cli.addon.sources import Fetched, is_web_url, read_source
from hipkit.cli.failures import ExitCode
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json
from hipkit.descriptors import Fault, check_descriptor

__all__ = ["check"]

BASE_URL = "https://addon.example.com"
"""Where an `AddOn` is taken to be served while its descriptor is checked."""


@click.command(cls=Command)
@click.argument("descriptor", metavar="FILE|URL|MODULE:ADDON")
@click.option("--strict", is_flag=True, help="Fail because of warnings, too.")
@click.pass_obj
def check(settings: Settings, /, *, descriptor: str, strict: bool) -> int:
    """Check the descriptor of an add-on.

    The descriptor is a file, - for standard input, a URL (http:, https: or data:), or
    the AddOn of a Python module:

    \b
      hipkit addon check capabilities.json
      hipkit addon check https://karma.example.com/capabilities
      hipkit addon check karma:addon

    Each fault is printed with its place and what to change. Errors are what servers
    reject; warnings are what they accept, although it does not do what it seems to. The
    exit code is 1 if there is an error.
    """  # noqa: D301 - click reads the character \b itself
    faults = _faults(descriptor, settings)
    if settings.json:
        write_json([_as_json(fault) for fault in faults])
    else:
        for fault in faults:
            write(_line(fault))
        write(_summary(faults))
    is_failure = any(strict or fault.severity == "error" for fault in faults)
    return ExitCode.FAILED if is_failure else ExitCode.OK


def _faults(source: str, settings: Settings) -> Sequence[Fault]:
    if _is_module(source):
        return _faults_of_module(source)
    found = read_source(source, settings)
    return [*_type_faults(found), *check_descriptor(found.body, url=found.url)]


def _is_module(source: str) -> bool:
    if is_web_url(source) or source.startswith("data:") or Path(source).exists():
        return False
    from hipkit.cli.addon.loading import is_module_name

    return is_module_name(source)


def _faults_of_module(name: str) -> Sequence[Fault]:
    from hipkit.cli.addon.loading import load_addon
    from hipkit.cli.addon.scopes import find_scope_faults

    addon = load_addon(name)
    try:
        descriptor = addon.descriptor(BASE_URL)
    except ValueError as error:
        remedy = "Correct the add-on; it would not start either."
        return [Fault(place="", problem=f"cannot be made: {error}", remedy=remedy)]
    return [*check_descriptor(descriptor.to_dict()), *find_scope_faults(addon)]


def _type_faults(found: Fetched) -> Sequence[Fault]:
    kind = found.content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return []
    problem = f"is served as {kind or 'nothing in particular'}"
    remedy = "Serve it with Content-Type: application/json."
    return [Fault(place="", problem=problem, remedy=remedy, severity="warning")]


def _line(fault: Fault) -> str:
    problem = fault.problem if fault.problem.endswith("?") else f"{fault.problem}."
    place = fault.place or "the descriptor"
    return f"{fault.severity}: {place} {problem} {fault.remedy}"


def _summary(faults: Sequence[Fault]) -> str:
    if not faults:
        return "no faults"
    errors = sum(fault.severity == "error" for fault in faults)
    counts = [(errors, "error"), (len(faults) - errors, "warning")]
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts)


def _as_json(fault: Fault) -> dict[str, str]:
    return {
        "severity": fault.severity,
        "place": fault.place,
        "problem": fault.problem,
        "remedy": fault.remedy,
    }
