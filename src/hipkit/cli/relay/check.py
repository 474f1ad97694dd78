"""`hipkit relay check`: the file, its secrets, its targets' addresses, and a sample of each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from hipkit.api.errors import BadRequestError
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
from hipkit.cli.relay.samples import missing_extra, render_sample
from hipkit.cli.relay.showing import show_rendered, shown_lines
from hipkit.relay.config.file import RelayFile
from hipkit.relay.config.references import shown_reference
from hipkit.relay.routes.route import Route
from hipkit.relay.sending.network import PRIVATE_NETWORKS, explained
from hipkit.relay.targets.protocol import HttpCall, Limit, Mail, Rendered
from hipkit.transports.egress import EgressPolicy, parse_endpoint

__all__ = ["check_relay"]

CONNECT_SECONDS = 10.0
AT_ONCE = 20
MEGABYTE = 1_000_000
UNITS = {"utf16": "UTF-16 units"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found of a route."""

    route: Route
    sample: dict[str, object]
    problem: str | None
    """Why the target cannot be reached; `None` if it can."""


@click.command(cls=Command)
@click.argument("file", type=FILE)
@click.pass_obj
def check_relay(settings: Settings, /, *, file: Path) -> int:
    """Check a relay's file, and send nothing.

    Reads FILE and the secrets that it refers to, connects to each target without sending
    anything, and shows a sample as each target would get it.

    The exit code is 2 where the file is wrong, and 1 where a target cannot be reached.
    """
    read = load_file(settings, file)
    found = asyncio.run(_check(read))
    if settings.json:
        write_json(
            {"file": str(file), "routes": [_facts(read, each) for each in found]}
        )
    else:
        _report(read, found)
    is_good = all(each.problem is None for each in found)
    return ExitCode.OK if is_good else ExitCode.FAILED


async def _check(file: RelayFile) -> list[Checked]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def check(route: Route) -> Checked:
        async with turns:
            return await _check_route(route)

    return await asyncio.gather(*map(check, file.routes))


async def _check_route(route: Route) -> Checked:
    rendered = render_sample(route)
    problem = missing_extra(rendered)
    if problem is None:
        problem = await _reach(rendered, route)
    shown = show_rendered(rendered, route.settings)
    return Checked(route=route, sample=shown, problem=problem)


async def _reach(rendered: Rendered, route: Route) -> str | None:
    """Return why a target cannot be reached. Nothing is sent to it."""
    if isinstance(rendered, HttpCall):
        try:
            endpoint = parse_endpoint(rendered.url.reveal())
        except BadRequestError:
            return "its address is no URL such as https://chat.example.com/hook"
        host, port = endpoint.host, endpoint.port
    elif isinstance(rendered, Mail):
        host, port = rendered.host, rendered.port
    else:
        return None  # Apprise connects by itself.
    allowed = PRIVATE_NETWORKS if route.settings.allow_private_network else ()
    policy = EgressPolicy(allowed)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await _connect(await policy.addresses_of(host, port), port)
    except TimeoutError:
        return f"{host}:{port} does not answer within {CONNECT_SECONDS:g} seconds"
    except OSError as error:
        return f"cannot connect to {host}:{port}: {_reason(error)}"
    finally:
        policy.close()
    return None


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionError) and error.errno is not None:
        return os.strerror(error.errno)  # asyncio's text has the address once more.
    return explained(error.strerror or str(error))


async def _connect(addresses: Sequence[str], port: int) -> None:
    """Connect to the first address that answers, and close the connection."""
    problem = OSError("the name has no address")
    for address in addresses:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError as error:
            problem = error
        else:
            writer.close()
            return
    raise problem


def _facts(file: RelayFile, checked: Checked) -> dict[str, object]:
    route = checked.route
    return {
        **route_facts(route),
        "secrets": _secrets(file, route),
        "reachable": checked.problem is None,
        "problem": checked.problem,
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
        write(f"  reach: {checked.problem or 'connected, nothing was sent'}")
        write(f"  limits: {_limits(checked)}")
        write("  sample:")
        for line in shown_lines(checked.sample):
            write(f"    {line}")
    if file.public_url is None:
        write(NO_LINKS)


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
