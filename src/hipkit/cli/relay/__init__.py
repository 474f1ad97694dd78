"""`hipkit relay`: what old programs send arrives in today's chats.

Each command is in a module of its own, loaded when it is used.
Read next: `run.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

import click

from hipkit.cli.options import LazyGroup

__all__ = ["COMMANDS", "relay"]

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("run", "Run the relay; the word run may be left out."),
    "check": (
        "check",
        "Check a file, its secrets and whether its targets can be reached.",
    ),
    "try": ("trying", "Send one message by one route, and print the answer."),
}
"""The commands: their modules, and their summaries in the help."""

HELP = ("-h", "--help")


class _Commands(LazyGroup):
    def rows(self) -> Iterable[tuple[str, str, str]]:
        """Return the commands under one heading."""
        return [("Commands", name, summary) for name, (_, summary) in COMMANDS.items()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        found: click.Command = getattr(
            import_module(f"hipkit.cli.relay.{module}"), f"{cmd_name}_relay"
        )
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; those without a command are of `run`."""
        is_option = args[:1] != [] and args[0].startswith("-")
        named = args if is_option else args[:1]
        if args and not COMMANDS.keys() & set(named) and args[0] not in HELP:
            args = ["run", *args]
        return super().parse_args(ctx, args)


relay = _Commands(
    "relay",
    subcommand_metavar="FILE | COMMAND [ARGS]...",
    help="""Relay what old programs send into today's chats.

    hipkit relay FILE runs a server that takes what programs written for HipChat send, and puts it
    where the routes of the file say: Mattermost, Slack, Matrix, e-mail and others. A file that is
    called as a command below is given as ./check.
    """,
)
