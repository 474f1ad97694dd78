"""`hipkit admin client`."""

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

__all__ = ["client"]


@click.group(cls=AdminGroup)
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
@click.option(
    "--id", "client_id", metavar="ID", help="The id that an add-on has stored already."
)
@click.option(
    "--secret",
    type=GivenSecret("a secret"),
    metavar="-|@FILE",
    help="The secret that it has stored: from standard input, or a file's first line.",
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
    client_id: str | None,
    secret: str | None,
) -> None:
    """Make a client, and print its id, and its secret if that was made up."""
    if not scopes:
        raise click.UsageError("a client needs at least one --scope")
    made = on_database(
        lambda database: admin_access.add_client(
            database,
            now_us(),
            name=name,
            scopes=scopes,
            room=room_name,
            redirect_uris=redirect_uris,
            client_id=client_id,
            secret=secret,
        )
    )
    made_up = {"secret": made.secret} if secret is None else {}
    show(settings, {"id": made.id, **made_up, "scopes": list(made.scopes)})


@client.command("list")
@pass_settings
def list_clients(settings: Settings, /) -> None:
    """List clients; their secrets are not kept."""
    show_list(
        settings,
        [
            {
                "id": one.id,
                "name": one.name,
                "room_id": one.room_id,
                "scopes": one.scopes.split(),
            }
            for one in on_database(admin_access.list_clients)
        ],
    )


@client.command("delete")
@click.argument("client_id", metavar="ID")
@pass_settings
def delete_client(settings: Settings, /, *, client_id: str) -> None:
    """Remove a client, and end its tokens."""
    on_database(lambda database: admin_access.delete_client(database, client_id))
    show(settings, {"id": client_id})
