"""Lists, returns and adds the emoticons of a group."""

from __future__ import annotations

import asyncio
import re

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.lookup import check_operator, row_id
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.pictures import read_picture
from hipkit.server.services.files.stored import removed_on_failure
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.models import (
    emoticon_in_full,
    emoticon_in_short,
    user_in_short,
)
from hipkit.server.services.representations.paging import Slice
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.emoticons import EmoticonRecord, NewEmoticon
from hipkit.v2.emoticons import GetAllEmoticons, GetEmoticon
from hipkit.v2.models import Emoticon, EmoticonPage

__all__ = ["add_emoticon", "get_all_emoticons", "get_emoticon"]

SHORTCUT = re.compile(r"[a-zA-Z0-9]{1,50}")


@handles(GetAllEmoticons)
async def get_all_emoticons(context: Context, request: GetAllEmoticons) -> EmoticonPage:
    """List emoticons, of one kind or all."""
    kind = request.type or "all"
    part = Slice.of(f"{context.addresses.api}/emoticon", request, {"type": kind})

    async def query(stores: Stores) -> EmoticonPage:
        found = await stores.emoticons.page(
            context.actor.group_id,
            kind=None if kind == "all" else kind,
            start=part.start,
            count=part.count,
        )
        inner = part.expand.below("items")
        items = [
            await _in_full(context, stores, emoticon, inner)
            if "items" in part.expand
            else emoticon_in_short(context.addresses, emoticon)
            for emoticon in part.items(found)
        ]
        return part.page(EmoticonPage, found, items)

    return await context.runtime.database.scan(query)


@handles(GetEmoticon)
async def get_emoticon(context: Context, request: GetEmoticon) -> Emoticon:
    """Return an emoticon by id or shortcut.

    Raises:
        NotFoundError: There is none.
    """
    stores, reference = context.stores, request.emoticon_id_or_key
    group_id, emoticon_id = context.actor.group_id, row_id(reference)
    if emoticon_id is not None:
        emoticon = await stores.emoticons.get(group_id, emoticon_id)
    else:
        shortcut = str(reference).removeprefix("(").removesuffix(")")
        emoticon = await stores.emoticons.by_shortcut(group_id, shortcut)
    if emoticon is None:
        raise NotFoundError(f"Emoticon {reference} not found")
    return await _in_full(context, stores, emoticon, Expansion(request.expand))


async def add_emoticon(
    context: Context,
    *,
    shortcut: str,
    picture: bytes,
    kind: str = "group",
    emoticon_id: int | None = None,
) -> int:
    """Add an emoticon as the operator, and return its id.

    Args:
        context: The context of the call.
        shortcut: The text in parentheses in messages: letters and digits.
        picture: The bytes of a JPEG, PNG or GIF file.
        kind: `group` for one of the group's owner, or `global`.
        emoticon_id: The id that old programs know; the next free one if left out.

    Raises:
        ForbiddenError: The actor is not the operator.
        BadRequestError: The picture or the shortcut is invalid, or another emoticon has the
            shortcut or the id.
    """
    actor, blobs = context.actor, context.runtime.blobs
    check_operator(actor)
    read = read_picture(picture, "picture")
    if SHORTCUT.fullmatch(shortcut) is None:
        raise InvalidValueError(
            "shortcut", "pattern", "is not letters and digits", shortcut
        )
    key = await asyncio.to_thread(blobs.save, read.data)

    async def command(stores: Stores) -> int:
        group = await stores.groups.get(actor.group_id)
        if await stores.emoticons.by_shortcut(actor.group_id, shortcut) is not None:
            raise BadRequestError(f"({shortcut}) is taken", field="shortcut")
        if emoticon_id is not None and await stores.emoticons.is_taken(emoticon_id):
            problem = "is another emoticon's id"
            raise InvalidValueError("id", "unique", problem, emoticon_id)
        await stores.files.add(
            group_id=actor.group_id,
            key=key,
            name=shortcut,
            size_bytes=len(read.data),
            content_type=read.content_type,
            now_us=context.now_us,
        )
        emoticon = NewEmoticon(
            group_id=actor.group_id,
            shortcut=shortcut,
            kind=kind,
            file_key=key,
            width=read.width,
            height=read.height,
            creator_id=group.owner_id if group and kind == "group" else None,
        )
        return await stores.emoticons.add(emoticon, emoticon_id=emoticon_id)

    with removed_on_failure(blobs, key):
        return await context.write(command)


async def _in_full(
    context: Context, stores: Stores, emoticon: EmoticonRecord, expand: Expansion
) -> Emoticon:
    creator = await stores.users.get(emoticon.creator_id or 0)
    shown = None if creator is None else user_in_short(context.addresses, creator)
    if creator is not None and "creator" in expand:
        shown = await full_user(context, stores, creator)
    return emoticon_in_full(context.addresses, emoticon, shown)
