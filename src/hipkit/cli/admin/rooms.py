"""`hipkit admin room`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import (
    AdminGroup,
    as_operator,
    number_option,
    pass_settings,
    show,
    show_list,
)
from hipkit.cli.options import Settings
from hipkit.server.services.access.lookup import list_seen_rooms
from hipkit.server.services.rooms import changes
from hipkit.server.services.rooms.members import add_member, remove_member
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.rooms import AddMember, CreateRoom, RemoveMember

__all__ = ["room"]

MOST_LISTED = 100_000


@click.group(cls=AdminGroup)
def room() -> None:
    """Manage rooms. ROOM is an id or a name."""


@room.command("add")
@click.argument("name")
@click.option("--topic", default="", help="Topic of the room.")
@click.option(
    "--private",
    "is_private",
    is_flag=True,
    help="Make the room private: for members only.",
)
@click.option(
    "--owner", metavar="USER", help="Owner of the room.  [default: owner of the group]"
)
@number_option("room_id")
@pass_settings
def add_room(
    settings: Settings,
    /,
    *,
    name: str,
    topic: str,
    is_private: bool,
    owner: str | None,
    room_id: int | None,
) -> None:
    """Create a room."""
    new = CreateRoom(
        name=name,
        topic=topic,
        privacy="private" if is_private else "public",
        owner_user_id=owner,
    )
    added = as_operator(
        lambda context: changes.create_room(context, new, room_id=room_id)
    )
    show(settings, {"id": added.id, "name": name.strip()})


@room.command("list")
@pass_settings
def list_rooms(settings: Settings, /) -> None:
    """List all rooms, including private and archived ones."""
    found = as_operator(
        lambda context: list_seen_rooms(
            context.stores, context.actor, include_archived=True, count=MOST_LISTED
        )
    )
    show_list(settings, [_summary(one) for one in found])


@room.command("member")
@click.argument("room_name", metavar="ROOM")
@click.argument("reference", metavar="USER")
@click.option(
    "--admin",
    "is_admin",
    is_flag=True,
    help="Make the user an administrator of the room.",
)
@click.option(
    "--remove", "is_removed", is_flag=True, help="Remove the user from the members."
)
@pass_settings
def set_member(
    settings: Settings,
    /,
    *,
    room_name: str,
    reference: str,
    is_admin: bool,
    is_removed: bool,
) -> None:
    """Add a user to a room's members, or remove one."""
    if is_admin and is_removed:
        raise click.UsageError("--admin and --remove cannot be used together")
    if is_removed:
        leaving = RemoveMember(room_name, reference)
        as_operator(lambda context: remove_member(context, leaving))
    else:
        joining = AddMember(
            room_name,
            reference,
            room_roles=["room_admin", "room_member"] if is_admin else None,
        )
        as_operator(lambda context: add_member(context, joining))
    show(
        settings,
        {
            "room": room_name,
            "user": reference,
            "is_member": not is_removed,
            "is_admin": is_admin,
        },
    )


@room.command("archive")
@click.argument("room_name", metavar="ROOM")
@pass_settings
def archive_room(settings: Settings, /, *, room_name: str) -> None:
    """Archive a room: it stays readable, but takes no new messages."""
    _set_archived(settings, room_name, is_archived=True)


@room.command("unarchive")
@click.argument("room_name", metavar="ROOM")
@pass_settings
def unarchive_room(settings: Settings, /, *, room_name: str) -> None:
    """Reopen an archived room."""
    _set_archived(settings, room_name, is_archived=False)


@room.command("delete")
@click.argument("room_name", metavar="ROOM")
@pass_settings
def delete_room(settings: Settings, /, *, room_name: str) -> None:
    """Delete a room, its messages and its tokens."""
    deleted = as_operator(lambda context: changes.remove_room(context, room_name))
    show(settings, {"id": deleted.id, "name": deleted.name})


def _set_archived(settings: Settings, room_name: str, *, is_archived: bool) -> None:
    changed = as_operator(
        lambda context: changes.set_archived(
            context, room_name, is_archived=is_archived
        )
    )
    show(settings, _summary(changed))


def _summary(room: RoomRecord) -> dict[str, object]:
    return {
        "id": room.id,
        "name": room.name,
        "privacy": room.privacy,
        "is_archived": room.is_archived,
        "messages_sent": room.messages_sent,
    }
