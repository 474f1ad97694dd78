"""Reads messages: by date, the latest, or a single one. The rules are HipChat's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import chatting_user, find_room, find_user
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.messages.message import MessageRepresenter, users_of
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.paging import RECENT_RESULTS, Slice
from hipkit.server.services.representations.timestamps import (
    EARLIEST_US,
    LATEST_US,
    find_zone,
    to_us,
)
from hipkit.server.storage.protocol import Query, Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.v2.models import Message, MessageEnvelope, MessagePage
from hipkit.v2.rooms import GetRecentRoomHistory, GetRoomHistory, GetRoomMessage
from hipkit.v2.users import (
    GetPrivatechatHistory,
    GetPrivatechatMessage,
    GetRecentPrivatechatHistory,
)

__all__ = ["RECENT", "get_history", "get_message", "get_recent_history"]

HistoryRequest = GetRoomHistory | GetPrivatechatHistory
RecentRequest = GetRecentRoomHistory | GetRecentPrivatechatHistory
MessageRequest = GetRoomMessage | GetPrivatechatMessage

RECENT = "recent"

FAR_START = 500
"""Skipping more messages than this takes too long for the event loop."""


@dataclass(frozen=True, slots=True)
class _Conversation:
    """A room, or a private chat that may not have begun."""

    id: int | None
    address: str
    """Of its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """Which messages to read."""

    part: Slice
    """Its address begins below the conversation's history."""
    zone: tzinfo
    newest_us: int = LATEST_US
    oldest_us: int = EARLIEST_US
    oldest_first: bool = True
    """Within a page; pages go from the newest message back."""


@handles(GetRoomHistory)
@handles(GetPrivatechatHistory)
async def get_history(context: Context, request: HistoryRequest) -> MessagePage:
    """Return a page of a history.

    Without a date: the latest 75 messages, on one page. With one: pages from that date back.
    `reverse` reverses the messages within a page, not the pages.
    """
    zone = find_zone(request.timezone)
    wanted = _range_of(request, zone)

    async def query(stores: Stores) -> MessagePage:
        place = await _find_conversation(context, stores, _reference(request))
        return await _page(context, stores, place, wanted, request)

    is_far = wanted.part.start > FAR_START
    return await _run(context, query, request, is_far=is_far)


@handles(GetRecentRoomHistory)
@handles(GetRecentPrivatechatHistory)
async def get_recent_history(context: Context, request: RecentRequest) -> MessagePage:
    """Return the latest messages, oldest first, none of them before `not-before`.

    Raises:
        NotFoundError: There is no such message here.
    """
    zone = find_zone(request.timezone)
    size = RECENT_RESULTS if request.max_results is None else request.max_results

    async def query(stores: Stores) -> MessagePage:
        place = await _find_conversation(context, stores, _reference(request))
        oldest_us = EARLIEST_US
        if request.not_before:
            oldest_us = (await _find_message(stores, place, request.not_before)).sent_us
        latest = _latest(request, "/latest", size)
        wanted = _Range(part=latest, zone=zone, oldest_us=oldest_us)
        return await _page(context, stores, place, wanted, request)

    return await _run(context, query, request)


@handles(GetRoomMessage)
@handles(GetPrivatechatMessage)
async def get_message(context: Context, request: MessageRequest) -> MessageEnvelope:
    """Return one message.

    Raises:
        NotFoundError: It is not here, or deleted and deleted ones are not included.
    """
    stores, zone = context.stores, find_zone(request.timezone)
    place = await _find_conversation(context, stores, _reference(request))
    message = await _find_message(stores, place, request.message_id)
    if message.is_deleted and request.include_deleted is False:
        raise NotFoundError(f"Message {request.message_id} not found")
    wanted = request.expand if isinstance(request, GetRoomMessage) else None
    expand = Expansion(wanted).below("message")
    [shown] = await _represent(context, stores, [message], expand, zone)
    return MessageEnvelope(message=shown)


async def _run(
    context: Context,
    query: Query[MessagePage],
    request: HistoryRequest | RecentRequest,
    *,
    is_far: bool = False,
) -> MessagePage:
    """Run a query where it stands if it is short, else on a reader thread."""
    # Any number of deleted messages may lie between two others.
    is_long = is_far or request.include_deleted is False or bool(request.expand)
    return await (
        context.runtime.database.scan(query) if is_long else query(context.stores)
    )


def _range_of(request: HistoryRequest, zone: tzinfo) -> _Range:
    """Return the range that a request asks for, or raise `InvalidValueError` for its date."""
    date, end = request.date, request.end_date
    oldest_first = request.reverse is not False
    if date is None or date == RECENT:
        latest = _latest(request, "", RECENT_RESULTS)
        return _Range(part=latest, zone=zone, oldest_first=oldest_first)
    if not isinstance(date, datetime):
        raise InvalidValueError(
            "date", "format", "is neither 'recent' nor an ISO 8601 date", date
        )
    query: dict[str, str | bool] = {
        "date": date.isoformat(),
        "reverse": oldest_first,
        "include_deleted": request.include_deleted is not False,
    }
    if end is not None:
        query["end-date"] = end.isoformat()
    if request.timezone is not None:
        query["timezone"] = request.timezone
    return _Range(
        part=Slice.of("", request, query),
        zone=zone,
        newest_us=to_us(_with_zone(date, zone)),
        oldest_us=EARLIEST_US if end is None else to_us(_with_zone(end, zone)),
        oldest_first=oldest_first,
    )


def _latest(request: HistoryRequest | RecentRequest, address: str, size: int) -> Slice:
    expand = Expansion(request.expand)
    return Slice(address=address, size=size, expand=expand, has_neighbours=False)


async def _find_conversation(
    context: Context, stores: Stores, reference: tuple[str, str | int]
) -> _Conversation:
    kind, name = reference
    actor = context.actor
    if kind == "room":
        room = await find_room(stores, actor, name)
        address = f"{context.addresses.room(room.id)}/history"
        return _Conversation(room.conversation_id, address)
    caller = chatting_user(actor)
    other = await find_user(stores, actor, name)
    conversation_id = await stores.messages.private_conversation(caller.id, other.id)
    return _Conversation(conversation_id, f"{context.addresses.user(other.id)}/history")


async def _find_message(
    stores: Stores, place: _Conversation, message_id: str
) -> MessageRecord:
    message = None
    if place.id is not None:
        message = await stores.messages.get(place.id, message_id)
    if message is None:
        raise NotFoundError(f"Message {message_id} not found")
    return message


async def _page(
    context: Context,
    stores: Stores,
    place: _Conversation,
    wanted: _Range,
    request: HistoryRequest | RecentRequest,
) -> MessagePage:
    found: list[MessageRecord] = []
    part = wanted.part.at(f"{place.address}{wanted.part.address}")
    if place.id is not None:
        found = await stores.messages.page(
            place.id,
            newest_us=wanted.newest_us,
            oldest_us=wanted.oldest_us,
            include_deleted=request.include_deleted is not False,
            start=part.start,
            count=part.count,
        )
    shown = part.items(found)
    if wanted.oldest_first:
        shown = shown[::-1]
    expand = part.expand.below("items")
    items = await _represent(context, stores, shown, expand, wanted.zone)
    return part.page(MessagePage, found, items)


async def _represent(
    context: Context,
    stores: Stores,
    messages: Sequence[MessageRecord],
    expand: Expansion,
    zone: tzinfo,
) -> list[Message]:
    users = await users_of(stores, messages)
    expands_senders, expands_mentions = "from" in expand, "mentions" in expand
    full = {}
    if expands_senders or expands_mentions:
        full = {id: await full_user(context, stores, users[id]) for id in users}
    representer = MessageRepresenter(
        addresses=context.addresses,
        users=users,
        zone=zone,
        full_senders=full if expands_senders else {},
        full_mentions=full if expands_mentions else {},
    )
    return [representer.represent(message) for message in messages]


def _reference(
    request: HistoryRequest | RecentRequest | MessageRequest,
) -> tuple[str, str | int]:
    if isinstance(request, (GetRoomHistory, GetRecentRoomHistory, GetRoomMessage)):
        return "room", request.room_id_or_name
    return "user", request.id_or_email


def _with_zone(date: datetime, zone: tzinfo) -> datetime:
    """Return a date whose offset, where it has none, is the requested time zone's."""
    return date if date.tzinfo is not None else date.replace(tzinfo=zone)
