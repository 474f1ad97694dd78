"""`hipkit admin token`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    now_us,
    on_database,
    pass_settings,
    show,
    show_list,
)
from hipkit.cli.admin.scopes import scope_option
from hipkit.cli.inputs import GivenSecret
from hipkit.cli.options import Settings
from hipkit.server.services.access import clients as admin_access
from hipkit.server.services.representations.timestamps import Moment
from hipkit.server.storage.protocol import Database

__all__ = ["token"]

SECONDS_PER_DAY = 24 * 60 * 60


@click.group(cls=AdminGroup)
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
    "--value",
    type=GivenSecret("the token"),
    metavar="-|@FILE",
    help="A token that a program has already: from standard input, or a file's first line.",
)
@click.option(
    "--days",
    type=click.IntRange(min=0, max=36_500),
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
    seconds = days * SECONDS_PER_DAY if days else None

    async def make(database: Database) -> admin_access.MadeToken:
        if room_name is not None:
            return await admin_access.add_room_token(
                database,
                now_us(),
                room=room_name,
                name=name or "Notifications",
                value=value,
                seconds=seconds,
            )
        return await admin_access.add_user_token(
            database,
            now_us(),
            user=reference,
            scopes=scopes or None,
            name=name,
            value=value,
            seconds=seconds,
        )

    made = on_database(make)
    told = {"id": made.id, "token": made.token, "scopes": list(made.scopes)}
    show(settings, told)


@token.command("list")
@pass_settings
def list_tokens(settings: Settings, /) -> None:
    """List the tokens that are good by their numbers; the tokens themselves are not kept."""
    show_list(
        settings,
        [
            {
                "id": one.id,
                "kind": one.kind,
                "name": one.name,
                "user_id": one.user_id,
                "room_id": one.room_id,
                "client_id": one.client_id,
                "expires": None
                if one.expires_us is None
                else Moment.from_us(one.expires_us).date().isoformat(),
                "scopes": one.scopes.split(),
            }
            for one in on_database(
                lambda database: admin_access.list_tokens(database, now_us())
            )
        ],
    )


@token.command("revoke")
@click.argument("number", type=int)
@pass_settings
def revoke_token(settings: Settings, /, *, number: int) -> None:
    """End the token of this number, with what was made with it."""
    on_database(lambda database: admin_access.revoke_token(database, number))
    show(settings, {"id": number})
