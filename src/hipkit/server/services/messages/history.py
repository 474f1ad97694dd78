"""Read messages: by date, the latest, or a single one. The rules are HipChat's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import chatting_user, find_room, find_user
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.messages.message import MessageForms, people_in
from hipkit.server.services.people.details import full_users
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.paging import RECENT_RESULTS, Slice
from hipkit.server.services.representations.timestamps import (
    EARLIEST_US,
    LATEST_US,
    find_zone,
    to_us,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.v2.models import MessageEnvelope, MessagePage, PageLinks
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
"""Skipping more messages than this is no short read."""


@dataclass(frozen=True, slots=True)
class _Conversation:
    """Where messages are read from: a room, or a private chat that may not have begun."""

    id: int | None
    address: str


@handles(GetRoomHistory)
@handles(GetPrivatechatHistory)
async def get_history(context: Context, request: HistoryRequest) -> MessagePage:
    """Read a page of a history.

    Without a date: the latest 75 messages, on one page. With one: pages from that moment back.
    `reverse` turns the messages of a page round, not the pages.
    """
    zone = find_zone(request.timezone)
    date = request.date
    if date is None or date == RECENT:
        newest = _Range(part=None, newest_us=LATEST_US, oldest_us=EARLIEST_US)
    elif isinstance(date, datetime):
        newest = _dated_range(request, date, zone)
    else:
        raise InvalidValueError(
            "date", "format", "is neither 'recent' nor an ISO 8601 date", date
        )
    is_far = newest.part is not None and newest.part.start > FAR_START

    async def query(stores: Stores) -> MessagePage:
        return await _read(context, stores, request, newest, zone)

    # Any number of deleted messages may lie between two others.
    is_long = is_far or request.include_deleted is False or bool(request.expand)
    return await (
        context.runtime.database.scan(query) if is_long else query(context.stores)
    )


@handles(GetRecentRoomHistory)
@handles(GetRecentPrivatechatHistory)
async def get_recent_history(context: Context, request: RecentRequest) -> MessagePage:
    """Read the latest messages, oldest first, none of them before `not-before`.

    Raises:
        NotFoundError: There is no such message here.
    """
    zone = find_zone(request.timezone)

    async def query(stores: Stores) -> MessagePage:
        return await _read_recent(context, stores, request, zone)

    is_long = request.include_deleted is False or bool(request.expand)
    return await (
        context.runtime.database.scan(query) if is_long else query(context.stores)
    )


async def _read_recent(
    context: Context, stores: Stores, request: RecentRequest, zone: tzinfo
) -> MessagePage:
    place = await _find_conversation(context, stores, _reference(request))
    oldest_us = EARLIEST_US
    if request.not_before:
        first = await _find_message(stores, place, request.not_before)
        oldest_us = first.sent_us
    size = RECENT_RESULTS if request.max_results is None else request.max_results
    found = await _messages(
        stores,
        place,
        newest_us=LATEST_US,
        oldest_us=oldest_us,
        include_deleted=request.include_deleted is not False,
        start=0,
        count=size,
    )
    forms = await _forms(
        context, stores, found, Expansion(request.expand).below("items"), zone
    )
    return MessagePage(
        items=[forms.show(message) for message in reversed(found)],
        start_index=0,
        max_results=size,
        links=PageLinks(self_=f"{place.address}/latest"),
    )


@handles(GetRoomMessage)
@handles(GetPrivatechatMessage)
async def get_message(context: Context, request: MessageRequest) -> MessageEnvelope:
    """Read one message.

    Raises:
        NotFoundError: It is not here, or deleted and not asked for.
    """
    stores, zone = context.stores, find_zone(request.timezone)
    place = await _find_conversation(context, stores, _reference(request))
    message = await _find_message(stores, place, request.message_id)
    if message.is_deleted and request.include_deleted is False:
        raise NotFoundError(f"Message {request.message_id} not found")
    wanted = request.expand if isinstance(request, GetRoomMessage) else None
    expand = Expansion(wanted).below("message")
    forms = await _forms(context, stores, [message], expand, zone)
    return MessageEnvelope(message=forms.show(message))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    part: Slice | None
    """`None` for the latest messages, which have no pages."""
    newest_us: int
    oldest_us: int


def _dated_range(request: HistoryRequest, date: datetime, zone: tzinfo) -> _Range:
    end = request.end_date
    query = {
        "date": date.isoformat(),
        "reverse": str(request.reverse is not False).lower(),
        "include_deleted": str(request.include_deleted is not False).lower(),
    }
    if end is not None:
        query["end-date"] = end.isoformat()
    if request.timezone is not None:
        query["timezone"] = request.timezone
    if request.expand:
        query["expand"] = ",".join(request.expand)
    return _Range(
        part=Slice.of("", request.start_index, request.max_results, query),
        newest_us=to_us(_with_zone(date, zone)),
        oldest_us=EARLIEST_US if end is None else to_us(_with_zone(end, zone)),
    )


async def _read(
    context: Context,
    stores: Stores,
    request: HistoryRequest,
    wanted: _Range,
    zone: tzinfo,
) -> MessagePage:
    place = await _find_conversation(context, stores, _reference(request))
    part = Slice(address=place.address, size=RECENT_RESULTS)
    if wanted.part is not None:
        part = wanted.part.at(place.address)
    found = await _messages(
        stores,
        place,
        newest_us=wanted.newest_us,
        oldest_us=wanted.oldest_us,
        include_deleted=request.include_deleted is not False,
        start=part.start,
        count=part.count,
    )
    shown = list(part.items(found))
    forms = await _forms(
        context, stores, shown, Expansion(request.expand).below("items"), zone
    )
    if request.reverse is not False:
        shown.reverse()
    links = part.links(found)
    if wanted.part is None:
        links = PageLinks(self_=place.address)
    return MessagePage(
        items=[forms.show(message) for message in shown],
        start_index=part.start,
        max_results=part.size,
        links=links,
    )


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


async def _messages(
    stores: Stores,
    place: _Conversation,
    *,
    newest_us: int,
    oldest_us: int,
    include_deleted: bool,
    start: int,
    count: int,
) -> list[MessageRecord]:
    if place.id is None:
        return []
    return await stores.messages.page(
        place.id,
        newest_us=newest_us,
        oldest_us=oldest_us,
        include_deleted=include_deleted,
        start=start,
        count=count,
    )


async def _forms(
    context: Context,
    stores: Stores,
    messages: Sequence[MessageRecord],
    expand: Expansion,
    zone: tzinfo,
) -> MessageForms:
    people = await people_in(stores, messages)
    wants_senders, wants_mentions = "from" in expand, "mentions" in expand
    full = {}
    if wants_senders or wants_mentions:
        full = await full_users(context, stores, people)
    return MessageForms(
        addresses=context.addresses,
        people=people,
        zone=zone,
        full_senders=full if wants_senders else {},
        full_mentions=full if wants_mentions else {},
    )


def _reference(
    request: HistoryRequest | RecentRequest | MessageRequest,
) -> tuple[str, str | int]:
    if isinstance(request, (GetRoomHistory, GetRecentRoomHistory, GetRoomMessage)):
        return "room", request.room_id_or_name
    return "user", request.id_or_email


def _with_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Read a date without offset as one of the caller's time zone."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
