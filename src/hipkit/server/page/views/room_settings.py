"""Rooms: created by every member of the group, changed and deleted by who administers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from hipkit.api.errors import ApiError, BadRequestError, ForbiddenError
from hipkit.api.operation import Operation
from hipkit.server.http.responses import Answer
from hipkit.server.page.forms import is_touched, read_operation, shown_values
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import (
    OWNER_ROLES,
    ROOM_ADMIN,
    ROOM_MEMBER,
    find_room_to_administer,
)
from hipkit.server.services.addons.installing.configuring import list_configurable
from hipkit.server.services.addons.installing.listing import list_addons
from hipkit.server.services.context import Context
from hipkit.server.services.people.users import get_all_users
from hipkit.server.services.representations.lines import one_line
from hipkit.server.services.rooms.changes import create_room, delete_room, update_room
from hipkit.server.services.rooms.members import add_member, remove_member
from hipkit.server.services.webhooks.management import list_webhooks
from hipkit.server.storage.stores.members import MemberRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.rooms import AddMember, CreateRoom, DeleteRoom, RemoveMember, UpdateRoom
from hipkit.v2.users import GetAllUsers

__all__ = ["VIEWS"]

OperationT = TypeVar("OperationT", bound=Operation[object])

MOST_LISTED = 1_000

EMPTY = {"name": "", "topic": "", "private": "", "guests": ""}
"""The values of an empty form."""

SETTINGS = (*EMPTY, "archived")
"""The settings that a form keeps unless it changes them."""

ROLES = {ROOM_MEMBER: [ROOM_MEMBER], ROOM_ADMIN: OWNER_ROLES.split()}
"""What a member may be, by the choice in the form."""


async def show_new(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the form for a new room."""
    values = shown_values(visit, EMPTY, error)
    return await visit.page("new_room.html", error=error, values=values)


async def add_room(visit: Visit) -> Answer:
    """Create a room that the user owns."""
    context = visit.context
    members = {
        "name": visit.field("name"),
        "topic": visit.field("topic"),
        "privacy": _privacy(visit),
        "guest_access": visit.is_checked("guests"),
    }
    try:
        request = await read_operation(context, CreateRoom, members)
        added = await create_room(context, request)
    except ApiError as error:
        return await show_new(visit, error)
    return visit.redirect(f"/rooms/{added.id}")


async def show_settings(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show a room's settings and what it has; an error is of the form that was sent."""
    context = visit.context
    room = await _room(visit)
    stored = await _stored(visit, room)
    is_of_settings = error is not None and "name" in visit.fields
    return await visit.page(
        "room_settings.html",
        error=error,
        is_of_settings=is_of_settings,
        room=room,
        values=shown_values(visit, stored, error if is_of_settings else None),
        before={
            name: visit.field(f"{name}_before") if is_of_settings else stored[name]
            for name in SETTINGS
        },
        roles=ROLES,
        role=visit.field("role", ROOM_MEMBER),
        person=visit.field("person"),
        members=await _members(visit, room),
        people=await get_all_users(
            context, GetAllUsers(max_results=MOST_LISTED, include_guests=True)
        ),
        webhooks=[
            webhook
            for webhook in await list_webhooks(context)
            if webhook.record.room_id == room.id
        ],
        addons=await list_addons(context, room=room.id),
        configurable=await list_configurable(context, room.id),
        guest_page=context.addresses.guest_page(room),
    )


async def save_settings(visit: Visit) -> Answer:
    """Change a room's settings."""
    room = await _room(visit)
    stored = await _stored(visit, room)
    # What was not touched stays as it is now: a form that was open for long must not, say, open a
    # room that somebody made private since.
    touched = {name for name in SETTINGS if is_touched(visit, name)}
    values = {**stored, **{name: visit.field(name) for name in touched}}
    owner = visit.field("owner")
    members = {
        "name": values["name"],
        "privacy": "private" if values["private"] else "public",
        "is_archived": bool(values["archived"]),
        "is_guest_accessible": bool(values["guests"]),
        # Null keeps a topic with its line ends, which the form does not show.
        "topic": values["topic"] if "topic" in touched else None,
        "owner": None if owner in ("", stored["owner"]) else {"id": owner},
    }
    return await _change(visit, UpdateRoom, update_room, members)


async def save_member(visit: Visit) -> Answer:
    """Add a member, or change a member's role."""
    roles = ROLES.get(visit.field("role"), [ROOM_MEMBER])
    person = visit.field("person")
    return await _change(
        visit, AddMember, add_member, {"room_roles": roles}, user_id_or_email=person
    )


async def end_member(visit: Visit) -> Answer:
    """Remove a member."""
    user_id = visit.number("user_id")
    return await _change(
        visit, RemoveMember, remove_member, {}, user_id_or_email=user_id
    )


async def end_room(visit: Visit) -> Answer:
    """Delete a room."""
    context, room_id = visit.context, visit.number("room_id")
    if not visit.is_checked("sure"):
        error = BadRequestError("Nothing was deleted: check the box first")
        return await show_settings(visit, error)
    request = await read_operation(context, DeleteRoom, {}, room_id_or_name=room_id)
    await delete_room(context, request)
    return visit.redirect("/", done="room")


async def _room(visit: Visit) -> RoomRecord:
    context, room_id = visit.context, visit.number("room_id")
    return await find_room_to_administer(context.stores, context.actor, room_id)


async def _stored(visit: Visit, room: RoomRecord) -> dict[str, str]:
    """Return a room's settings as texts of a form."""
    owner = await visit.context.stores.users.get(room.owner_id)
    return {
        "name": room.name,
        # In one line, as browsers send it back.
        "topic": one_line(room.topic),
        "owner": "" if owner is None else f"@{owner.mention_name}",
        "private": "on" if room.privacy == "private" else "",
        "archived": "on" if room.is_archived else "",
        "guests": "on" if room.is_guest_accessible else "",
    }


async def _members(visit: Visit, room: RoomRecord) -> list[MemberRecord]:
    found = await visit.context.stores.members.members(
        room.id, start=0, count=MOST_LISTED
    )
    return sorted(found, key=lambda member: member.name.casefold())


def _privacy(visit: Visit) -> str:
    return "private" if visit.is_checked("private") else "public"


async def _change(
    visit: Visit,
    kind: type[OperationT],
    handle: Callable[[Context, OperationT], Awaitable[object]],
    members: Mapping[str, object],
    **path: str | int,
) -> Answer:
    """Carry out an operation on the room, and return to the settings.

    Who may not administer the room any more gets to the start.
    """
    context, room_id = visit.context, visit.number("room_id")
    try:
        request = await read_operation(
            context, kind, members, room_id_or_name=room_id, **path
        )
        await handle(context, request)
    except ApiError as error:
        return await show_settings(visit, error)
    try:
        await _room(visit)
    except ForbiddenError:
        return visit.redirect("/", done="saved")
    return visit.redirect(f"/rooms/{room_id}/settings", done="saved")


VIEWS = [
    ViewRoute("/rooms/new", show_new),
    ViewRoute("/rooms/new", add_room, method="POST"),
    ViewRoute("/rooms/{room_id}/settings", show_settings),
    ViewRoute("/rooms/{room_id}/settings", save_settings, method="POST"),
    ViewRoute("/rooms/{room_id}/members", save_member, method="POST"),
    ViewRoute("/rooms/{room_id}/members/{user_id}/remove", end_member, method="POST"),
    ViewRoute("/rooms/{room_id}/delete", end_room, method="POST"),
]
