"""What all commands of `hipkit admin` share: the option `--db`, the operator, and the output.

Each command calls a service as the operator, and prints one object, which it created, changed or
deleted, or a list. It decides nothing itself: services check what the operator may do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from hipkit.api.errors import StorageError
from hipkit.cli.options import Command, Group, Settings
from hipkit.cli.output import write, write_json, write_json_list
from hipkit.cli.table import describe, write_table
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Context, Runtime
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.sqlite.database import SqliteDatabase

__all__ = [
    "AdminCommand",
    "AdminGroup",
    "as_operator",
    "number_option",
    "pass_settings",
    "scope_option",
    "show",
    "show_list",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

MOST_NUMBER = 1_000_000_000_000
"""The largest id of a room or user to choose; HipChat's had seven digits."""

DATABASE = "hipkit.database"
"""The key of the database's path in click's context."""

pass_settings = click.make_pass_decorator(Settings)


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
        type=click.Path(dir_okay=False, path_type=Path),
        default="hipkit.db",
        show_default=True,
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
    """A command with the option `--db`."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_database_option())


class AdminGroup(Group):
    """A group of commands with the option `--db`, before or after their names."""

    command_class = AdminCommand
    group_class = type

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_database_option())


def as_operator(work: Callable[[Context], Awaitable[T]]) -> T:
    """Run a function in a context of the operator, and return its result.

    Raises:
        StorageError: The database does not exist, or cannot be used.
        NotFoundError: It has had no first start yet.
    """
    path: Path = click.get_current_context().meta[DATABASE]
    if not path.exists():
        raise StorageError(f"{path}: no such database; hipkit serve creates one")
    runtime = Runtime(SqliteDatabase.open(path), ServerSettings(database=path))

    async def run() -> T:
        return await work(await runtime.operator_context())

    try:
        return asyncio.run(run())
    finally:
        runtime.close()


def show(settings: Settings, item: Mapping[str, object]) -> None:
    """Print an object: as JSON, or as lines of text."""
    if settings.json:
        write_json(item)
    else:
        write(describe(item))


def show_list(settings: Settings, items: Sequence[Mapping[str, object]]) -> None:
    """Print a list: as JSON, or as a table."""
    if settings.json:
        write_json_list(items)
    else:
        write_table(items)
