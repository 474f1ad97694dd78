"""Leads to the bytes of shared files: only who may read a message gets at its file so."""

from __future__ import annotations

from hipkit.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access import check_may_read
from hipkit.server.services.context import Context

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
        or not await _may_read(context, message.conversation_id)
    ):
        raise NotFoundError(f"File {file_id} not found")
    return context.addresses.file(message.file_key, message.file_name or "file")


async def _may_read(context: Context, conversation_id: int) -> bool:
    try:
        await check_may_read(context.stores, context.identity, conversation_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True
