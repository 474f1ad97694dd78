"""One odd item costs neither its page nor the walk: it is handed over, and the rest is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import AsyncHipChat, HistoryPosition, ResponseError, UnreadableItem
from hipkit.transports.protocol import RawResponse, Request
from hipkit.v1 import RoomsList
from hipkit.v2 import GetAllRooms, GetRoom, GetRoomHistory
from tests.scripted import (
    BASE_URL,
    KINDS,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    listed,
    script_for,
)
from tests.unit.client.test_history import Chat, chats, in_order, moments
from tests.unit.client.test_paging import any_kind, note

both = pytest.mark.parametrize("kind", KINDS)

ODD = {
    "a date in words": {"date": "yesterday"},
    "no date": {"date": None},
    "a date that is an object": {"date": {}},
    "a file without members": {"file": {}},
    "mentions in words": {"mentions": ["jane", "@all"]},
    "a date of another age": {"date": "0001-01-01T00:00:00+00:00", "file": {}},
    "a date to come": {"date": "9999-12-31T23:59:59+00:00", "mentions": [5]},
    "no id": {"id": None},
    "an id that is a list": {"id": []},
    "nothing": None,
    "a text": "gone",
}


@dataclass
class OddChat(Chat):
    """A history in which some messages do not have the form that the spec gives them."""

    odd: dict[int, Any] = field(default_factory=dict)
    """Number of a message -> the members that differ, or what stands in its place."""

    def _item(self, number: int, date: datetime) -> object:
        item = {"id": f"m{number}", "date": date.isoformat(), "message": f"x{number}"}
        if number not in self.odd:
            return item
        change = self.odd[number]
        if isinstance(change, dict):
            return {**item, **change}
        return change and f"{change} {number}"


def names(items: list[UnreadableItem]) -> list[str]:
    """Return the number of each message that was handed over, as its text has it."""
    return [
        str(raw["message"] if isinstance(raw := item.raw, dict) else raw)
        for item in items
    ]


def item_of(error: ResponseError) -> UnreadableItem:
    """Return the item that an error is about."""
    assert error.item is not None
    return error.item


def stored(item: UnreadableItem, reached: HistoryPosition | None) -> HistoryPosition:
    """Return the position behind an item, as a program may have kept it."""
    assert item.position is not None
    assert item.position == reached
    return HistoryPosition.from_json(item.position.to_json())


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
@both
def test_an_unreadable_message_is_passed_on_and_the_walk_continues(
    kind: Kind, change: Any
) -> None:
    chat = OddChat(
        moments(*range(0, 90, 10)), recent_size=4, odd={6: change, 2: change}
    )
    handed: list[UnreadableItem] = []
    client = connect(kind, script_for(kind, chat))
    source = GetRoomHistory("ops", max_results=3)
    walk = client.history(source, on_unreadable=handed.append)
    assert [each.id for each in listed(walk)] == [
        f"m{number}" for number in (8, 7, 5, 4, 3, 1, 0)
    ]
    raw = chat._item(6, chat.dates[6])
    assert handed[0].raw == raw
    assert handed[0].where.startswith("$.items[2]")
    assert handed[0].reason
    assert isinstance(handed[0].operation, GetRoomHistory)
    # Two that look the same, far apart, are two.
    assert len(handed) == 2


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
@both
def test_without_a_function_an_unreadable_message_is_an_error_after_which_the_walk_resumes(
    kind: Kind, change: Any
) -> None:
    chat = OddChat(
        moments(*range(0, 90, 10)), recent_size=4, odd={6: change, 2: change}
    )
    client = connect(kind, script_for(kind, chat))
    source = GetRoomHistory("ops", max_results=3)
    seen: list[Any] = []
    errors: list[ResponseError] = []
    position: HistoryPosition | None = None
    while True:
        walk = client.history(source, resume=position)
        try:
            listed(note(walk, seen))
            break
        except ResponseError as error:
            errors.append(error)
            position = stored(item_of(error), walk.position)
    assert [each.id for each in seen] == [
        f"m{number}" for number in (8, 7, 5, 4, 3, 1, 0)
    ]
    assert len(errors) == 2
    (first, _) = errors
    assert item_of(first).raw == chat._item(6, chat.dates[6])
    assert first.where == item_of(first).where
    assert "on_unreadable" in str(first)
    assert "GET /room/ops/history" in str(first)


@both
def test_a_client_and_a_call_take_the_function_as_any_option(kind: Kind) -> None:
    chat = OddChat(moments(*range(3)), odd={1: {"file": {}}})
    handed: list[UnreadableItem] = []
    script = script_for(kind, chat)
    client = connect(kind, script, on_unreadable=handed.append)
    assert [each.id for each in listed(client.history("ops"))] == ["m2", "m0"]
    derived = connect(kind, script).with_options(on_unreadable=handed.append)
    assert [each.id for each in listed(derived.history("ops"))] == ["m2", "m0"]
    page = done(client.rooms.get_room_history("ops"))
    assert [each.id for each in page.items] == ["m0", "m2"]
    assert names(handed) == ["x1", "x1", "x1"]
    with pytest.raises(ResponseError):
        listed(client.history("ops", on_unreadable=None))


def test_an_async_function_is_a_mistake_of_the_program() -> None:
    async def late(_: UnreadableItem) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="plain function"):
        AsyncHipChat(TOKEN, base_url=BASE_URL, on_unreadable=late)


@both
def test_what_the_function_raises_ends_the_walk(kind: Kind) -> None:
    chat = OddChat(moments(*range(5)), odd={3: {"file": {}}})

    def refuse(_: UnreadableItem) -> None:
        raise ZeroDivisionError

    client = connect(kind, script_for(kind, chat), on_unreadable=refuse)
    walk = client.history("ops")
    seen: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        listed(note(walk, seen))
    assert [each.id for each in seen] == ["m4"]
    rest = client.history("ops", resume=walk.position)
    assert [each.id for each in listed(rest)] == ["m2", "m1", "m0"]


@both
def test_an_unreadable_message_does_not_count_towards_the_limit(kind: Kind) -> None:
    chat = OddChat(moments(*range(9)), odd={7: {"file": {}}, 5: {"file": {}}})
    handed: list[UnreadableItem] = []
    client = connect(kind, script_for(kind, chat), on_unreadable=handed.append)
    found = [each.id for each in listed(client.history("ops", limit=2))]
    assert found == ["m8", "m6"]
    assert names(handed) == ["x7"]


@both
def test_where_no_message_at_all_can_be_read_the_walk_still_ends(kind: Kind) -> None:
    odd = {number: {"date": "soon"} for number in range(200)}
    chat = OddChat(moments(*range(200)), recent_size=20, odd=odd)
    handed: list[UnreadableItem] = []
    client = connect(kind, script_for(kind, chat), on_unreadable=handed.append)
    source = GetRoomHistory("ops", max_results=30)
    assert listed(client.history(source)) == []
    assert names(handed) == [f"x{number}" for number in range(199, -1, -1)]


@both
def test_readable_messages_after_many_unreadable_ones_are_reached(kind: Kind) -> None:
    odd = {number: {"date": "soon"} for number in range(5, 200)}
    chat = OddChat(moments(*range(201)), recent_size=20, largest_page=30, odd=odd)
    handed: list[UnreadableItem] = []
    client = connect(kind, script_for(kind, chat), on_unreadable=handed.append)
    found = [each.id for each in listed(client.history("ops"))]
    assert found == ["m200", "m4", "m3", "m2", "m1", "m0"]
    assert names(handed) == [f"x{number}" for number in range(199, 4, -1)]


@both
def test_a_server_that_returns_the_same_unreadable_page_for_ever_is_an_error(
    kind: Kind,
) -> None:
    body = {
        "items": [{"id": "m1", "date": "soon"}],
        "links": {"next": "/v2/room/ops/history?start-index=1"},
    }
    script = script_for(kind, lambda _: answer(body))
    handed: list[UnreadableItem] = []
    client = connect(kind, script, on_unreadable=handed.append)
    with pytest.raises(ResponseError, match="again and again"):
        listed(client.history("ops"))
    assert len(handed) == 1
    assert len(script.requests) < 6


odd_chats = st.builds(
    lambda chat, odd: OddChat(**vars(chat), odd=odd),
    chats,
    st.dictionaries(st.integers(0, 29), st.sampled_from([*ODD.values()])),
)


def distinct(chat: OddChat) -> tuple[list[str], list[str]]:
    """Return the ids that can be read and the names of those that cannot, without doubles."""
    numbers = range(len(chat.dates))
    chat.odd = {number: chat.odd[number] for number in numbers if number in chat.odd}
    for number, change in chat.odd.items():
        if change is None:  # Nothing tells one from the other.
            chat.odd[number] = "nothing"
    readable = [f"m{number}" for number in numbers if number not in chat.odd]
    odd = [
        f"x{number}" if isinstance(change, dict) else f"{change} {number}"
        for number, change in chat.odd.items()
    ]
    return sorted(readable), sorted(odd)


@given(kind=any_kind, chat=odd_chats, size=st.integers(1, 6))
def test_a_walk_returns_or_passes_on_each_message_once(
    kind: Kind, chat: OddChat, size: int
) -> None:
    if not chat.tells_next:
        chat.largest_page = size
    readable, odd = distinct(chat)
    handed: list[UnreadableItem] = []
    client = connect(kind, script_for(kind, chat), on_unreadable=handed.append)
    source = GetRoomHistory("ops", max_results=size)
    found = [each.id for each in listed(client.history(source))]
    assert sorted(found) == readable
    assert in_order(chat, found)
    assert sorted(names(handed)) == odd


@given(kind=any_kind, chat=odd_chats, size=st.integers(1, 6))
def test_a_walk_resumed_after_each_unreadable_message_returns_each_message_once(
    kind: Kind, chat: OddChat, size: int
) -> None:
    if not chat.tells_next:
        chat.largest_page = size
    readable, odd = distinct(chat)
    client = connect(kind, script_for(kind, chat))
    source = GetRoomHistory("ops", max_results=size)
    seen: list[Any] = []
    met: list[UnreadableItem] = []
    position: HistoryPosition | None = None
    for _ in range(len(odd) + 1):
        chat.queries.clear()
        try:
            listed(note(client.history(source, resume=position), seen))
            break
        except ResponseError as error:
            met.append(item_of(error))
            position = met[-1].position
    assert sorted(each.id for each in seen) == readable
    assert sorted(names(met)) == odd


# --- lists --------------------------------------------------------------------------------------


def rooms(request: Request) -> RawResponse:
    """Answer ten rooms, two a page, of which 3 and 6 are odd."""
    start = int(request.target.partition("start-index=")[2].partition("&")[0] or 0)
    items: list[object] = [
        {"id": number} if number not in (3, 6) else {"id": "six", "name": number}
        for number in range(start, min(start + 2, 10))
    ]
    links = {"next": f"/v2/room?start-index={start + 2}"} if start < 8 else {}
    return answer({"items": items, "links": links, "startIndex": start})


@both
def test_an_unreadable_item_of_a_list_is_passed_on_in_its_place(kind: Kind) -> None:
    order: list[Any] = []
    client = connect(kind, script_for(kind, rooms))
    walk = client.items(GetAllRooms(), on_unreadable=order.append)
    listed(note(walk, order))
    assert [
        each.start_index if isinstance(each, UnreadableItem) else each.id
        for each in order
    ] == [0, 1, 2, 4, 4, 5, 7, 7, 8, 9]
    assert order[3].raw == {"id": "six", "name": 3}
    assert order[3].where == "$.items[1].id"


@both
def test_without_a_function_a_list_resumes_after_its_unreadable_item(
    kind: Kind,
) -> None:
    client = connect(kind, script_for(kind, rooms))
    seen: list[Any] = []
    errors = []
    start = 0
    while True:
        try:
            listed(note(client.items(GetAllRooms(start_index=start)), seen))
            break
        except ResponseError as error:
            errors.append(error)
            start = item_of(error).start_index
    assert [each.id for each in seen] == [0, 1, 2, 4, 5, 7, 8, 9]
    assert [item_of(error).raw for error in errors] == [
        {"id": "six", "name": 3},
        {"id": "six", "name": 6},
    ]


@both
def test_pages_omit_their_unreadable_items(kind: Kind) -> None:
    client = connect(kind, script_for(kind, rooms))
    handed: list[UnreadableItem] = []
    pages = listed(client.pages(GetAllRooms(), on_unreadable=handed.append))
    assert [[each.id for each in page.items] for page in pages] == [
        [0, 1], [2], [4, 5], [7], [8, 9],
    ]  # fmt: skip
    assert [item.index for item in handed] == [1, 0]
    with pytest.raises(ResponseError) as caught:
        listed(client.pages(GetAllRooms()))
    assert caught.value.item is not None
    assert caught.value.item.start_index == 4
    assert caught.value.body


@both
def test_lists_inside_an_object_and_of_version_1_are_read_likewise(kind: Kind) -> None:
    handed: list[UnreadableItem] = []
    body = {"id": 7, "participants": [{"id": 1}, {"id": "x"}, {"id": 2}]}
    client = connect(
        kind, script_for(kind, lambda _: answer(body)), on_unreadable=handed.append
    )
    room = done(client.send(GetRoom("ops")))
    assert [each.id for each in room.participants] == [1, 2]
    body = {"rooms": [{"room_id": 1, "name": "a"}, {"room_id": {}}]}
    client = connect(
        kind, script_for(kind, lambda _: answer(body)), on_unreadable=handed.append
    )
    assert [each.room_id for each in done(client.send(RoomsList())).rooms] == [1]
    assert [item.where for item in handed] == [
        "$.participants[1].id",
        "$.rooms[1].room_id",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"items": {}},
        {"items": "none"},
        {},
        {"items": [{"id": 1}], "links": "x"},
        {"items": [{"id": "x"}], "links": "x"},
        [],
    ],
    ids=repr,
)
@both
def test_what_is_wrong_outside_the_items_stays_an_error(kind: Kind, body: Any) -> None:
    handed: list[UnreadableItem] = []
    script = script_for(kind, lambda _: answer(body))
    client = connect(kind, script, on_unreadable=handed.append)
    with pytest.raises(ResponseError) as caught:
        done(client.rooms.get_all_rooms())
    assert caught.value.item is None
    assert handed == []


@both
def test_dates_without_offset_beside_an_unreadable_item_are_still_read(
    kind: Kind,
) -> None:
    items: list[object] = [
        {"id": "1", "date": "2014-09-26T10:44:04"},
        {"id": "2", "date": "2014-09-26T10:44:04", "file": {}},
    ]
    handed: list[UnreadableItem] = []
    client = connect(
        kind, script_for(kind, answer({"items": items})), on_unreadable=handed.append
    )
    page = done(client.rooms.get_room_history("ops"))
    assert page.items[0].date == datetime(2014, 9, 26, 10, 44, 4, tzinfo=UTC)
    # What is handed over is what came, and not what was mended.
    assert handed[0].raw == items[1]


def test_what_is_private_in_an_item_is_not_shown() -> None:
    body = {"items": [{"id": "1", "date": "x", "message": "between us"}]}
    client = connect("sync", script_for("sync", answer(body)))
    with pytest.raises(ResponseError) as caught:
        client.rooms.get_room_history("ops")
    shown = str(caught.value) + repr(caught.value) + repr(caught.value.item)
    assert "between" not in shown
