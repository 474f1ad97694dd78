"""The commands of `hipkit`, and running one of them to its exit code.

A command's module is imported only when the command is used, so that each starts quickly.
Read next: `call/command.py`, which defines a command for each operation, and `failures.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

from hipkit.cli.options import LazyGroup, Settings
from hipkit.extras import install_hint
from hipkit.version import VERSION

if TYPE_CHECKING:
    from hipkit.transports.protocol import Transport

__all__ = ["run"]

COMPLETE_VARIABLE = "_HIPKIT_COMPLETE"
EXTRAS_OF: Mapping[str, tuple[str, ...]] = {
    "aiosmtplib": ("relay",),
    "apprise": ("apprise",),
    "cryptography": ("server", "addon"),
    "httptools": ("server",),
    "jwt": ("addon",),
    "uvicorn": ("server",),
}
"""Modules that commands import as they are, and the extras that bring each. Of several, the one
with the command's name is enough for it, else the first."""


class Place(NamedTuple):
    """The module and name of a command, and its summary in the help."""

    module: str
    name: str
    summary: str


COMMANDS: Mapping[str, Place] = {
    "send": Place("send", "send", "Send a notification, message or file to a room."),
    "tail": Place(
        "tail", "tail", "Show messages of rooms and private chats, and follow new ones."
    ),
    "download": Place("download", "download", "Save a file shared in a room."),
    "call": Place("call.command", "call", "Call any API operation."),
    "token": Place("token", "token", "Check the current token, or get a new one."),
    "serve": Place("serve", "serve", "Run a HipChat server."),
    "relay": Place(
        "relay", "relay", "Relay what old programs send into today's chats."
    ),
    "admin": Place(
        "admin", "admin", "Manage a server's users, rooms, clients and tokens."
    ),
    "addon": Place("addon", "addon", "Check, run and try an add-on that you write."),
    "backup": Place("backup", "backup_command", "Back up a server to a file."),
    "restore": Place("backup", "restore_command", "Restore a server from a backup."),
    "completion": Place("completion", "completion", "Print a shell completion script."),
}


class Commands(LazyGroup):
    """The commands of the table."""

    def rows(self) -> Iterable[tuple[str, str, str]]:
        """Return the commands under one heading."""
        return [("Commands", name, place.summary) for name, place in COMMANDS.items()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module = import_module(f"hipkit.cli.{place.module}")
        command: click.Command = getattr(module, place.name)
        return command

    def unknown_command(self, ctx: click.Context, name: str) -> str:
        """Return the error for a name that no command has; it may be an operation's."""
        from hipkit.cli.call.command import command_name, find_entry

        entry = find_entry(name)
        if entry is None:
            return super().unknown_command(ctx, name)
        return f"unknown command, did you mean hipkit call {command_name(entry)}?"


@click.group(cls=Commands)
@click.version_option(VERSION, message="hipkit %(version)s")
def hipkit() -> None:
    """Use the HipChat API v2, or run a HipChat server, from the command line.

    Set HIPCHAT_BASE_URL to the API's URL and HIPCHAT_TOKEN to your token. The options below work
    before or after a command's name and override the environment.
    """


def run(arguments: Sequence[str], *, transport: Transport | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        arguments: The arguments after `hipkit`.
        transport: The transport to use instead of that of `--transport`.
    """
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(hipkit, {}, "hipkit", COMPLETE_VARIABLE, instruction)
    settings = Settings()
    if transport is not None:
        settings.transport = transport
    try:
        return _run(list(arguments), settings)
    except (Exception, KeyboardInterrupt) as error:
        # The edge of the program: every error becomes a line and an exit code here. Where the
        # arguments were not parsed, the settings do not know of --json yet. The client's errors
        # are loaded now: help and completion do without.
        from hipkit.cli.failures import report

        return report(error, as_json=settings.json or "--json" in arguments)
    finally:
        _settle_standard_output()


def _run(arguments: list[str], settings: Settings) -> int:
    try:
        with hipkit.make_context("hipkit", arguments, obj=settings) as context:
            try:
                result = hipkit.invoke(context)
            except ModuleNotFoundError as error:
                extras = EXTRAS_OF.get((error.name or "").partition(".")[0])
                if extras is None:
                    raise
                command = context.invoked_subcommand
                extra = command if command in extras else extras[0]
                raise click.UsageError(
                    f"this command requires the extra '{extra}': {install_hint(extra)}"
                ) from None
    except click.exceptions.Exit as end:
        return end.exit_code
    return result if isinstance(result, int) else 0


def _settle_standard_output() -> None:
    """Flush standard output, and discard what cannot be written.

    Python flushes it again at exit, and would print a traceback and change the exit code.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
