"""What every view of messages shares: renderer, feeds, and one way to show a conversation."""

from __future__ import annotations

import jinja2
from starlette.responses import Response

from hipkit.api.errors import BadRequestError
from hipkit.server.app import Server
from hipkit.server.page.feed import Check, FeedResponse, Feeds, Reader
from hipkit.server.page.rendering import Renderer
from hipkit.server.page.security import policy
from hipkit.server.page.views.history import (
    Part,
    Place,
    read_after,
    read_around,
    read_before,
    read_newest,
)
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
        self.feeds = Feeds(server.database, server.signals, self.renderer)
        server.before_stop.append(self.feeds.close)

    async def part(self, visit: Visit, place: Place) -> Part:
        """Return the part of a conversation that an address asks for, else the newest.

        Raises:
            NotFoundError: It asks for a message that is not here.
            BadRequestError: It asks for no moment.
        """
        stores = visit.context.stores
        if message_id := visit.query("at"):
            return await read_around(stores, self.renderer, place, message_id)
        if before := visit.query("before"):
            return await read_before(stores, self.renderer, place, _moment(before))
        if after := visit.query("after"):
            return await read_after(stores, self.renderer, place, _moment(after))
        return await read_newest(stores, self.renderer, place)

    def allow_pictures(self, response: Response) -> Response:
        """Let an answer that holds messages load the pictures that the operator allows."""
        if self._outside_pictures:
            allowed = policy(img_src="'self' https: http:")
            response.headers["Content-Security-Policy"] = allowed
        return response

    async def history(self, visit: Visit, place: Place) -> Response:
        """Answer with a part of a conversation that joins what the reader has."""
        edges = ("newer",) if visit.query("after") else ("older",)
        part = await self.part(visit, place)
        return visit.part("history.html", part=part, place=place, edges=edges)

    def feed(
        self, visit: Visit, place: Place, reader: Reader, may_stay: Check
    ) -> Response:
        """Answer with what is said from a moment on."""
        is_guest = reader.user_id is None
        if self.feeds.is_full or (is_guest and self.feeds.is_half_full):
            return Response(status_code=503, headers={"Retry-After": RETRY_SECONDS})
        after = visit.request.headers.get(LAST_EVENT_ID) or visit.query("after", "0")
        after_us = max(_moment(after), place.oldest_us - 1)
        return FeedResponse(
            self.feeds, place, after_us=after_us, reader=reader, may_stay=may_stay
        )


def chat_of(visit: Visit) -> Chat:
    """Return what shows conversations on the server that a visit is to."""
    chat = visit.request.app.state.chat
    if not isinstance(chat, Chat):
        raise TypeError("the page was put together without its chat")
    return chat


LONGEST_MOMENT = 19
"""Digits; more, even zeros before others, are too many for a database."""


def _moment(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_MOMENT
    if is_number and int(text) < LATEST_US:
        return int(text)
    raise BadRequestError("This is no moment of a history")
