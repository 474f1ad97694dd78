"""`hipkit admin user`."""

from __future__ import annotations

import click

from hipkit.api.addresses import is_web_address
from hipkit.cli.admin.running import AdminGroup, Shown, number_option
from hipkit.cli.inputs import read_text
from hipkit.server.services.access import password_links
from hipkit.server.services.access.keys import new_password
from hipkit.server.services.context import Context
from hipkit.server.services.people import accounts
from hipkit.server.services.people.accounts import UserChanges
from hipkit.server.services.rooms import members
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.users import CreateUser

__all__ = ["user"]


@click.group(cls=AdminGroup)
def user() -> None:
    """Manage users. USER is an id, an e-mail address or an @mention name."""


@user.command("add")
@click.argument("name")
@click.argument("email")
@click.option(
    "--mention-name",
    metavar="NAME",
    help="Name for @mentions.  [default: derived from NAME]",
)
@click.option("--title", default="", show_default=False, help="Job title.")
@click.option(
    "--admin",
    "is_admin",
    is_flag=True,
    help="Make the user an administrator of the group.",
)
@click.option(
    "--guest",
    "is_guest",
    is_flag=True,
    help="Make the user a guest, who sees only rooms that they are a member of.",
)
@number_option("user_id")
async def add_user(
    context: Context,
    *,
    name: str,
    email: str,
    mention_name: str | None,
    title: str,
    is_admin: bool,
    is_guest: bool,
    user_id: int | None,
) -> Shown:
    """Create a user, and print a generated password.

    Guests have no password, only tokens.
    """
    if is_admin and is_guest:
        raise click.UsageError("A guest cannot be an administrator.")
    new = CreateUser(
        name=name,
        email=email,
        mention_name=mention_name,
        title=title,
        is_group_admin=is_admin,
        password=None if is_guest else new_password(),
    )
    added = await accounts.add_user(context, new, is_guest=is_guest, user_id=user_id)
    generated = {} if is_guest else {"password": new.password}
    return {"id": added.id, "mention_name": added.mention_name, **generated}


@user.command("list")
async def list_users(context: Context) -> Shown:
    """List all users and guests."""
    return [_summary(one) for one in await accounts.list_users(context)]


@user.command("update")
@click.argument("reference", metavar="USER")
@click.option("--name", help="New name.")
@click.option("--email", help="New e-mail address.")
@click.option("--mention-name", metavar="NAME", help="New name for @mentions.")
@click.option("--title", help="New job title.")
async def update_user(
    context: Context,
    *,
    reference: str,
    name: str | None,
    email: str | None,
    mention_name: str | None,
    title: str | None,
) -> Shown:
    """Change a user's name, e-mail address, mention name or title.

    What is not named stays as it is. See also the commands promote, demote and password.
    """
    changed = UserChanges(
        name=name,
        email=email,
        mention_name=None if mention_name is None else mention_name.removeprefix("@"),
        title=title,
    )
    if changed == UserChanges():
        raise click.UsageError("Nothing to change: use --name or another option.")
    return _summary(await accounts.change_user(context, reference, changed))


@user.command("restore")
@click.argument("reference", metavar="USER")
async def restore_user(context: Context, reference: str) -> Shown:
    """Restore a deleted user, by id or by their former e-mail address.

    Tokens, sessions, the password, the picture and memberships do not come back.
    """
    return _summary(await accounts.undelete_user(context, reference))


@user.command("promote")
@click.argument("reference", metavar="USER")
async def promote_user(context: Context, reference: str) -> Shown:
    """Make a user an administrator of the group."""
    return _summary(await accounts.set_admin(context, reference, is_admin=True))


@user.command("demote")
@click.argument("reference", metavar="USER")
async def demote_user(context: Context, reference: str) -> Shown:
    """Make an administrator a regular user."""
    return _summary(await accounts.set_admin(context, reference, is_admin=False))


@user.command("delete")
@click.argument("reference", metavar="USER")
async def delete_user(context: Context, reference: str) -> Shown:
    """Delete a user and their tokens, but not their messages."""
    return _summary(await accounts.delete_account(context, reference))


@user.command("password")
@click.argument("reference", metavar="USER")
@click.option(
    "--stdin",
    "from_stdin",
    is_flag=True,
    help="Read the password from standard input instead of generating one.",
)
async def set_password(context: Context, reference: str, *, from_stdin: bool) -> Shown:
    """Set a user's password, and print it if it was generated."""
    if from_stdin:
        password = read_text("-", "the password").partition("\n")[0].rstrip("\r")
    else:
        password = new_password()
    await accounts.change_user(context, reference, UserChanges(password=password))
    generated = {} if from_stdin else {"password": password}
    return {"user": reference, **generated}


@user.command("auto-join")
@click.argument("reference", metavar="USER")
@click.argument("room_name", metavar="ROOM")
async def add_auto_join(context: Context, reference: str, room_name: str) -> Shown:
    """Add a room to those that a user joins automatically."""
    await members.add_auto_join(context, reference, room_name)
    return {"user": reference, "room": room_name}


@user.command("password-link")
@click.argument("reference", metavar="USER")
@click.option(
    "--url",
    metavar="URL",
    default="http://127.0.0.1:8070",
    help="URL of the server.",
)
async def create_password_link(context: Context, reference: str, *, url: str) -> Shown:
    """Create a one-time link to set a user's password.

    The link expires after 24 hours.
    """
    if not is_web_address(url):
        raise click.UsageError("--url must be a URL such as https://chat.example.com")
    key = await password_links.create_password_link(context, reference)
    return {"user": reference, "link": password_links.password_link(url, key)}


def _summary(user: UserRecord) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "mention_name": user.mention_name,
        "email": user.email,
        "is_group_admin": user.is_group_admin,
        "is_guest": user.is_guest,
    }
