"""Reads a conversation part by part, each ready to be shown.

Parts are found by the moment where the last one ended and never by counting, so the millionth
message takes no longer than the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hipkit.api.errors import NotFoundError
from hipkit.server.page.rendering import Renderer, gather
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord

__all__ = [
    "PART_MESSAGES",
    "Part",
    "Place",
    "read_after",
    "read_around",
    "read_before",
    "read_newest",
]

PART_MESSAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A conversation as somebody sees it.

    Attributes:
        address: Where its page is, such as `/rooms/7`.
        oldest_us: What was said before this moment is not shown.
    """

    group_id: int
    conversation_id: int
    address: str
    oldest_us: int = 0
    room_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some messages in a row, oldest first, and whether others lie before and behind."""

    messages: Sequence[Markup]
    first_us: int
    last_us: int
    has_older: bool
    has_newer: bool


async def read_newest(stores: Stores, renderer: Renderer, place: Place) -> Part:
    """Read the newest messages."""
    return await read_before(stores, renderer, place, LATEST_US, has_newer=False)


async def read_before(
    stores: Stores,
    renderer: Renderer,
    place: Place,
    moment_us: int,
    *,
    has_newer: bool = True,
) -> Part:
    """Read the messages just before a moment."""
    found = await _before(stores, place, moment_us, PART_MESSAGES + 1)
    return await _part(
        stores,
        renderer,
        place,
        found[:PART_MESSAGES][::-1],
        has_older=len(found) > PART_MESSAGES,
        has_newer=has_newer,
    )


async def read_after(
    stores: Stores,
    renderer: Renderer,
    place: Place,
    moment_us: int,
) -> Part:
    """Read the messages just after a moment."""
    found = await _after(stores, place, moment_us, PART_MESSAGES + 1)
    return await _part(
        stores,
        renderer,
        place,
        found[:PART_MESSAGES],
        has_older=True,
        has_newer=len(found) > PART_MESSAGES,
    )


async def read_around(
    stores: Stores, renderer: Renderer, place: Place, message_id: str
) -> Part:
    """Read one message and what stands around it.

    Raises:
        NotFoundError: It is not here.
    """
    message = await stores.messages.get(place.conversation_id, message_id)
    if message is None or message.sent_us < place.oldest_us:
        raise NotFoundError("There is no such message here")
    half = PART_MESSAGES // 2
    before = await _before(stores, place, message.sent_us, half + 1)
    after = await _after(stores, place, message.sent_us, half + 1)
    return await _part(
        stores,
        renderer,
        place,
        [*before[:half][::-1], message, *after[:half]],
        has_older=len(before) > half,
        has_newer=len(after) > half,
    )


async def _before(
    stores: Stores, place: Place, moment_us: int, count: int
) -> list[MessageRecord]:
    return await stores.messages.page(
        place.conversation_id,
        newest_us=moment_us - 1,
        oldest_us=place.oldest_us,
        include_deleted=True,
        start=0,
        count=count,
    )


async def _after(
    stores: Stores, place: Place, moment_us: int, count: int
) -> list[MessageRecord]:
    start_us = max(moment_us, place.oldest_us - 1)
    return await stores.messages.after(place.conversation_id, start_us, count=count)


async def _part(
    stores: Stores,
    renderer: Renderer,
    place: Place,
    messages: Sequence[MessageRecord],
    *,
    has_older: bool,
    has_newer: bool,
) -> Part:
    around = await gather(stores, place.group_id, messages)
    return Part(
        messages=[
            Markup(renderer.render(one, around))  # noqa: S704 - the renderer's own
            for one in messages
        ],
        first_us=messages[0].sent_us if messages else 0,
        last_us=messages[-1].sent_us if messages else place.oldest_us,
        has_older=has_older,
        has_newer=has_newer,
    )
