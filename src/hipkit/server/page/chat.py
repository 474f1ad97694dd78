"""Shows a conversation: its history, and a stream of its new messages.

Rooms and a room's guest page are shown alike; what differs is in `ConversationView`.
"""

from __future__ import annotations

import jinja2
from starlette.responses import Response

from hipkit.api.errors import BadRequestError
from hipkit.server.app import Server
from hipkit.server.page.feed import Feeds
from hipkit.server.page.history import ConversationView, History, Part
from hipkit.server.page.rendering import Renderer
from hipkit.server.page.security import policy
from hipkit.server.page.streams import AccessCheck, EventStreamResponse, Reader
from hipkit.server.page.visit import Visit
from hipkit.server.services.representations.timestamps import LATEST_US

__all__ = ["Chat", "chat_of"]

LAST_EVENT_ID = "last-event-id"
RETRY_SECONDS = "10"


class Chat:
    """Shows conversations of one server."""

    def __init__(self, server: Server, environment: jinja2.Environment) -> None:
        self.renderer = Renderer(
            environment, outside_pictures=server.settings.outside_pictures
        )
        self._outside_pictures = server.settings.outside_pictures
        self.feeds = Feeds(server.database, server.runtime.signals, self.renderer)
        server.before_stop.append(self.feeds.close)

    async def part(self, visit: Visit, conversation: ConversationView) -> Part:
        """Return the part of a conversation that the query asks for, by default the newest.

        Raises:
            NotFoundError: `at` names a message that is not in the conversation.
            BadRequestError: `before` or `after` is not a timestamp.
        """
        history = History(visit.context.stores, self.renderer, conversation)
        if message_id := visit.query("at"):
            return await history.around(message_id)
        if before := visit.query("before"):
            return await history.before(_timestamp(before))
        if after := visit.query("after"):
            return await history.after(_timestamp(after))
        return await history.newest()

    def allow_pictures(self, response: Response) -> Response:
        """Allow pictures from other servers in a response, where the operator does."""
        if self._outside_pictures:
            allowed = policy(img_src="'self' https: http:")
            response.headers["Content-Security-Policy"] = allowed
        return response

    async def history(self, visit: Visit, conversation: ConversationView) -> Response:
        """Answer with the part of a conversation that adjoins what the reader has."""
        edges = ("newer",) if visit.query("after") else ("older",)
        part = await self.part(visit, conversation)
        return visit.part(
            "history.html", part=part, conversation=conversation, edges=edges
        )

    def feed(
        self,
        visit: Visit,
        conversation: ConversationView,
        reader: Reader,
        may_read: AccessCheck,
    ) -> Response:
        """Answer with a stream of the messages after a timestamp."""
        if self.feeds.is_full_for(reader):
            return Response(status_code=503, headers={"Retry-After": RETRY_SECONDS})
        after = visit.request.headers.get(LAST_EVENT_ID) or visit.query("after", "0")
        after_us = max(_timestamp(after), conversation.oldest_us - 1)
        opening = self.feeds.streaming(conversation, after_us, reader, may_read)
        return EventStreamResponse(opening, self.feeds.timing)


def chat_of(visit: Visit) -> Chat:
    """Return the `Chat` of the server that a visit is to."""
    chat = visit.request.app.state.chat
    if not isinstance(chat, Chat):
        raise TypeError("the page was put together without its chat")
    return chat


LONGEST_TIMESTAMP = 19
"""Digits; more, even zeros before others, are too many for a database."""


def _timestamp(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_TIMESTAMP
    if is_number and int(text) < LATEST_US:
        return int(text)
    raise BadRequestError("This is not a timestamp, in microseconds since 1970")
