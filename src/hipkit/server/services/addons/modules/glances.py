"""What add-ons push to their glances: for the group, a room, a user, or a user in a room.

Of several contents for one glance a user sees the one that was pushed for the fewest people, so
that what concerns only them is not lost in what everybody gets: for the user in the room, the
user, the room, the group. Read next: `showing.py`, which reads them for the page.
"""

from __future__ import annotations

from collections.abc import Sequence

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import find_active_user, find_room
from hipkit.server.services.addons.modules.extensions import own_client_id
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError, MissingValueError
from hipkit.server.services.registry import handles
from hipkit.server.storage.protocol import Stores
from hipkit.v2.integrations import (
    AddonUiUpdate,
    RoomAddonUiUpdate,
    UserAddonUiUpdate,
    UserInRoomAddonUiUpdate,
)
from hipkit.v2.models import GlanceContent, GlanceStatus, GlanceUpdate

__all__ = ["LARGEST_CONTENT", "push_glances"]

LARGEST_CONTENT = 10_000
"""Bytes of JSON, the metadata included."""
MOST_CONTENTS = 50_000
"""Of a client: one for each glance and each place and person that it was pushed for."""
TOO_MANY = (
    f"The add-on has pushed {MOST_CONTENTS} contents, each for another place or user, and cannot"
    " push more: delete a glance that is not needed"
)

PushRequest = (
    AddonUiUpdate | RoomAddonUiUpdate | UserAddonUiUpdate | UserInRoomAddonUiUpdate
)


@handles(AddonUiUpdate)
@handles(RoomAddonUiUpdate)
@handles(UserAddonUiUpdate)
@handles(UserInRoomAddonUiUpdate)
async def push_glances(context: Context, request: PushRequest) -> None:
    """Store new contents of glances, and show them on open pages.

    Raises:
        BadRequestError: The add-on has no such glance there, or a content is invalid.
        NotFoundError: The room does not exist, or the user, for those who may see the group's.
    """
    contents = {
        update.key: _content_json(f"glance[{number}].content", update.content)
        for number, update in enumerate(request.glance)
    }
    actor = context.actor
    client_id = own_client_id(actor)

    async def command(stores: Stores) -> None:
        room_id = user_id = None
        is_hidden = False
        if not isinstance(request, AddonUiUpdate | UserAddonUiUpdate):
            room_id = (await find_room(stores, actor, request.room_id_or_name)).id
        if not isinstance(request, AddonUiUpdate | RoomAddonUiUpdate):
            user_id = await _user_id(stores, actor, request.user_id_or_email)
            is_hidden = user_id is None
        await _check_keys(stores, client_id, room_id, request.glance)
        if is_hidden:
            # Answered as for a user whom nothing was pushed to before.
            count = await stores.glances.count(client_id, at_most=MOST_CONTENTS)
            if count + len(contents) > MOST_CONTENTS:
                raise BadRequestError(TOO_MANY)
            return
        await stores.glances.push(
            client_id,
            contents,
            room_id=room_id,
            user_id=user_id,
            now_us=context.now_us,
        )
        if await stores.glances.count(client_id, at_most=MOST_CONTENTS + 1) > (
            MOST_CONTENTS
        ):
            raise BadRequestError(TOO_MANY)

    await context.write(command)


async def _user_id(stores: Stores, actor: Actor, reference: str | int) -> int | None:
    """Return a user's id; `None` for an unknown one where the actor must not learn of it.

    Who may see one room only could ask whether somebody has an account, by e-mail address.

    Raises:
        NotFoundError: The group has no such user.
    """
    try:
        return (await find_active_user(stores, actor, reference)).id
    except NotFoundError:
        if actor.room_id is None and "view_group" in actor.scopes:
            raise
        return None


def _content_json(place: str, content: GlanceContent) -> str:
    """Return a content as JSON, to be stored.

    Raises:
        BadRequestError: Clients could not show it.
    """
    if content.status is not None:
        _check_status(f"{place}.status.value", content.status)
    text = content.to_json().decode()
    if len(text.encode()) > LARGEST_CONTENT:
        problem = f"has more than {LARGEST_CONTENT} bytes of JSON"
        raise InvalidValueError(place, "maxLength", problem)
    return text


def _check_status(place: str, status: GlanceStatus) -> None:
    value = status.value
    if status.type == "lozenge":
        for name in ("type", "label"):
            if getattr(value, name) is None:
                raise MissingValueError(f"{place}.{name}")
        return
    for name, address in (("url", value.url), ("url@2x", value.url_2x)):
        if address is None:
            raise MissingValueError(f"{place}.{name}")
        if not is_web_address(address):
            problem = "must be an absolute URL"
            raise InvalidValueError(f"{place}.{name}", "format", problem)


async def _check_keys(
    stores: Stores, client_id: str, room_id: int | None, updates: Sequence[GlanceUpdate]
) -> None:
    for number, update in enumerate(updates):
        if not await stores.extensions.has_glance(client_id, room_id, update.key):
            where = "" if room_id is None else " in this room"
            problem = f"is not the key of a glance of this add-on{where}"
            name = f"glance[{number}].key"
            raise InvalidValueError(name, "exists", problem, update.key)
