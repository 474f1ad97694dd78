"""`hipkit relay try`: send one message by one route, and print the answer."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args

import click

from hipkit.api.suggestions import did_you_mean
from hipkit.cli.failures import ExitCode
from hipkit.cli.inputs import Text
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json, write_stderr
from hipkit.cli.relay.loading import FILE, load_file
from hipkit.cli.relay.reaching import empty_runtime
from hipkit.cli.relay.samples import make_try
from hipkit.relay.config.file import RelayFile
from hipkit.relay.message import Color, RelayMessage
from hipkit.relay.routes.posting import send_message
from hipkit.relay.routes.route import Route
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets.protocol import Answer
from hipkit.server.services.context import Runtime

__all__ = ["try_relay"]

CODES = {
    "delivered": ExitCode.OK,
    "content": ExitCode.REFUSED,
    "route": ExitCode.REFUSED,
    "later": ExitCode.SERVER_FAILED,
}
MEANINGS = {
    "delivered": "delivered",
    "content": "the target refuses this message",
    "route": "the route is misconfigured",
    "later": "it may work later",
}


@click.command(cls=Command)
@click.option(
    "--file", type=FILE, default="relay.toml", help="The relay's file.", metavar="FILE"
)
@click.argument("name", metavar="ROUTE")
@click.argument("text", type=Text())
@click.option(
    "--color",
    type=click.Choice(get_args(Color)),
    default="yellow",
    help="The notification's color.",
)
@click.option("--room", type=Text(), help="The room.  [default: the route's first]")
@click.option(
    "--from", "sender", type=Text(), default="hipkit", help="The sender's name."
)
@click.option("--notify", is_flag=True, help="Notify the room.")
@click.option("--html", is_flag=True, help="TEXT is HTML.")
@click.pass_obj
def try_relay(
    settings: Settings,
    /,
    *,
    file: Path,
    name: str,
    text: str,
    color: str,
    room: str | None,
    sender: str,
    notify: bool,
    html: bool,
) -> int:
    """Send one message by one route now, and print what the target answers.

    No server is needed, and a running one does not notice. The route's conditions do not matter.
    """
    route = _find(load_file(settings, file), name)
    message = make_try(
        route,
        text,
        message_id=uuid.uuid4(),
        now=datetime.now(UTC),
        color=cast("Color", color),
        room=room,
        sender=sender,
        notify=notify,
        html=html,
    )
    answer = _send(route, message)
    if settings.json:
        write_json(
            {
                "route": route.name,
                "verdict": answer.verdict,
                "problem": answer.problem,
                "reference": answer.reference,
            }
        )
    elif answer.verdict == "delivered":
        problem = f", {answer.problem}" if answer.problem else ""
        host = route.target.host(route.settings)
        write(f"{route.name}: delivered to {host}{problem}")
    else:
        problem = f": {answer.problem}" if answer.problem else ""
        write_stderr(f"{route.name}: {MEANINGS[answer.verdict]}{problem}")
    return CODES[answer.verdict]


def _find(file: RelayFile, name: str) -> Route:
    routes = {route.name: route for route in file.routes}
    if name not in routes:
        raise click.UsageError(
            f"no route {name!r}{did_you_mean(name, routes)} There are {', '.join(routes)}"
        )
    return routes[name]


def _send(route: Route, message: RelayMessage) -> Answer:
    with empty_runtime() as runtime:
        return asyncio.run(_send_once(route, message, runtime))


async def _send_once(route: Route, message: RelayMessage, runtime: Runtime) -> Answer:
    sender = TargetSender(runtime)

    async def keep(key: str, reference: str) -> None:
        """Keep nothing: there is no second message."""

    try:
        posted = await send_message(
            route, message, sender, references={}, now=message.sent_at, keep=keep
        )
    finally:
        await sender.aclose()
        sender.close()
    return posted.answer
