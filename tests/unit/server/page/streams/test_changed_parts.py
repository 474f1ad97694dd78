from __future__ import annotations

import pytest

from hipkit.server.page.history import ConversationView
from hipkit.server.page.streams.changed_parts import Parts, concerns, concerns_list
from hipkit.server.page.streams.stream import Reader, Stream
from hipkit.server.storage.stores.page_changes import (
    GLANCES,
    HEAD,
    PEOPLE,
    ROOMS,
    PageChange,
)


async def always() -> bool:
    return True


def stream(room_id: int | None, user_id: int = 3) -> Stream:
    conversation = room_id and ConversationView(
        group_id=1, room_id=room_id, conversation_id=9, address="", feed=""
    )
    return Stream(Reader(user_id=user_id), conversation or None, always)


def change(
    part: str, room_id: int | None = None, user_id: int | None = None
) -> PageChange:
    return PageChange(id=1, part=part, room_id=room_id, user_id=user_id)


def test_a_room_s_page_has_its_parts_and_those_of_all_rooms() -> None:
    parts = Parts()
    parts.add(change(HEAD, room_id=7))
    parts.add(change(PEOPLE))
    parts.add(change(ROOMS, user_id=3))
    parts.lists.add(4)

    assert parts.of(stream(7)) == {HEAD, PEOPLE}
    assert parts.of(stream(8)) == {PEOPLE}
    assert parts.of(stream(None)) == set()
    assert parts.of(stream(None, user_id=4)) == {ROOMS}


@pytest.mark.parametrize("room_id", [None, 7])
@pytest.mark.parametrize("user_id", [None, 3])
def test_a_part_may_change_for_one_user(
    room_id: int | None, user_id: int | None
) -> None:
    changed = change(GLANCES, room_id=room_id, user_id=user_id)
    parts = Parts()
    parts.add(changed)

    for page in (stream(7), stream(8), stream(7, user_id=4), stream(None)):
        is_there = page.room_id is not None and room_id in (None, page.room_id)
        expected = is_there and user_id in (None, page.reader.user_id)
        assert parts.of(page) == ({GLANCES} if expected else set())
        assert concerns(changed, page) is expected


def test_where_it_is_not_known_what_changed_all_of_a_room_did() -> None:
    assert Parts.all_changed().of(stream(7)) == {GLANCES, HEAD, PEOPLE}
    assert Parts.all_changed().of(stream(None)) == set()


@pytest.mark.parametrize(
    ("changed", "page", "expected"),
    [
        (change(HEAD, room_id=7), stream(7), True),
        (change(HEAD, room_id=7), stream(8), False),
        (change(PEOPLE), stream(8), True),
        (change(PEOPLE), stream(None), False),
        (change(ROOMS), stream(None), True),
        (change(ROOMS, user_id=3), stream(7), True),
        (change(ROOMS, user_id=4), stream(7), False),
    ],
)
def test_a_change_concerns_the_pages_that_may_show_it(
    changed: PageChange, page: Stream, expected: bool
) -> None:
    assert concerns(changed, page) is expected


def test_a_change_of_rooms_alone_concerns_a_list_of_them() -> None:
    assert concerns_list(change(ROOMS, user_id=3), 3)
    assert not concerns_list(change(HEAD, room_id=7), 3)
