"""`hipkit addon`: tools for those who write add-ons.

Each command is in a module of its name, loaded when it is used: checking a descriptor needs
no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

import click

from hipkit.cli.options import LazyGroup

__all__ = ["addon"]

COMMANDS: Mapping[str, str] = {
    "check": "Check the descriptor of an add-on.",
    "run": "Run an add-on together with a server that it is installed on.",
    "replay": "Send a recorded delivery to its webhook again.",
}
"""The commands, and their summaries in the help."""


class _Commands(LazyGroup):
    def rows(self) -> Iterable[tuple[str, str, str]]:
        """Return the commands under one heading."""
        return [("Commands", name, summary) for name, summary in COMMANDS.items()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"hipkit.cli.addon.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


addon = _Commands("addon", help="Check, run and try an add-on that you write.")
