"""`hipkit admin room`."""

from __future__ import annotations

import click

from hipkit.cli.admin.running import AdminGroup, Shown, number_option
from hipkit.server.services.access.lookup import list_seen_rooms
from hipkit.server.services.context import Context
from hipkit.server.services.rooms import changes
from hipkit.server.services.rooms.changes import RoomChanges
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
@click.option("--topic", default="", show_default=False, help="Topic of the room.")
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
async def add_room(
    context: Context,
    *,
    name: str,
    topic: str,
    is_private: bool,
    owner: str | None,
    room_id: int | None,
) -> Shown:
    """Create a room."""
    new = CreateRoom(
        name=name,
        topic=topic,
        privacy="private" if is_private else "public",
        owner_user_id=owner,
    )
    added = await changes.create_room(context, new, room_id=room_id)
    return {"id": added.id, "name": name.strip()}


@room.command("update")
@click.argument("room_name", metavar="ROOM")
@click.option("--name", help="New name.")
@click.option("--topic", help="New topic, which is posted as a message.")
@click.option(
    "--private/--public",
    "is_private",
    default=None,
    help="Make the room private, for members only, or public.",
)
@click.option(
    "--guest-access/--no-guest-access",
    "is_guest_accessible",
    default=None,
    help="Enable or disable the address at which anybody can read the room.",
)
@click.option("--owner", metavar="USER", help="New owner.")
async def update_room(
    context: Context,
    *,
    room_name: str,
    name: str | None,
    topic: str | None,
    is_private: bool | None,
    is_guest_accessible: bool | None,
    owner: str | None,
) -> Shown:
    """Change a room's name, topic, privacy, guest access or owner.

    What is not named stays as it is. See also the commands archive, unarchive and member.
    """
    privacy = {None: None, True: "private", False: "public"}[is_private]
    changed = RoomChanges(
        name=name,
        topic=topic,
        privacy=privacy,
        is_guest_accessible=is_guest_accessible,
        owner=owner,
    )
    if changed == RoomChanges():
        raise click.UsageError("Nothing to change: use --name or another option.")
    return _summary(await changes.change_room(context, room_name, changed))


@room.command("list")
async def list_rooms(context: Context) -> Shown:
    """List all rooms, including private and archived ones."""
    found = await list_seen_rooms(
        context.stores, context.actor, include_archived=True, count=MOST_LISTED
    )
    return [_summary(one) for one in found]


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
async def set_member(
    context: Context,
    *,
    room_name: str,
    reference: str,
    is_admin: bool,
    is_removed: bool,
) -> Shown:
    """Add a user to a room's members, or remove one."""
    if is_admin and is_removed:
        raise click.UsageError("--admin and --remove cannot be used together")
    if is_removed:
        await remove_member(context, RemoveMember(room_name, reference))
    else:
        joining = AddMember(
            room_name,
            reference,
            room_roles=["room_admin", "room_member"] if is_admin else None,
        )
        await add_member(context, joining)
    return {
        "room": room_name,
        "user": reference,
        "is_member": not is_removed,
        "is_admin": is_admin,
    }


@room.command("archive")
@click.argument("room_name", metavar="ROOM")
async def archive_room(context: Context, room_name: str) -> Shown:
    """Archive a room: it stays readable, but takes no new messages."""
    archived = RoomChanges(is_archived=True)
    return _summary(await changes.change_room(context, room_name, archived))


@room.command("unarchive")
@click.argument("room_name", metavar="ROOM")
async def unarchive_room(context: Context, room_name: str) -> Shown:
    """Reopen an archived room."""
    reopened = RoomChanges(is_archived=False)
    return _summary(await changes.change_room(context, room_name, reopened))


@room.command("delete")
@click.argument("room_name", metavar="ROOM")
async def delete_room(context: Context, room_name: str) -> Shown:
    """Delete a room, its messages and its tokens."""
    deleted = await changes.remove_room(context, room_name)
    return {"id": deleted.id, "name": deleted.name}


def _summary(room: RoomRecord) -> dict[str, object]:
    return {
        "id": room.id,
        "name": room.name,
        "privacy": room.privacy,
        "is_archived": room.is_archived,
        "messages_sent": room.messages_sent,
    }
