"""Returns addresses of shared files to actors who may read the message with the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.lookup import check_may_read
from hipkit.server.services.context import Context
from hipkit.server.services.files.links import is_valid_link, link_query
from hipkit.server.services.registry import handles
from hipkit.server.storage.protocol import Stores
from hipkit.v2.files import GetFile
from hipkit.v2.models import FileUrls

__all__ = ["find_linked_key", "get_file"]


@handles(GetFile)
async def get_file(context: Context, request: GetFile) -> FileUrls:
    """Return the addresses of a file, whose id is its message's.

    The server has no thumbnails, so `thumbnail` changes nothing.

    Raises:
        NotFoundError: There is no such file, or the actor may not read its conversation.
    """
    file_id = request.file_id
    message = await context.stores.messages.find(file_id)
    if (
        message is None
        or message.is_deleted
        or message.file_key is None
        or not await _may_read(context, message.conversation_id)
    ):
        raise NotFoundError(f"File {file_id} not found")
    key, name = message.file_key, message.file_name or "file"

    def address(*, is_download: bool) -> str:
        query = link_query(key, file_id, context.now_us, is_download=is_download)
        return context.addresses.file_link(file_id, name, query)

    return FileUrls(
        temp_url=address(is_download=False),
        temp_download_url=address(is_download=True),
    )


async def find_linked_key(
    stores: Stores, message_id: str, query: Mapping[str, Sequence[str]], now_us: int
) -> str | None:
    """Return the key of the file that a temporary link names, or `None` for an invalid link."""
    message = await stores.messages.find(message_id)
    if message is None or message.is_deleted or message.file_key is None:
        return None
    conversation = await stores.messages.conversation(message.conversation_id)
    if conversation is None or conversation.is_of_a_deleted_room:
        return None
    is_valid = is_valid_link(message.file_key, message_id, query, now_us)
    return message.file_key if is_valid else None


async def _may_read(context: Context, conversation_id: int) -> bool:
    try:
        await check_may_read(context.stores, context.actor, conversation_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True
