"""`hipkit relay`: what old programs send arrives in today's chats.

Each command is in a module of its own, loaded when it is used.
Read next: `check.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

import click

from hipkit.cli.options import LazyGroup

__all__ = ["relay"]

COMMANDS: Mapping[str, tuple[str, str]] = {
    "check": (
        "check",
        "Check a file, its secrets and whether its targets can be reached.",
    ),
    "try": ("trying", "Send one message by one route, and print the answer."),
}
"""The commands: their modules, and their summaries in the help."""


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


relay = _Commands(
    "relay",
    help="""Relay what old programs send into today's chats.

    A file has routes, which say what goes where: Mattermost, Slack, Matrix, e-mail and others.
    """,
)
