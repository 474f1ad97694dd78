"""Read a relay's file for a command, and report what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hipkit.cli.failures import ExitCode
from hipkit.cli.options import Settings
from hipkit.cli.output import write_stderr, write_stderr_json
from hipkit.relay.config.file import RelayFile, read_relay_file
from hipkit.relay.config.problems import Problem, RelayFileError
from hipkit.relay.routes.route import Route
from hipkit.server.senders import SenderSettings

__all__ = [
    "FILE",
    "NO_LINKS",
    "describe_route",
    "describe_senders",
    "load_file",
    "route_facts",
]

FILE = click.Path(dir_okay=False, path_type=Path)
"""The type of a relay's file on the command line."""
NO_LINKS = "no public_url: what is cut or not uploaded has no link to the whole"


def load_file(settings: Settings, path: Path) -> RelayFile:
    """Return a relay's file; what is wrong with it is printed, and ends the command.

    Raises:
        click.exceptions.Exit: It cannot be used.
    """
    try:
        return read_relay_file(path)
    except RelayFileError as error:
        if settings.json:
            problems = [_facts(each) for each in error.problems]
            write_stderr_json(
                {
                    "error": {
                        "exit_code": int(ExitCode.USAGE),
                        "type": type(error).__name__,
                        "message": f"{path}: it cannot be used",
                        "problems": problems,
                    }
                }
            )
        else:
            for line in error.lines():
                write_stderr(line)
        raise click.exceptions.Exit(ExitCode.USAGE) from None


def route_facts(route: Route) -> dict[str, object]:
    """Return what is shown of a route as JSON."""
    return {
        "name": route.name,
        "rooms": list(route.rooms),
        "to": route.target.name,
        "host": route.target.host(route.settings),
        "private": route.private,
    }


def describe_route(route: Route) -> str:
    """Return a line about a route: from which rooms to which target."""
    rooms = "all rooms" if route.rooms == ("*",) else _listed(route.rooms)
    if route.private:
        rooms = (
            _listed((rooms, "private messages")) if route.rooms else "private messages"
        )
    host = route.target.host(route.settings)
    return f"route {route.name}: {rooms} to {route.target.name} at {host}"


def describe_senders(senders: SenderSettings) -> str:
    """Return a line about who may send."""
    networks = ", ".join(senders.accept)
    places = f"this machine and {networks}" if networks else "this machine"
    parts = []
    if senders.any_token:
        parts.append(f"any token from {places}")
    if senders.token:
        listed_places = places if networks else "anywhere"
        parts.append(f"listed tokens ({len(senders.token)}) from {listed_places}")
    return f"senders: {'; '.join(parts) or 'only tokens of hipkit admin token add'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _facts(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "place": problem.place, "message": problem.text}
