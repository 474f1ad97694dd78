"""`hipkit admin token`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import AdminGroup, Shown, scope_option
from hipkit.cli.inputs import SecretFromFile
from hipkit.server.services.access import tokens
from hipkit.server.services.access.scopes import name_kind
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import Timestamp

__all__ = ["token"]

SECONDS_PER_DAY = 24 * 60 * 60


@click.group(cls=AdminGroup)
def token() -> None:
    """Manage tokens."""


@token.command("add")
@click.option(
    "--user",
    "reference",
    metavar="USER",
    help="Owner of the token.  [default: owner of the group]",
)
@click.option(
    "--room",
    "room_name",
    metavar="ROOM",
    help="Create a room notification token for this room.",
)
@scope_option
@click.option("--name", default="", show_default=False, help="Label of the token.")
@click.option(
    "--value",
    type=SecretFromFile("the token"),
    metavar="-|@FILE",
    help="Read the token, such as one that a program already uses, from the first line of"
    " standard input or of a file.  [default: random]",
)
@click.option(
    "--days",
    type=click.IntRange(min=0, max=36_500),
    default=365,
    help="Days until the token expires; 0 for never.",
)
async def add_token(
    context: Context,
    *,
    reference: str | None,
    room_name: str | None,
    scopes: tuple[str, ...],
    name: str,
    value: str | None,
    days: int,
) -> Shown:
    """Create a personal token or a room notification token.

    Prints the token. Without --scope, a new personal token may do whatever its owner may; --value
    requires --room or --scope.
    """
    if room_name is not None and (reference is not None or scopes):
        raise click.UsageError("--room cannot be used together with --user or --scope")
    if value is not None and room_name is None and not scopes:
        # Old programs rarely needed more, and their tokens are in files that others can read.
        raise click.UsageError(
            "--value requires --room ROOM, for a token that sends notifications to one room, or"
            " --scope SCOPE for each thing that the program may do (such as --scope view_room"
            " --scope send_notification for one that looks rooms up)"
        )
    seconds = days * SECONDS_PER_DAY if days else None

    if room_name is not None:
        issued, _ = await tokens.issue_room_token(
            context,
            room=room_name,
            name=name or "Notifications",
            value=value,
            seconds=seconds,
        )
    else:
        issued = await tokens.issue_user_token(
            context,
            user=reference,
            scopes=scopes or None,
            name=name,
            value=value,
            seconds=seconds,
        )
    return {"id": issued.id, "token": issued.token, "scopes": list(issued.scopes)}


@token.command("list")
async def list_tokens(context: Context) -> Shown:
    """List all valid tokens, without their values."""
    return [
        {
            "id": one.id,
            "kind": name_kind(one),
            "name": one.name,
            "user_id": one.user_id,
            "room_id": one.room_id,
            "client_id": one.client_id,
            "expires": None
            if one.expires_us is None
            else Timestamp.from_us(one.expires_us).date().isoformat(),
            "scopes": one.scopes.split(),
        }
        for one in reversed(await tokens.list_group_tokens(context))
    ]


@token.command("revoke")
@click.argument("number", type=int)
async def revoke_token(context: Context, number: int) -> Shown:
    """Revoke a token and all that was created with it.

    This includes other tokens and webhooks.
    """
    await tokens.revoke_token(context, number)
    return {"id": number}
