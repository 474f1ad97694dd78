"""What all commands of `hipkit admin` share: the option `--db`, the operator, and the output.

The function of a command gets the operator's context, calls a service, and returns what to print:
an object that it created, changed or deleted, or a list. It decides nothing itself: services check
what the operator may do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import click
from click.core import ParameterSource

from hipkit.api.errors import StorageError
from hipkit.cli.database import DatabaseFile
from hipkit.cli.options import Command, Group, Settings
from hipkit.cli.output import write, write_json, write_json_list
from hipkit.cli.table import describe, write_table
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Runtime
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.sqlite.database import SqliteDatabase

__all__ = [
    "AdminCommand",
    "AdminGroup",
    "Narrowed",
    "Printed",
    "Shown",
    "Work",
    "database_path",
    "number_option",
    "open_runtime",
    "run_with_context",
    "scope_option",
    "show",
]

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")


Printed = Mapping[str, object] | list[dict[str, object]]
"""An object, or a list of objects."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is printed with `--json`, and what fits into a terminal in its place."""

    whole: Printed
    narrow: Printed


Shown = Printed | Narrowed
"""What a command prints."""

Work = Callable[..., Awaitable[Shown]]
"""The function of a command."""

MOST_NUMBER = 1_000_000_000_000
"""The largest id of a room or user to choose; HipChat's had seven digits."""

DATABASE = "hipkit.database"
"""The key of the database's path in click's context."""


def number_option(variable: str) -> Callable[[F], F]:
    """Return the option `--id`, which keeps the id that something had on HipChat."""
    return click.option(
        "--id",
        variable,
        type=click.IntRange(1, MOST_NUMBER),
        help="Id, such as one that existing programs already use.  [default: next free id]",
    )


scope_option = click.option(
    "--scope",
    "scopes",
    type=click.Choice(sorted(SCOPES)),
    multiple=True,
    help="Scope to grant. Repeatable.",
)
"""The option `--scope` of clients and tokens."""


def _database_option() -> click.Option:
    return click.Option(
        ["database", "--db"],
        type=DatabaseFile(),
        default="hipkit.db",
        expose_value=False,
        callback=_remember_database,
        help="The server's SQLite database.",
    )


def _remember_database(
    context: click.Context, parameter: click.Parameter, value: Path
) -> None:
    """Store the path: the last one on the command line wins, and no default replaces it."""
    is_given = (
        context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    )
    if is_given or DATABASE not in context.meta:
        context.meta[DATABASE] = value.absolute()


class AdminCommand(Command):
    """A command with the option `--db`, whose function runs as the operator."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_database_option())

    def invoke(self, ctx: click.Context) -> None:
        """Run the function in a context of the operator, and print what it returns.

        Raises:
            StorageError: The database does not exist, or cannot be used.
            NotFoundError: It has had no first start yet.
        """
        work = cast("Work", self.callback)
        show(ctx.ensure_object(Settings), ctx.invoke(self.run, work, ctx))

    def run(self, work: Work, ctx: click.Context) -> Shown:
        """Run the function in a context of the operator, and return what it returns."""
        return run_with_context(work, ctx, **ctx.params)


class AdminGroup(Group):
    """A group of commands with the option `--db`, before or after their names."""

    command_class = AdminCommand
    group_class = type

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_database_option())


def show(settings: Settings, shown: Shown) -> None:
    """Print an object as lines of text, a list as a table, or either as JSON."""
    if isinstance(shown, Narrowed):
        shown = shown.whole if settings.json else shown.narrow
    if isinstance(shown, list):
        (write_json_list if settings.json else write_table)(shown)
    elif settings.json:
        write_json(shown)
    else:
        write(describe(shown))


def run_with_context(
    work: Callable[..., Awaitable[T]], command: click.Context, **arguments: object
) -> T:
    """Run a function in a context of the operator, and return what it returns."""
    runtime = open_runtime(command)

    async def run() -> T:
        return await work(await runtime.operator_context(), **arguments)

    try:
        return asyncio.run(run())
    finally:
        runtime.close()


def database_path(command: click.Context) -> Path:
    """Return the path of the server's database.

    Raises:
        StorageError: There is no such file.
    """
    path: Path = command.meta[DATABASE]
    if not path.exists():
        raise StorageError(
            f"{path}: no such database; hipkit serve and relay create one, which --db names"
        )
    return path


def open_runtime(command: click.Context, **settings: object) -> Runtime:
    """Open the database of a command, with other settings than the defaults where given."""
    path = database_path(command)
    made = ServerSettings(database=path, **settings)  # type: ignore[arg-type]  # its own names
    return Runtime(SqliteDatabase.open(path), made)
