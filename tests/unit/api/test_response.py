"""Raw responses, which are typed on request."""

from __future__ import annotations

import copy
import pickle

import pytest

from hipkit import (
    ForbiddenError,
    NotFoundError,
    ResponseError,
    ServerError,
)
from hipkit.api.response import Response, SentRequest
from hipkit.transports.protocol import RawResponse
from hipkit.v2 import GetPhoto, GetRoom, Room, RoomPage
from tests.scripted import (
    KINDS,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    error_answer,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)


@both
def test_a_response_is_both_raw_and_typed(kind: Kind) -> None:
    script = script_for(kind, answer({"id": 7, "name": "ops"}, x_a="1"))

    response = done(connect(kind, script).raw.rooms.get_room("ops"))

    assert response.parse() == Room(id=7, name="ops") == response.parse()
    assert (response.status, response.headers["x-a"]) == (200, "1")
    assert [name for name in dir(response) if not name.startswith("_")] == [
        "body",
        "headers",
        "parse",
        "request",
        "request_id",
        "status",
    ]
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (error_answer(404, "no such room"), NotFoundError),
        (error_answer(403, "may not: scopes [u'view_group']"), ForbiddenError),
        (answer(b"oops", 500), ServerError),
        (answer(b"<html><p>Sign in</p></html>"), ResponseError),
        (answer({"id": []}), ResponseError),
        (answer(None, 302, location="https://a/b"), ResponseError),
    ],
)
@both
def test_it_raises_the_error_of_the_typed_call(
    kind: Kind, raw: RawResponse, expected: type[Exception]
) -> None:
    def client() -> object:
        return connect(kind, script_for(kind, raw), retries=0)

    response = done(client().raw.rooms.get_room("ops"))  # type: ignore[attr-defined]  # either kind
    with pytest.raises(expected) as parsed:
        response.parse()
    with pytest.raises(expected) as typed:
        done(client().rooms.get_room("ops"))  # type: ignore[attr-defined]  # either kind

    assert type(parsed.value) is type(typed.value)
    assert str(parsed.value) == str(typed.value)
    assert vars(parsed.value) == vars(typed.value)


@both
def test_what_is_no_json_is_typed_as_well(kind: Kind) -> None:
    moved = answer(None, 302, location="https://a/b.png")
    client = connect(kind, script_for(kind, answer(None, 204), moved))

    assert done(client.raw.rooms.delete_room("ops")).parse() is None
    assert done(client.send_raw(GetPhoto("@jane", "big"))).parse() == "https://a/b.png"


@both
def test_an_unreadable_item_is_passed_to_the_calls_function(kind: Kind) -> None:
    page = {"items": [{"id": 1}, {"id": "one"}]}
    client = connect(kind, script_for(kind, answer(page)))
    seen: list[object] = []

    response = done(client.raw.rooms.get_all_rooms(on_unreadable=seen.append))
    assert seen == []

    assert response.parse() == RoomPage(items=[Room(id=1)])
    assert len(seen) == 1


@both
def test_how_it_is_read_is_no_part_of_a_response(kind: Kind) -> None:
    client = connect(kind, script_for(kind, lambda _: answer({"id": 7})))
    response = done(client.send_raw(GetRoom("ops")))

    assert response == done(client.send_raw(GetRoom("ops")))
    assert TOKEN not in repr(response)
    for copied in (pickle.loads(pickle.dumps(response)), copy.deepcopy(response)):
        assert copied == response
        with pytest.raises(TypeError, match="not a copy"):
            copied.parse()
    with pytest.raises(TypeError, match="not a copy"):
        Response[Room](200, {}, b"{}", SentRequest("GET", "https://x/", {})).parse()
