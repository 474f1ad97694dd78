"""`hipkit admin`: users, rooms, OAuth clients and tokens, made in a server's database itself.

The server may be running meanwhile. What is secret is printed once and never again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from hipkit.cli.inputs import read_text
from hipkit.cli.options import Command, Group, Settings
from hipkit.cli.output import write, write_json, write_json_list
from hipkit.cli.table import describe, table
from hipkit.errors import StorageError
from hipkit.server.services import admin_access, admin_people
from hipkit.server.services.context import SCOPES
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.database import Database
from hipkit.server.storage.folder import FileFolder
from hipkit.server.storage.sqlite import SqliteDatabase

__all__ = ["admin"]

T = TypeVar("T")

SECONDS_PER_DAY = 24 * 60 * 60

pass_settings = click.make_pass_decorator(Settings)

scope_option = click.option(
    "--scope",
    "scopes",
    type=click.Choice(sorted(SCOPES)),
    multiple=True,
    help="What it may do; may be given several times.",
)


DATABASE = "hipkit.database"
"""Where a command's context keeps the path."""


def _database_option() -> click.Option:
    return click.Option(
        ["database", "--db"],
        type=click.Path(dir_okay=False, path_type=Path),
        default="hipkit.db",
        show_default=True,
        expose_value=False,
        callback=_remember_database,
        help="The server's SQLite file.",
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


@click.group(cls=AdminGroup)
def admin() -> None:
    """Make users, rooms, OAuth clients and tokens in a server's database.

    The server may be running meanwhile. Secrets are printed once: they are stored as hashes.
    """


@admin.group()
def user() -> None:
    """People."""


@user.command("add")
@click.argument("name")
@click.argument("email")
@click.option("--mention-name", metavar="NAME", help="Made of the name if left out.")
@click.option("--title", default="", help="The job title.")
@click.option("--admin", "is_admin", is_flag=True, help="May administer the group.")
@pass_settings
def add_user(
    settings: Settings,
    /,
    *,
    name: str,
    email: str,
    mention_name: str | None,
    title: str,
    is_admin: bool,
) -> None:
    """Add a person; the password is made up and printed."""
    made = _run(
        lambda database: admin_people.add_user(
            database,
            _now_us(),
            name=name,
            email=email,
            mention_name=mention_name,
            title=title,
            is_group_admin=is_admin,
        )
    )
    told = {
        "id": made.id,
        "mention_name": made.mention_name,
        "password": made.password,
    }
    _tell(settings, told)


@user.command("list")
@pass_settings
def list_users(settings: Settings, /) -> None:
    """List everybody."""
    found = _run(admin_people.list_users)
    _tell_all(
        settings,
        [
            {
                "id": one.id,
                "name": one.name,
                "mention_name": one.mention_name,
                "email": one.email,
                "is_group_admin": one.is_group_admin,
            }
            for one in found
        ],
    )


@user.command("password")
@click.argument("reference", metavar="USER")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read it, instead of making it up."
)
@pass_settings
def set_password(settings: Settings, /, *, reference: str, from_stdin: bool) -> None:
    """Give a person another password."""
    password = read_text("-").strip() if from_stdin else None
    chosen = _run(
        lambda database: admin_people.set_password(database, reference, password)
    )
    _tell(settings, {"user": reference} if password else {"password": chosen})


@user.command("auto-join")
@click.argument("reference", metavar="USER")
@click.argument("room_name", metavar="ROOM")
def add_auto_join(*, reference: str, room_name: str) -> None:
    """Let a person's program enter a room by itself."""
    _run(lambda database: admin_people.add_auto_join(database, reference, room_name))


@admin.group()
def room() -> None:
    """Rooms."""


@room.command("add")
@click.argument("name")
@click.option("--topic", default="", help="What it is about.")
@click.option("--private", "is_private", is_flag=True, help="For members only.")
@click.option("--owner", metavar="USER", help="The group's owner if left out.")
@pass_settings
def add_room(
    settings: Settings,
    /,
    *,
    name: str,
    topic: str,
    is_private: bool,
    owner: str | None,
) -> None:
    """Make a room."""
    made = _run(
        lambda database: admin_people.add_room(
            database,
            _now_us(),
            name=name,
            topic=topic,
            is_private=is_private,
            owner=owner,
        )
    )
    _tell(settings, {"id": made.id, "name": made.name})


@room.command("list")
@pass_settings
def list_rooms(settings: Settings, /) -> None:
    """List every room, private and archived ones too."""
    found = _run(admin_people.list_rooms)
    _tell_all(
        settings,
        [
            {
                "id": one.id,
                "name": one.name,
                "privacy": one.privacy,
                "is_archived": one.is_archived,
                "messages_sent": one.messages_sent,
            }
            for one in found
        ],
    )


@room.command("member")
@click.argument("room_name", metavar="ROOM")
@click.argument("reference", metavar="USER")
@click.option("--admin", "is_admin", is_flag=True, help="May administer the room.")
def add_member(*, room_name: str, reference: str, is_admin: bool) -> None:
    """Make a person a member of a room."""
    _run(
        lambda database: admin_people.add_member(
            database, room_name, reference, is_admin=is_admin
        )
    )


@admin.group()
def emoticon() -> None:
    """Emoticons."""


@emoticon.command("add")
@click.argument("shortcut")
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@pass_settings
def add_emoticon(settings: Settings, /, *, shortcut: str, picture: Path) -> None:
    """Let a picture (JPEG, PNG, GIF) stand for (SHORTCUT) in texts."""
    data = picture.read_bytes()
    folder = FileFolder(ServerSettings(database=_path()).file_folder)
    emoticon_id = _run(
        lambda database: admin_people.add_emoticon(
            database, folder, _now_us(), shortcut=shortcut, picture=data
        )
    )
    _tell(settings, {"id": emoticon_id, "shortcut": shortcut})


@admin.group()
def client() -> None:
    """OAuth clients: programs and add-ons that fetch tokens of their own."""


@client.command("add")
@click.argument("name")
@scope_option
@click.option("--room", "room_name", metavar="ROOM", help="For this room only.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    metavar="URL",
    multiple=True,
    help="Where authorization codes may be sent; may be given several times.",
)
@pass_settings
def add_client(
    settings: Settings,
    /,
    *,
    name: str,
    scopes: tuple[str, ...],
    room_name: str | None,
    redirect_uris: tuple[str, ...],
) -> None:
    """Make a client, and print its id and secret."""
    if not scopes:
        raise click.UsageError("a client needs at least one --scope")
    made = _run(
        lambda database: admin_access.add_client(
            database,
            _now_us(),
            name=name,
            scopes=scopes,
            room=room_name,
            redirect_uris=redirect_uris,
        )
    )
    _tell(
        settings,
        {"id": made.id, "secret": made.secret, "scopes": list(made.scopes)},
    )


@client.command("remove")
@click.argument("client_id", metavar="ID")
def remove_client(*, client_id: str) -> None:
    """Remove a client and its tokens."""
    _run(lambda database: admin_access.delete_client(database, client_id))


@admin.group()
def token() -> None:
    """Tokens."""


@token.command("add")
@click.option(
    "--user", "reference", metavar="USER", help="Whose; the group owner's else."
)
@click.option("--room", "room_name", metavar="ROOM", help="A room notification token.")
@scope_option
@click.option("--name", default="", help="A label to know it by.")
@click.option(
    "--value", metavar="TOKEN|-", help="A token that a program has already; - reads it."
)
@click.option(
    "--days",
    type=click.IntRange(min=0),
    default=365,
    show_default=True,
    help="How long it is good; 0 for ever.",
)
@pass_settings
def add_token(
    settings: Settings,
    /,
    *,
    reference: str | None,
    room_name: str | None,
    scopes: tuple[str, ...],
    name: str,
    value: str | None,
    days: int,
) -> None:
    """Make a token and print it: a person's, or with --room one for a room's notifications.

    Without --scope a person's token may do whatever the person may.
    """
    if room_name is not None and (reference is not None or scopes):
        raise click.UsageError("a room's token takes neither --user nor --scope")
    given = read_text("-").strip() if value == "-" else value
    seconds = days * SECONDS_PER_DAY if days else None

    async def make(database: Database) -> admin_access.MadeToken:
        if room_name is not None:
            return await admin_access.add_room_token(
                database,
                _now_us(),
                room=room_name,
                name=name or "Notifications",
                value=given,
                seconds=seconds,
            )
        return await admin_access.add_user_token(
            database,
            _now_us(),
            user=reference,
            scopes=scopes or None,
            name=name,
            value=given,
            seconds=seconds,
        )

    made = _run(make)
    _tell(
        settings,
        {"id": made.id, "token": made.token, "scopes": list(made.scopes)},
    )


@token.command("list")
@pass_settings
def list_tokens(settings: Settings, /) -> None:
    """List tokens by their numbers; the tokens themselves are not kept."""
    found = _run(admin_access.list_tokens)
    _tell_all(
        settings,
        [
            {
                "id": one.id,
                "kind": one.kind,
                "name": one.name,
                "user_id": one.user_id,
                "room_id": one.room_id,
                "client_id": one.client_id,
                "scopes": one.scopes.split(),
            }
            for one in found
        ],
    )


@token.command("revoke")
@click.argument("number", type=int)
def revoke_token(*, number: int) -> None:
    """End the token of this number."""
    _run(lambda database: admin_access.revoke_token(database, number))


def _run(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something on the database, which has to be there."""
    path = _path()
    if not path.exists():
        raise StorageError(f"{path}: no such database; hipkit serve makes one")
    database = SqliteDatabase.open(path)
    try:

        async def whole() -> T:
            return await work(database)

        return asyncio.run(whole())
    finally:
        database.close()


def _path() -> Path:
    path = click.get_current_context().meta[DATABASE]
    if not isinstance(path, Path):
        raise TypeError("the database's path is no path")
    return path


def _tell(settings: Settings, told: dict[str, object]) -> None:
    if settings.json:
        write_json(told)
    else:
        write(describe(told))


def _tell_all(settings: Settings, items: Sequence[dict[str, object]]) -> None:
    if settings.json:
        write_json_list(items)
    else:
        write(table(items))


def _now_us() -> int:
    return time.time_ns() // 1000
