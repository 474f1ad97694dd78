"""The emoticons of the caller's group."""

from __future__ import annotations

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import row_id
from hipkit.server.services.context import Context
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
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.v2.emoticons import GetAllEmoticons, GetEmoticon
from hipkit.v2.models import Emoticon, EmoticonPage

__all__ = ["get_all_emoticons", "get_emoticon"]


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


async def _in_full(
    context: Context, stores: Stores, emoticon: EmoticonRecord, expand: Expansion
) -> Emoticon:
    creator = await stores.users.get(emoticon.creator_id or 0)
    shown = None if creator is None else user_in_short(context.addresses, creator)
    if creator is not None and "creator" in expand:
        shown = await full_user(context, stores, creator)
    return emoticon_in_full(context.addresses, emoticon, shown)
