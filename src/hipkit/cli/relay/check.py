"""`hipkit relay check`: the file, its secrets, its targets' addresses, and a sample of each."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from hipkit.cli.failures import ExitCode
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json
from hipkit.cli.relay.loading import (
    FILE,
    NO_LINKS,
    describe_route,
    describe_senders,
    load_file,
    route_facts,
)
from hipkit.cli.relay.reaching import Reached, TokenState, empty_runtime, reach
from hipkit.cli.relay.samples import missing_extra, render_sample
from hipkit.cli.relay.showing import show_rendered, shown_lines
from hipkit.relay.config.file import RelayFile
from hipkit.relay.config.references import shown_reference
from hipkit.relay.routes.route import Route
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets.protocol import Limit
from hipkit.server.services.context import Runtime

__all__ = ["check_relay"]

AT_ONCE = 20
MEGABYTE = 1_000_000
UNITS = {"utf16": "UTF-16 units"}
WITHOUT_PROBLEM: dict[TokenState | None, str] = {
    "valid": "connected, the token is valid, nothing was sent",
    "unchecked": "connected, nothing was sent; the token is not checked",
    None: "connected, nothing was sent",
}
WITH_PROBLEM: dict[TokenState | None, str] = {"refused": "{}; is the token right?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found of a route."""

    route: Route
    sample: dict[str, object]
    reached: Reached


@click.command(cls=Command)
@click.argument("file", type=FILE)
@click.pass_obj
def check_relay(settings: Settings, /, *, file: Path) -> int:
    """Check a relay's file, and send nothing.

    Reads FILE and the secrets that it refers to, connects to each target without sending a
    message, and shows a sample as each target would get it. Where a target tells whether it takes
    a token or password, it is asked.

    The exit code is 2 where the file is wrong, and 1 where a target cannot be reached or does not
    take the token.
    """
    read = load_file(settings, file)
    found = _check(read)
    if settings.json:
        write_json(
            {"file": str(file), "routes": [_facts(read, each) for each in found]}
        )
    else:
        _report(read, found)
    is_good = all(each.reached.problem is None for each in found)
    return ExitCode.OK if is_good else ExitCode.FAILED


def _check(file: RelayFile) -> list[Checked]:
    with empty_runtime() as runtime:
        return asyncio.run(_check_all(file, runtime))


async def _check_all(file: RelayFile, runtime: Runtime) -> list[Checked]:
    turns, sender = asyncio.Semaphore(AT_ONCE), TargetSender(runtime)

    async def check(route: Route) -> Checked:
        async with turns:
            return await _check_route(route, sender)

    try:
        return await asyncio.gather(*map(check, file.routes))
    finally:
        await sender.aclose()
        sender.close()


async def _check_route(route: Route, sender: TargetSender) -> Checked:
    rendered = render_sample(route)
    missing = missing_extra(rendered)
    reached = (
        await reach(route, rendered, sender)
        if missing is None
        else Reached(problem=missing)
    )
    shown = show_rendered(rendered, route.settings)
    return Checked(route=route, sample=shown, reached=reached)


def _facts(file: RelayFile, checked: Checked) -> dict[str, object]:
    route = checked.route
    return {
        **route_facts(route),
        "secrets": _secrets(file, route),
        "reachable": checked.reached.problem is None,
        "token": checked.reached.token,
        "problem": checked.reached.problem,
        "pace_seconds": route.target.pace_seconds,
        "uploads_bytes": route.target.uploads_bytes,
        "is_idempotent": route.target.is_idempotent,
        "limits": [asdict(limit) for limit in route.target.limits],
        "sample": checked.sample,
    }


def _secrets(file: RelayFile, route: Route) -> dict[str, str]:
    found = file.references[route.name]
    return {key: shown_reference(reference) for key, reference in found.items()}


def _report(file: RelayFile, found: list[Checked]) -> None:
    if file.senders is not None:
        write(describe_senders(file.senders))
    for checked in found:
        write(describe_route(checked.route))
        for key, reference in _secrets(file, checked.route).items():
            write(f"  {key}: {reference}, read")
        write(f"  reach: {_reach(checked.reached)}")
        write(f"  limits: {_limits(checked)}")
        write("  sample:")
        for line in shown_lines(checked.sample):
            write(f"    {line}")
    if file.public_url is None:
        write(NO_LINKS)


def _reach(reached: Reached) -> str:
    if reached.problem is not None:
        return WITH_PROBLEM.get(reached.token, "{}").format(reached.problem)
    return WITHOUT_PROBLEM[reached.token]


def _limits(checked: Checked) -> str:
    target = checked.route.target
    # Those of parts are for programs, with --json.
    limits = [
        _limit(each)
        for each in target.limits
        if "[]" not in each.place and each.unit != "items"
    ]
    if target.pace_seconds == 1:
        limits.append("one message a second")
    elif target.pace_seconds:
        limits.append(f"a message every {target.pace_seconds:g} seconds")
    if target.uploads_bytes:
        limits.append(
            f"files up to {target.uploads_bytes / MEGABYTE:g} MB are uploaded"
        )
    elif "recipients" not in checked.sample:  # A mail has attachments.
        limits.append("files are linked")
    limits.append(
        "what is sent again is shown once"
        if target.is_idempotent
        else "what is sent again after an interruption may be shown twice"
    )
    return ", ".join(limits)


def _limit(limit: Limit) -> str:
    unit = UNITS.get(limit.unit, limit.unit)
    return f"{limit.place or 'all'} {limit.most:,} {unit}"
