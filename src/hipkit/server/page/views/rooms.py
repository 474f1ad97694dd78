"""Rooms: their messages, and a form to send one."""

from __future__ import annotations

from hipkit.server.http.responses import Answer
from hipkit.server.page.composer import read_post
from hipkit.server.page.glances import GlanceSources, glance_views
from hipkit.server.page.views.conversations import (
    conversation_of,
    read_part,
    show_part,
)
from hipkit.server.page.views.topics import may_administer, run_topic_command
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import (
    check_open,
    find_room,
    list_rooms_by_activity,
)
from hipkit.server.services.addons.modules.showing import list_glances
from hipkit.server.services.messages.posting import (
    send_message,
    share_file_with_room,
)
from hipkit.server.storage.stores.members import MemberRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.rooms import SendMessage, ShareFileWithRoom

__all__ = ["VIEWS"]

MOST_PEOPLE = 100


async def show_start(visit: Visit) -> Answer:
    """Redirect to the room with the latest message."""
    rooms = await list_rooms_by_activity(visit.context)
    newest = next((room for room in rooms if not room.is_archived), None)
    if newest is None:
        return await visit.page("start.html")
    done = {"done": visit.query("done")} if visit.query("done") else {}
    return visit.redirect(f"/rooms/{newest.id}", **done)


async def show_room(visit: Visit) -> Answer:
    """Show a room: its newest messages, or those around the one in the query."""
    room = await _room(visit)
    conversation = conversation_of(room)
    groups = await list_glances(visit.context, room)
    sources = GlanceSources.of(groups)
    answer = await visit.page(
        "room.html",
        room=room,
        conversation=conversation,
        part=await read_part(visit, conversation),
        may_administer=await may_administer(visit, room),
        at=visit.query("at"),
        people=await _people(visit, room),
        guest_page=visit.context.addresses.guest_page(room),
        glances=glance_views(groups, sources),
        sources=sources,
    )
    outside_pictures = visit.context.runtime.settings.outside_pictures
    answer.headers.append(sources.policy(outside_pictures=outside_pictures))
    return answer


async def show_head(visit: Visit) -> Answer:
    """Show a room's name, state and topic as they are now."""
    room = await _room(visit)
    return visit.part(
        "room_head.html",
        room=room,
        may_administer=await may_administer(visit, room),
        is_oob=True,
    )


async def show_people(visit: Visit) -> Answer:
    """Show the people in a room as they are now."""
    room = await _room(visit)
    return visit.part(
        "room_people.html",
        people=await _people(visit, room),
        guest_page=visit.context.addresses.guest_page(room),
        is_oob=True,
    )


async def show_history(visit: Visit) -> Answer:
    """Show the part of the history that adjoins what the reader has."""
    return await show_part(visit, conversation_of(await _room(visit)))


async def post_message(visit: Visit) -> Answer:
    """Send a message or a file as the user, which arrives by the feed, or run `/topic`."""
    context, room = visit.context, await _room(visit)
    check_open(room)
    async with read_post(visit) as post:
        if post.file is not None:
            comment = post.text or None
            share = ShareFileWithRoom(room.id, file=post.file, message=comment)
            await share_file_with_room(context, share)
        elif (answer := await run_topic_command(visit, post.text)) is not None:
            return answer
        elif post.text:
            await send_message(context, SendMessage(room.id, message=post.text))
    if visit.is_htmx:
        return Answer(204)
    return visit.redirect(f"/rooms/{room.id}")


async def _people(visit: Visit, room: RoomRecord) -> list[MemberRecord]:
    """Return the people in a room, in the order of their names."""
    present = await visit.context.stores.members.participants(
        room.id, include_members=False, start=0, count=MOST_PEOPLE
    )
    return sorted(present, key=lambda person: person.name.casefold())


async def _room(visit: Visit) -> RoomRecord:
    context = visit.context
    return await find_room(context.stores, context.actor, visit.number("room_id"))


VIEWS = [
    ViewRoute("/", show_start, for_guests=True),
    ViewRoute("/rooms/{room_id}", show_room, for_guests=True),
    ViewRoute("/rooms/{room_id}/history", show_history, for_guests=True),
    ViewRoute("/rooms/{room_id}/head", show_head, for_guests=True),
    ViewRoute("/rooms/{room_id}/people", show_people, for_guests=True),
    ViewRoute(
        "/rooms/{room_id}/messages", post_message, method="POST", for_guests=True
    ),
]
