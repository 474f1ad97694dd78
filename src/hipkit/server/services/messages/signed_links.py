"""Links to one message and its file, which need no account and end 30 days after it was sent.

Whoever reads a message elsewhere has no account here. The same message always has the same link,
so that what is sent once more is the same. A link says which message, until when, and proves with
the server's own secret that this server made it; nothing is looked up before that is checked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from hipkit.api.errors import NotFoundError
from hipkit.server.events.posted import PostedMessage
from hipkit.server.services.access.keys import new_key
from hipkit.server.services.context import Context, Runtime
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord

__all__ = ["PURPOSE", "MessageLinks", "find_linked_message", "open_message_links"]

PURPOSE = "links to messages"
VALID_SECONDS = 30 * 24 * 60 * 60
SEAL = re.compile(r"([0-9]{1,12})-([A-Za-z0-9_-]{43})")
MESSAGE_ID = re.compile(r"[0-9a-f-]{36}")

GONE = "There is no such message, or this link to it has ended"
"""The same for each reason, so that nobody learns which messages there are."""


class MessageLinks:
    """Makes links to messages below a public address."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._root = public_url.rstrip("/")
        self._secret = secret

    def message(self, message: PostedMessage) -> str:
        """Return a link to a message."""
        expires = message.sent_us // SECOND_US + VALID_SECONDS
        return f"{self._root}/m/{message.id}/{_seal(self._secret, message.id, expires)}"

    def file(self, message: PostedMessage) -> str:
        """Return a link to the file of a message."""
        return f"{self.message(message)}/file"


async def open_message_links(runtime: Runtime) -> MessageLinks | None:
    """Return what makes links to messages; `None` where the server has no public address.

    Raises:
        StorageError: The database cannot be read or written.
    """
    public_url = runtime.settings.public_url
    if public_url is None:
        return None

    async def command(stores: Stores) -> str:
        await stores.server_keys.add(PURPOSE, new_key())
        return await stores.server_keys.get(PURPOSE) or ""

    return MessageLinks(public_url, await runtime.database.write(command))


async def find_linked_message(
    context: Context, message_id: str, seal: str
) -> tuple[int, MessageRecord]:
    """Return the group and the message that a link leads to.

    Raises:
        NotFoundError: The link has ended or this server did not make it, or the message was
            deleted, or its room.
    """
    stores = context.stores
    secret = await stores.server_keys.get(PURPOSE)
    now = context.now_us // SECOND_US
    if secret is None or not _is_valid(secret, message_id, seal, now):
        raise NotFoundError(GONE)
    message = await stores.messages.find(message_id)
    if message is None or message.is_deleted:
        raise NotFoundError(GONE)
    conversation = await stores.messages.conversation(message.conversation_id)
    if conversation is None or conversation.is_of_a_deleted_room:
        raise NotFoundError(GONE)
    return conversation.group_id, message


def _is_valid(secret: str, message_id: str, seal: str, now: int) -> bool:
    found = SEAL.fullmatch(seal)
    if found is None or MESSAGE_ID.fullmatch(message_id) is None:
        return False
    expires = int(found[1])
    valid = _seal(secret, message_id, expires)
    return hmac.compare_digest(seal.encode(), valid.encode()) and now < expires


def _seal(secret: str, message_id: str, expires: int) -> str:
    signed = f"message {message_id} {expires}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{expires}-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
