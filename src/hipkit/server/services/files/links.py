"""Addresses of shared files: who gets them, and links that need no token and expire after an hour.

Links are signed with the file's own unguessable key, which is in the database. So they survive a
restart, end with the file, and do not disclose its permanent address.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.lookup import check_may_read
from hipkit.server.services.context import Context
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.v2.files import GetFile
from hipkit.v2.models import FileUrls

__all__ = ["DOWNLOAD", "find_linked_key", "get_file", "is_valid_link", "link_query"]

VALID_SECONDS = 60 * 60
CLOCK_SECONDS = 5 * 60
"""How far the server's clock may be set back without invalidating links signed before.

A link from a clock that was further ahead is invalid until its hour comes. Without this limit it
would stay valid for as long as the clock had been wrong.
"""
LONGEST_NUMBER = 12

DOWNLOAD = "download"
"""The query argument of a link whose file browsers save instead of opening it."""


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


def link_query(
    file_key: str, message_id: str, now_us: int, *, is_download: bool
) -> str:
    """Return the query of a link to a message's file."""
    expires = str(now_us // SECOND_US + VALID_SECONDS)
    purpose = {DOWNLOAD: "1"} if is_download else {}
    signature = _sign(file_key, message_id, expires, is_download=is_download)
    return urlencode({**purpose, "expires": expires, "signature": signature})


def is_valid_link(
    file_key: str, message_id: str, query: Mapping[str, Sequence[str]], now_us: int
) -> bool:
    """Return whether `link_query` signed a query within the last hour."""
    expires = "".join(query.get("expires", ()))
    signature = "".join(query.get("signature", ()))
    if not (expires.isascii() and expires.isdigit() and len(expires) <= LONGEST_NUMBER):
        return False
    left = int(expires) - now_us // SECOND_US
    if not 0 < left <= VALID_SECONDS + CLOCK_SECONDS:
        return False
    valid = _sign(file_key, message_id, expires, is_download=DOWNLOAD in query)
    return hmac.compare_digest(signature.encode(errors="replace"), valid.encode())


def _sign(key: str, message_id: str, expires: str, *, is_download: bool) -> str:
    # All that a link says is signed: none can be changed into one of another file, time or purpose.
    signed = f"file {message_id} {expires} {'saved' if is_download else 'shown'}"
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()


async def _may_read(context: Context, conversation_id: int) -> bool:
    try:
        await check_may_read(context.stores, context.actor, conversation_id)
    except (ForbiddenError, NotFoundError):
        return False
    return True
