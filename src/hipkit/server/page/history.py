"""Reads a conversation part by part, rendered for the page.

A part is found by the timestamp at which its neighbour ends, never by counting rows, so the
millionth message takes no longer than the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hipkit.api.errors import NotFoundError
from hipkit.server.page.rendering import Renderer
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord

__all__ = ["PART_MESSAGES", "ConversationView", "History", "Part"]

PART_MESSAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation, and how much of it its reader may see.

    Attributes:
        address: The path of its page, such as `/rooms/7`.
        feed: The address of its stream, such as `/feed?room=7`.
        oldest_us: The earliest timestamp that is shown.
    """

    group_id: int
    conversation_id: int
    address: str
    feed: str = ""
    oldest_us: int = 0
    room_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Consecutive messages, oldest first, and whether there are older and newer ones."""

    messages: Sequence[Markup]
    first_us: int
    last_us: int
    has_older: bool
    has_newer: bool


@dataclass(frozen=True, slots=True)
class History:
    """A conversation's messages, in parts of `PART_MESSAGES`."""

    stores: Stores
    renderer: Renderer
    conversation: ConversationView

    async def newest(self) -> Part:
        """Return the newest messages."""
        return await self.before(LATEST_US, has_newer=False)

    async def before(self, sent_us: int, *, has_newer: bool = True) -> Part:
        """Return the messages just before a timestamp."""
        found = await self._before(sent_us, PART_MESSAGES + 1)
        return await self._part(
            found[:PART_MESSAGES][::-1],
            has_older=len(found) > PART_MESSAGES,
            has_newer=has_newer,
        )

    async def after(self, sent_us: int) -> Part:
        """Return the messages just after a timestamp."""
        found = await self._after(sent_us, PART_MESSAGES + 1)
        return await self._part(
            found[:PART_MESSAGES],
            has_older=True,
            has_newer=len(found) > PART_MESSAGES,
        )

    async def around(self, message_id: str) -> Part:
        """Return one message and its neighbours.

        Raises:
            NotFoundError: It is not in this conversation, or older than its reader may see.
        """
        message = await self.stores.messages.get(
            self.conversation.conversation_id, message_id
        )
        if message is None or message.sent_us < self.conversation.oldest_us:
            raise NotFoundError("There is no such message here")
        half = PART_MESSAGES // 2
        before = await self._before(message.sent_us, half + 1)
        after = await self._after(message.sent_us, half + 1)
        return await self._part(
            [*before[:half][::-1], message, *after[:half]],
            has_older=len(before) > half,
            has_newer=len(after) > half,
        )

    async def _before(self, sent_us: int, count: int) -> list[MessageRecord]:
        return await self.stores.messages.page(
            self.conversation.conversation_id,
            newest_us=sent_us - 1,
            oldest_us=self.conversation.oldest_us,
            include_deleted=True,
            start=0,
            count=count,
        )

    async def _after(self, sent_us: int, count: int) -> list[MessageRecord]:
        start_us = max(sent_us, self.conversation.oldest_us - 1)
        return await self.stores.messages.after(
            self.conversation.conversation_id, start_us, count=count
        )

    async def _part(
        self, messages: Sequence[MessageRecord], *, has_older: bool, has_newer: bool
    ) -> Part:
        rendered = await self.renderer.render_all(
            self.stores,
            self.conversation.group_id,
            messages,
            oldest_us=self.conversation.oldest_us,
        )
        return Part(
            messages=[Markup(one) for one in rendered],  # noqa: S704 - the renderer's own
            first_us=messages[0].sent_us if messages else 0,
            last_us=messages[-1].sent_us if messages else self.conversation.oldest_us,
            has_older=has_older,
            has_newer=has_newer,
        )
