"""`hipkit admin client`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    as_operator,
    pass_settings,
    scope_option,
    show,
    show_list,
)
from hipkit.cli.inputs import SecretFromFile
from hipkit.cli.options import Settings
from hipkit.server.services.access import clients

__all__ = ["client"]


@click.group(cls=AdminGroup)
def client() -> None:
    """Manage OAuth clients.

    A client is an add-on or another program that gets its own tokens.
    """


@client.command("add")
@click.argument("name")
@scope_option
@click.option(
    "--room", "room_name", metavar="ROOM", help="Limit the client to this room."
)
@click.option(
    "--redirect-uri",
    "redirect_uris",
    metavar="URL",
    multiple=True,
    help="Allowed redirect URI for authorization codes. Repeatable.",
)
@click.option(
    "--id",
    "client_id",
    metavar="ID",
    help="Id of the client, such as the one that an add-on already uses.  [default: random]",
)
@click.option(
    "--secret",
    type=SecretFromFile("a secret"),
    metavar="-|@FILE",
    help="Read the client's secret from the first line of standard input or of a file."
    "  [default: random]",
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
    """Create an OAuth client, and print its id and secret.

    A secret given with --secret is not printed.
    """
    if not scopes:
        raise click.UsageError("At least one --scope is required.")
    added = as_operator(
        lambda context: clients.add_client(
            context,
            name=name,
            scopes=scopes,
            room=room_name,
            redirect_uris=redirect_uris,
            client_id=client_id,
            secret=secret,
        )
    )
    generated = {"secret": added.secret} if secret is None else {}
    show(settings, {"id": added.id, **generated, "scopes": list(added.scopes)})


@client.command("list")
@pass_settings
def list_clients(settings: Settings, /) -> None:
    """List all OAuth clients, without their secrets."""
    show_list(
        settings,
        [
            {
                "id": one.id,
                "name": one.name,
                "room_id": one.room_id,
                "scopes": one.scopes.split(),
            }
            for one in as_operator(clients.list_clients)
        ],
    )


@client.command("delete")
@click.argument("client_id", metavar="ID")
@pass_settings
def delete_client(settings: Settings, /, *, client_id: str) -> None:
    """Delete an OAuth client, its tokens and its webhooks."""
    as_operator(lambda context: clients.delete_client(context, client_id))
    show(settings, {"id": client_id})
