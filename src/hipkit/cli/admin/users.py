"""`hipkit admin user`."""

from __future__ import annotations

import click

from hipkit.api.addresses import is_web_address
from hipkit.cli.admin.running import (
    AdminGroup,
    as_operator,
    number_option,
    pass_settings,
    show,
    show_list,
)
from hipkit.cli.inputs import read_text
from hipkit.cli.options import Settings
from hipkit.server.services.access import password_links
from hipkit.server.services.access.keys import new_password
from hipkit.server.services.people import accounts
from hipkit.server.services.people.accounts import NewUser, UserChanges
from hipkit.server.services.rooms import members
from hipkit.server.storage.stores.users import UserRecord

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
@click.option("--title", default="", help="Job title.")
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
    is_guest: bool,
    user_id: int | None,
) -> None:
    """Create a user, and print a generated password.

    Guests have no password, only tokens.
    """
    if is_admin and is_guest:
        raise click.UsageError("A guest cannot be an administrator.")
    new = NewUser(
        name=name,
        email=email,
        mention_name=mention_name,
        title=title,
        is_group_admin=is_admin,
        is_guest=is_guest,
        id=user_id,
    )
    password = None if is_guest else new_password()
    added = as_operator(
        lambda context: accounts.add_user(context, new, password=password)
    )
    shown: dict[str, object] = {"id": added.id, "mention_name": added.mention_name}
    show(settings, shown if is_guest else {**shown, "password": password})


@user.command("list")
@pass_settings
def list_users(settings: Settings, /) -> None:
    """List all users and guests."""
    show_list(settings, [_summary(one) for one in as_operator(accounts.list_users)])


@user.command("promote")
@click.argument("reference", metavar="USER")
@pass_settings
def promote_user(settings: Settings, /, *, reference: str) -> None:
    """Make a user an administrator of the group."""
    _set_admin(settings, reference, is_admin=True)


@user.command("demote")
@click.argument("reference", metavar="USER")
@pass_settings
def demote_user(settings: Settings, /, *, reference: str) -> None:
    """Make an administrator a regular user."""
    _set_admin(settings, reference, is_admin=False)


@user.command("delete")
@click.argument("reference", metavar="USER")
@pass_settings
def delete_user(settings: Settings, /, *, reference: str) -> None:
    """Delete a user and their tokens, but not their messages."""
    deleted = as_operator(lambda context: accounts.delete_account(context, reference))
    show(settings, _summary(deleted))


@user.command("password")
@click.argument("reference", metavar="USER")
@click.option(
    "--stdin",
    "from_stdin",
    is_flag=True,
    help="Read the password from standard input instead of generating one.",
)
@pass_settings
def set_password(settings: Settings, /, *, reference: str, from_stdin: bool) -> None:
    """Set a user's password, and print it if it was generated."""
    if from_stdin:
        password = read_text("-", "the password").partition("\n")[0].rstrip("\r")
    else:
        password = new_password()
    changes = UserChanges(password=password)
    as_operator(lambda context: accounts.change_user(context, reference, changes))
    generated = {} if from_stdin else {"password": password}
    show(settings, {"user": reference, **generated})


@user.command("auto-join")
@click.argument("reference", metavar="USER")
@click.argument("room_name", metavar="ROOM")
@pass_settings
def add_auto_join(settings: Settings, /, *, reference: str, room_name: str) -> None:
    """Add a room to those that a user joins automatically."""
    as_operator(lambda context: members.add_auto_join(context, reference, room_name))
    show(settings, {"user": reference, "room": room_name})


@user.command("password-link")
@click.argument("reference", metavar="USER")
@click.option(
    "--url",
    metavar="URL",
    default="http://127.0.0.1:8070",
    show_default=True,
    help="URL of the server.",
)
@pass_settings
def create_password_link(settings: Settings, /, *, reference: str, url: str) -> None:
    """Create a one-time link to set a user's password.

    The link expires after 24 hours.
    """
    if not is_web_address(url):
        raise click.UsageError("--url must be a URL such as https://chat.example.com")
    key = as_operator(
        lambda context: password_links.create_password_link(context, reference)
    )
    show(settings, {"user": reference, "link": password_links.password_link(url, key)})


def _set_admin(settings: Settings, reference: str, *, is_admin: bool) -> None:
    changed = as_operator(
        lambda context: accounts.set_admin(context, reference, is_admin=is_admin)
    )
    show(settings, _summary(changed))


def _summary(user: UserRecord) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "mention_name": user.mention_name,
        "email": user.email,
        "is_group_admin": user.is_group_admin,
        "is_guest": user.is_guest,
    }
