"""Leads to the bytes of shared files: only who may read a message gets at its file so."""

from __future__ import annotations

from hipkit.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access import find_room
from hipkit.server.services.context import Context
from hipkit.server.storage.messages import MessageRecord

__all__ = ["get_file"]


async def get_file(context: Context, file_id: str) -> str:
    """Return the address of a file. A message carries one at most, so its id is the file's.

    Raises:
        NotFoundError: There is no such file, or the caller may not see into its conversation.
    """
    message = await context.stores.messages.find(file_id)
    if (
        message is None
        or message.is_deleted
        or message.file_key is None
        or not await _may_read(context, message)
    ):
        raise NotFoundError(f"File {file_id} not found")
    return context.addresses.file(message.file_key, message.file_name or "file")


async def _may_read(context: Context, message: MessageRecord) -> bool:
    identity = context.identity
    place = await context.stores.messages.conversation(message.conversation_id)
    if place is None or place.group_id != identity.group_id:
        return False
    if place.room_id is None:
        parties = (place.lower_user_id, place.higher_user_id)
        return identity.room_id is None and (
            identity.user_id is not None and identity.user_id in parties
        )
    try:
        await find_room(context.stores, identity, place.room_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True
