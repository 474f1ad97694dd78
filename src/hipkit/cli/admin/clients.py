"""`hipkit admin client`."""

from __future__ import annotations

import click

from hipkit.cli.admin.addon_command import AddonCommand
from hipkit.cli.admin.addons import removed_addon
from hipkit.cli.admin.running import (
    AdminGroup,
    Shown,
    Work,
    run_with_context,
    scope_option,
)
from hipkit.cli.inputs import SecretFromFile
from hipkit.server.services.access import clients
from hipkit.server.services.addons.installing.removing import end_client
from hipkit.server.services.context import Context

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
async def add_client(
    context: Context,
    *,
    name: str,
    scopes: tuple[str, ...],
    room_name: str | None,
    redirect_uris: tuple[str, ...],
    client_id: str | None,
    secret: str | None,
) -> Shown:
    """Create an OAuth client, and print its id and secret.

    A secret given with --secret is not printed.
    """
    if not scopes:
        raise click.UsageError("At least one --scope is required.")
    added = await clients.add_client(
        context,
        name=name,
        scopes=scopes,
        room=room_name,
        redirect_uris=redirect_uris,
        client_id=client_id,
        secret=secret,
    )
    generated = {"secret": added.secret} if secret is None else {}
    return {"id": added.id, **generated, "scopes": list(added.scopes)}


@client.command("list")
async def list_clients(context: Context) -> Shown:
    """List all OAuth clients, without their secrets."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "room_id": one.room_id,
            "scopes": one.scopes.split(),
        }
        for one in await clients.list_clients(context)
    ]


class DeleteCommand(AddonCommand):
    """Deletes a client: add-ons are called, and other programs are not."""

    def run(self, work: Work, ctx: click.Context) -> Shown:
        """Run the function, for an add-on's client while the API can be called."""
        if run_with_context(_is_addon, ctx, client_id=ctx.params["client_id"]):
            return super().run(work, ctx)
        return run_with_context(work, ctx, client_id=ctx.params["client_id"])


@client.command("delete", cls=DeleteCommand)
@click.argument("client_id", metavar="ID")
async def delete_client(context: Context, *, client_id: str) -> Shown:
    """Delete an OAuth client, its tokens and its webhooks.

    An add-on is removed and notified, as by hipkit admin addon remove.
    """
    removed = await end_client(context, client_id)
    return {"id": client_id} if removed is None else removed_addon(removed)


async def _is_addon(context: Context, *, client_id: str) -> bool:
    return await context.stores.installations.get(client_id) is not None
