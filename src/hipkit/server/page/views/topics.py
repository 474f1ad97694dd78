"""A room's topic: changed by clicking on it, and by `/topic` in the composer."""

from __future__ import annotations

import re

from hipkit.api.errors import ApiError
from hipkit.server.http.responses import Answer, header
from hipkit.server.page.forms import read_operation
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import (
    check_open,
    find_room,
    find_room_to_administer,
    is_room_admin,
)
from hipkit.server.services.messages.posting import set_topic
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.rooms import SetTopic

__all__ = ["VIEWS", "may_administer", "run_topic_command"]

LONGEST_TOPIC = SetTopic.rules["topic"].max_length

COMMAND = re.compile(r"/topic(?:\s+(.*))?", re.DOTALL)
"""Add-ons wait for every other word after a slash, `/topics` among them."""


async def may_administer(visit: Visit, room: RoomRecord) -> bool:
    """Return whether the user may change the settings of a room that they may see."""
    actor = visit.context.actor
    if actor.scopes.isdisjoint(SetTopic.scopes):
        return False
    return await is_room_admin(visit.context.stores, actor, room)


async def run_topic_command(visit: Visit, text: str) -> Answer | None:
    """Change the topic if a message is the command; `None` if it is not.

    The command alone opens the form: it neither removes the topic by accident nor is it posted.
    """
    command = COMMAND.fullmatch(text)
    if command is None:
        return None
    if command[1] is None:
        answer = await show_form(visit)
        if not visit.is_htmx:
            return visit.redirect(f"{_address(visit)}/topic")
    else:
        await _set_topic(visit, command[1])
        answer = await _done(visit)
    # The composer asks for nothing to be replaced.
    answer.headers += [
        header("HX-Retarget", "#topic"),
        header("HX-Reswap", "outerHTML"),
    ]
    return answer


async def show_form(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the form, with what was typed if there was an error."""
    context = visit.context
    room = await find_room_to_administer(
        context.stores, context.actor, visit.number("room_id")
    )
    check_open(room)
    topic = room.topic if error is None else visit.field("topic")
    if visit.is_htmx:
        return visit.part(
            "topic_form.html",
            error=error,
            room=room,
            topic=topic,
            longest=LONGEST_TOPIC,
        )
    return await visit.page(
        "topic_page.html", error=error, room=room, topic=topic, longest=LONGEST_TOPIC
    )


async def show_topic(visit: Visit) -> Answer:
    """Show the topic as it is now, in place of the form."""
    context = visit.context
    room = await find_room(context.stores, context.actor, visit.number("room_id"))
    is_admin = await may_administer(visit, room)
    return visit.part("topic.html", room=room, may_administer=is_admin)


async def save_topic(visit: Visit) -> Answer:
    """Change the topic."""
    try:
        await _set_topic(visit, visit.field("topic"))
    except ApiError as error:
        return await show_form(visit, error)
    return await _done(visit)


async def _set_topic(visit: Visit, topic: str) -> None:
    """Change the topic, unless it is the same: a form sent twice posts one message."""
    context, room_id = visit.context, visit.number("room_id")
    members = {"topic": topic.strip()}
    request = await read_operation(context, SetTopic, members, room_id_or_name=room_id)
    room = await find_room_to_administer(context.stores, context.actor, room_id)
    if request.topic != room.topic:
        await set_topic(context, request)


async def _done(visit: Visit) -> Answer:
    return await show_topic(visit) if visit.is_htmx else visit.redirect(_address(visit))


def _address(visit: Visit) -> str:
    return f"/rooms/{visit.number('room_id')}"


VIEWS = [
    ViewRoute("/rooms/{room_id}/topic", show_form),
    ViewRoute("/rooms/{room_id}/topic", save_topic, method="POST"),
    ViewRoute("/rooms/{room_id}/topic/shown", show_topic),
]
