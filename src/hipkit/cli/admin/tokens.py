"""`hipkit admin token`."""

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
from hipkit.server.services.access import tokens
from hipkit.server.services.access.issuing import IssuedToken
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
    help="Create a notification token for this room.",
)
@scope_option
@click.option("--name", default="", help="Label of the token.")
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
    show_default=True,
    help="Days until the token expires; 0 for never.",
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
    """Create a user token or a room notification token.

    Prints the token. Without --scope, a user token may do whatever its owner may.
    """
    if room_name is not None and (reference is not None or scopes):
        raise click.UsageError("--room cannot be used together with --user or --scope")
    seconds = days * SECONDS_PER_DAY if days else None

    async def issue(context: Context) -> IssuedToken:
        if room_name is not None:
            issued, _ = await tokens.issue_room_token(
                context,
                room=room_name,
                name=name or "Notifications",
                value=value,
                seconds=seconds,
            )
            return issued
        return await tokens.issue_user_token(
            context,
            user=reference,
            scopes=scopes or None,
            name=name,
            value=value,
            seconds=seconds,
        )

    issued = as_operator(issue)
    scope_list = list(issued.scopes)
    show(settings, {"id": issued.id, "token": issued.token, "scopes": scope_list})


@token.command("list")
@pass_settings
def list_tokens(settings: Settings, /) -> None:
    """List all valid tokens, without their values."""
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
                else Timestamp.from_us(one.expires_us).date().isoformat(),
                "scopes": one.scopes.split(),
            }
            for one in reversed(as_operator(tokens.list_group_tokens))
        ],
    )


@token.command("revoke")
@click.argument("number", type=int)
@pass_settings
def revoke_token(settings: Settings, /, *, number: int) -> None:
    """Revoke a token and all that was created with it.

    This includes other tokens and webhooks.
    """
    as_operator(lambda context: tokens.revoke_token(context, number))
    show(settings, {"id": number})
