"""What all commands of `hipkit admin` share: the option `--db`, the database, and the output.

Each prints one object, what it created, changed or deleted, or a list. Secrets are printed once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from hipkit.api.errors import StorageError
from hipkit.cli.options import Command, Group, Settings
from hipkit.cli.output import write, write_json, write_json_list, write_stderr
from hipkit.cli.table import describe, table
from hipkit.server.services.context import Context, Runtime
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.sqlite.database import SqliteDatabase

__all__ = [
    "AdminCommand",
    "AdminGroup",
    "as_operator",
    "database_path",
    "file_folder",
    "now_us",
    "number_option",
    "on_database",
    "pass_settings",
    "show",
    "show_list",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

MOST_NUMBER = 1_000_000_000_000
"""Of a room or user: HipChat's had seven digits."""

DATABASE = "hipkit.database"
"""Where a command's context keeps the path."""

pass_settings = click.make_pass_decorator(Settings)


def number_option(variable: str) -> Callable[[F], F]:
    """Return the option `--id`, which keeps the id that something had on HipChat."""
    return click.option(
        "--id",
        variable,
        type=click.IntRange(1, MOST_NUMBER),
        help="Id, such as one that existing programs already use.  [default: next free id]",
    )


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
    """Keep the path; a later place on the command line wins, and its default does not."""
    is_given = (
        context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    )
    if is_given or DATABASE not in context.meta:
        context.meta[DATABASE] = value.absolute()


class AdminCommand(Command):
    """A command that takes `--db` too."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_database_option())


class AdminGroup(Group):
    """A group of commands that take `--db`, before their name or after it."""

    command_class = AdminCommand
    group_class = type

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_database_option())


def on_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Run a function on the database, and return its result.

    Raises:
        StorageError: There is no such file, or it cannot be used.
    """
    path = database_path()
    if not path.exists():
        raise StorageError(f"{path}: no such database; hipkit serve creates one")
    database = SqliteDatabase.open(path)
    try:

        async def whole() -> T:
            return await work(database)

        return asyncio.run(whole())
    finally:
        database.close()


def as_operator(work: Callable[[Context], Awaitable[T]]) -> T:
    """Run a function as the operator on the database, and return its result."""
    settings = ServerSettings(database=database_path())

    async def whole(database: Database) -> T:
        return await work(await Runtime(database, settings).operator_context())

    return on_database(whole)


def database_path() -> Path:
    """Return the database that the command line named."""
    path = click.get_current_context().meta[DATABASE]
    if not isinstance(path, Path):
        raise TypeError("the database's path is no path")
    return path


def file_folder() -> BlobStore:
    """Return the folder of shared files and pictures beside the database."""
    return BlobStore(ServerSettings(database=database_path()).file_folder)


def show(settings: Settings, told: Mapping[str, object]) -> None:
    """Write one thing: as JSON, or in lines for people."""
    if settings.json:
        write_json(told)
    else:
        write(describe(told))


def show_list(settings: Settings, items: Sequence[Mapping[str, object]]) -> None:
    """Write a list: as JSON, or as a table for people."""
    if settings.json:
        write_json_list(items)
    elif items:
        write(table(items))
    else:
        write_stderr("nothing found")


def now_us() -> int:
    """Return the time, in microseconds since 1970."""
    return time.time_ns() // 1000
