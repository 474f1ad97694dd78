"""What a model writes has the forms in which servers wrote it."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hipkit import HistoryPosition, Model
from hipkit.api.bodies.writing import to_plain
from hipkit.v2 import GetAllRooms, Message, MessagePage, Room, RoomStatistics, User
from hipkit.v2.models import CapabilitiesDocument
from tests.scripted import KINDS, Kind, answer, connect, done, listed, script_for

ANSWERS: dict[str, tuple[type, str]] = {
    "a user": (
        User,
        '{"id":1,"name":"Jane","email":null,"title":"","created":"2014-09-26T10:44:04+00:00",'
        '"last_active":"1411728244","presence":{"status":null,"is_online":false},"links":{"self":"x"}}',
    ),
    "a user who never came": (User, '{"id":1,"last_active":null}'),
    "a room": (
        Room,
        '{"id":7,"topic":null,"last_active":"2014-09-26T10:44:04+00:00","guest_access_url":null,'
        '"owner":{"id":1,"email":null},"participants":[{"id":2,"title":null},{"id":3}]}',
    ),
    "statistics": (RoomStatistics, '{"messages_sent":3,"last_active":null}'),
    "a message": (
        Message,
        '{"id":"a","date":"2016-09-09T08:23:02.932694+00:00","from":null,"mentions":[],"message":null}',
    ),
    "a message of another zone": (
        Message,
        '{"id":"a","date":"2016-09-09T10:23:02+02:00","message":"2016-09-09T08:23:02Z"}',
    ),
    "a page": (
        MessagePage,
        '{"items":[{"id":"a","date":"2016-09-09T08:23:02+00:00","color":null},'
        '{"id":"b","date":"2016-09-09T08:23:02+00:00"}],"startIndex":null,"links":{"next":null}}',
    ),
    "capabilities": (
        CapabilitiesDocument,
        '{"capabilities":{"hipchatApiProvider":{"url":null,"availableScopes":'
        '{"view_room":{"id":"view_room","name":null}}}}}',
    ),
}


@pytest.mark.parametrize(("kind", "text"), ANSWERS.values(), ids=ANSWERS)
def test_what_came_is_written_as_it_came(kind: type, text: str) -> None:
    model = kind.from_json(text)  # type: ignore[attr-defined]  # a model
    assert json.loads(model.to_json()) == json.loads(text)


@pytest.mark.parametrize("kind", KINDS)
def test_so_is_what_a_client_got(kind: Kind) -> None:
    body = {"items": [{"id": 1, "topic": None}, {"id": 2, "name": "b"}], "links": None}
    client = connect(kind, script_for(kind, lambda _: answer(body)))
    page = done(client.rooms.get_all_rooms())
    assert json.loads(page.to_json()) == body
    rooms = listed(client.items(GetAllRooms()))
    assert [json.loads(room.to_json()) for room in rooms] == body["items"]


def test_nulls_are_kept_where_something_had_to_be_mended_or_left_out() -> None:
    body = {
        "items": [
            {"id": "a", "date": "2014-09-26T10:44:04", "message": None},
            {"id": "b", "date": "soon"},
        ],
        "links": {"next": None},
    }
    client = connect("sync", script_for("sync", answer(body)))
    page = client.with_options(on_unreadable=print).rooms.get_room_history("ops")
    assert json.loads(page.to_json()) == {
        "items": [{"id": "a", "date": "2014-09-26T10:44:04+00:00", "message": None}],
        "links": {"next": None},
    }


def test_what_was_not_set_stays_out() -> None:
    assert Room(id=7, topic=None).to_json() == b'{"id":7}'
    assert HistoryPosition(datetime(2016, 9, 9, tzinfo=UTC)).to_json() == (
        b'{"date":"2016-09-09T00:00:00+00:00"}'
    )


def test_models_are_equal_whether_a_member_was_null_or_not_there() -> None:
    null, absent = Room.from_json('{"id":7,"topic":null}'), Room.from_json('{"id":7}')
    assert null == absent
    assert hash(null) == hash(absent)
    assert repr(null) == repr(absent)


def test_what_is_remembered_of_nulls_survives_copies_and_pickle() -> None:
    room = Room.from_json('{"id":7,"topic":null,"owner":{"id":1,"email":null}}')
    for twin in (
        copy.copy(room),
        copy.deepcopy(room),
        pickle.loads(pickle.dumps(room)),
    ):
        assert twin.to_json() == room.to_json()


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (datetime(2014, 9, 26, 10, 44, 4, tzinfo=UTC), "1411728244"),
        (
            datetime(2014, 9, 26, 12, 44, 4, tzinfo=timezone(timedelta(hours=2))),
            "1411728244",
        ),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "-1"),
        # What has parts of a second never came as UNIX seconds.
        (
            datetime(2016, 9, 9, 8, 23, 2, 5, tzinfo=UTC),
            "2016-09-09T08:23:02.000005+00:00",
        ),
    ],
)
def test_when_a_user_was_last_there_is_unix_seconds_in_a_text(
    timestamp: datetime, text: str
) -> None:
    user = User(id=1, last_active=timestamp)
    assert json.loads(user.to_json()) == {"id": 1, "last_active": text}
    assert User.from_json(user.to_json()) == user


def test_plain_json_is_what_it_is_however_deep() -> None:
    deep: object = 1
    for _ in range(5_000):
        deep = [deep]
    assert to_plain(deep) is deep
    assert to_plain([1, None, {"a": None}]) == [1, None, {"a": None}]


NAIVE = datetime(2016, 9, 9)  # noqa: DTZ001 - the mistake


@pytest.mark.parametrize(
    "model",
    [
        HistoryPosition(NAIVE),
        User(id=1, last_active=NAIVE),
        Room(id=1, statistics=RoomStatistics(messages_sent=3, last_active=NAIVE)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_timestamp_without_offset_is_never_written(model: Model) -> None:
    with pytest.raises(ValueError, match="needs a UTC offset"):
        model.to_json()


@pytest.mark.parametrize(
    "body", [NAIVE, {"date": NAIVE}, {"a": [{"b": (1, NAIVE)}]}], ids=str
)
@pytest.mark.parametrize("kind", KINDS)
def test_nor_is_it_sent_by_hand(kind: Kind, body: object) -> None:
    script = script_for(kind)
    with pytest.raises(ValueError, match="a timestamp in json needs a UTC offset"):
        done(connect(kind, script).request("POST", "/x", json=body))
    assert script.requests == []
