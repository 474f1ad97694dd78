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
from hipkit.server.services.rooms import operator as admin_rooms
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = ["room"]


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
    made = as_operator(
        lambda context: admin_rooms.add_room(
            context,
            name=name,
            topic=topic,
            is_private=is_private,
            owner=owner,
            room_id=room_id,
        )
    )
    show(settings, {"id": made.id, "name": made.name})


@room.command("list")
@pass_settings
def list_rooms(settings: Settings, /) -> None:
    """List all rooms, including private and archived ones."""
    show_list(settings, [_told(one) for one in as_operator(admin_rooms.list_rooms)])


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
        as_operator(
            lambda context: admin_rooms.remove_member(context, room_name, reference)
        )
    else:
        as_operator(
            lambda context: admin_rooms.add_member(
                context, room_name, reference, is_admin=is_admin
            )
        )
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
    gone = as_operator(lambda context: admin_rooms.delete_room(context, room_name))
    show(settings, {"id": gone.id, "name": gone.name})


def _set_archived(settings: Settings, room_name: str, *, is_archived: bool) -> None:
    changed = as_operator(
        lambda context: admin_rooms.set_archived(
            context, room_name, is_archived=is_archived
        )
    )
    show(settings, _told(changed))


def _told(room: RoomRecord) -> dict[str, object]:
    return {
        "id": room.id,
        "name": room.name,
        "privacy": room.privacy,
        "is_archived": room.is_archived,
        "messages_sent": room.messages_sent,
    }
