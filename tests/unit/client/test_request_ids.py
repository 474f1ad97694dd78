"""The id of a call: on the wire, in errors, in the log, in hooks, and the caller's own."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hipkit import (
    ApiError,
    ConnectError,
    HipkitError,
    Hooks,
    NotFoundError,
    RequestError,
    ResponseError,
    ServerError,
)
from hipkit.api.operation import Operation
from hipkit.client.state import Clock, new_request_id
from hipkit.v2 import GetAllRooms, GetRoom
from tests.scripted import (
    KINDS,
    NOW,
    REQUEST_ID,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    error_answer,
    failure,
    headers_of,
    listed,
    script_for,
)

ROOM = answer({"id": 7})
both = pytest.mark.parametrize("kind", KINDS)


def counting() -> Clock:
    """Return a clock whose ids are 1, 2, 3 ..."""
    ids = iter(range(1, 100))
    return Clock(
        monotonic=lambda: 100.0,
        now=lambda: NOW,
        random=lambda: 0.0,
        request_id=lambda: str(next(ids)),
    )


def ids_of(script: Any) -> list[str]:
    return [headers_of(request)["x-request-id"] for request in script.requests]


@both
def test_a_call_has_one_id_also_at_its_retries(kind: Kind) -> None:
    script = script_for(kind, failure(), answer(None, 503, retry_after="0"), ROOM, ROOM)
    client = connect(kind, script, clock=counting())

    done(client.rooms.get_room("ops"))
    done(client.rooms.get_room("ops"))

    assert ids_of(script) == ["1", "1", "1", "2"]


@both
def test_a_call_for_a_new_token_keeps_the_id(kind: Kind) -> None:
    script = script_for(kind, error_answer(401), ROOM)
    tokens = iter(["one", "two"])
    client = connect(kind, script, lambda rejected: next(tokens), clock=counting())

    done(client.rooms.get_room("ops"))

    assert ids_of(script) == ["1", "1"]


@both
def test_every_page_is_a_call(kind: Kind) -> None:
    first = {"items": [], "links": {"next": "https://a/v2/room?start-index=1"}}
    script = script_for(kind, answer(first), answer({"items": []}))
    client = connect(kind, script, clock=counting())

    listed(client.items(GetAllRooms()))

    assert ids_of(script) == ["1", "2"]


def error_of(kind: Kind, outcome: Any, **options: Any) -> HipkitError:
    client = connect(kind, script_for(kind, outcome), retries=0, **options)
    with pytest.raises(HipkitError) as caught:
        done(client.rooms.get_room("ops"))
    return caught.value


@pytest.mark.parametrize(
    ("outcome", "error", "is_shown"),
    [
        (error_answer(404), NotFoundError, False),
        (error_answer(500), ServerError, True),
        (answer(b"<html>", 502), ServerError, True),
        (answer({"id": []}), ResponseError, False),
        (answer(None, 302, location="https://a/"), ResponseError, False),
        (failure("broken"), RequestError, True),
        (failure("connect", arrived=False), ConnectError, False),
        (failure("too_large"), ResponseError, False),
    ],
)
@both
def test_an_error_has_the_id_and_shows_it_to_who_must_look_in_a_log(
    kind: Kind, outcome: Any, error: type[HipkitError], is_shown: bool
) -> None:
    caught = error_of(kind, outcome)

    assert type(caught) is error
    assert caught.request_id == REQUEST_ID
    assert (REQUEST_ID in str(caught)) is is_shown


@both
def test_an_unreadable_item_has_the_id_of_its_page(kind: Kind) -> None:
    client = connect(kind, script_for(kind, answer({"items": [{"id": []}]})))

    with pytest.raises(ResponseError) as caught:
        done(client.rooms.get_all_rooms())
    assert caught.value.request_id == REQUEST_ID


SECOND: dict[str, object] = {"items": [{"id": []}]}
LINKED = {"items": [], "links": {"next": "/v2/room?start-index=1"}}
SAME = {
    "items": [{"id": "m1", "date": "soon"}],
    "links": {"next": "/v2/x?start-index=1"},
}


@pytest.mark.parametrize(
    ("walk", "pages", "asked"),
    [
        (lambda client: client.items(GetAllRooms()), [LINKED, SECOND], "2"),
        (lambda client: client.items(GetAllRooms()), [LINKED, LINKED], "2"),
        (lambda client: client.pages(GetAllRooms()), [LINKED, LINKED], "2"),
        (lambda client: client.history("ops"), [SECOND], "1"),
        (
            lambda client: client.history("ops", on_unreadable=lambda _: None),
            [SAME] * 3,
            "3",
        ),
    ],
    ids=["item", "items' link", "pages' link", "message", "same page"],
)
@both
def test_an_error_of_a_walk_has_the_id_of_its_page(
    kind: Kind, walk: Any, pages: list[object], asked: str
) -> None:
    script = script_for(kind, *map(answer, pages))
    client = connect(kind, script, clock=counting())

    with pytest.raises(ResponseError) as caught:
        listed(walk(client))

    assert caught.value.request_id == asked


@both
def test_an_error_of_a_callers_function_keeps_its_id(kind: Kind) -> None:
    other = ResponseError("of another call")
    other.request_id = "other"

    def refuse(_: object) -> None:
        raise other

    client = connect(kind, script_for(kind, answer(SECOND)), on_unreadable=refuse)

    with pytest.raises(ResponseError):
        listed(client.items(GetAllRooms()))

    assert other.request_id == "other"


def test_an_error_that_is_not_about_a_call_has_no_id() -> None:
    assert ApiError("no").request_id is None


@both
def test_the_id_of_a_server_that_uses_another_is_shown_beside_it(kind: Kind) -> None:
    same = error_answer(500, x_request_id=REQUEST_ID)
    other = error_answer(500, x_request_id="their-1")

    assert str(error_of(kind, same)).endswith(f"; request id {REQUEST_ID}")
    shown = error_of(kind, other)
    assert str(shown).endswith(f"; request id {REQUEST_ID}, on the server their-1")
    assert shown.request_id == REQUEST_ID


@pytest.mark.parametrize("hostile", ["a b", "a\x1b[31m", "x" * 65, "", TOKEN])
@both
def test_what_is_no_id_is_not_shown(kind: Kind, hostile: str) -> None:
    shown = str(error_of(kind, error_answer(500, x_request_id=hostile)))

    assert shown.endswith(f"; request id {REQUEST_ID}")


@both
def test_hooks_and_the_log_have_the_id(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    hooks = Hooks(
        before=lambda sent: seen.append(sent.request_id),
        after=lambda sent, *_: seen.append(sent.headers["x-request-id"]),
    )
    client = connect(kind, script_for(kind, failure(), ROOM), hooks=hooks)

    with caplog.at_level("DEBUG", logger="hipkit"):
        done(client.rooms.get_room("ops"))

    assert seen == [REQUEST_ID] * 4
    assert len(caplog.messages) == 3
    assert all(REQUEST_ID in line for line in caplog.messages)


@both
def test_a_raw_response_has_the_id(kind: Kind) -> None:
    client = connect(kind, script_for(kind, error_answer(404)))

    assert done(client.raw.rooms.get_room("ops")).request_id == REQUEST_ID


@both
def test_a_caller_may_choose_the_id(kind: Kind) -> None:
    script = script_for(kind, lambda _: ROOM)
    client = connect(kind, script, headers={"X-A": "b"})

    done(client.rooms.get_room("ops", request_id="mine-1"))
    done(client.with_options(request_id="mine.2").rooms.get_room("ops"))
    done(client.send(GetRoom("ops"), headers={"x-request-id": "mine_3"}))
    raw = done(client.send_raw(GetRoom("ops"), headers={"X-Request-ID": "mine_4"}))

    assert ids_of(script) == ["mine-1", "mine.2", "mine_3", "mine_4"]
    assert headers_of(script.requests[0])["x-a"] == "b"
    assert raw.request_id == raw.request.headers["x-request-id"] == "mine_4"


@pytest.mark.parametrize("wrong", ["", "a b", "a\r\nX-B: c", "x" * 65, "ü"])
@both
def test_what_a_server_would_not_take_is_refused(kind: Kind, wrong: str) -> None:
    client = connect(kind, script_for(kind))

    with pytest.raises(ValueError, match="request_id must be 1 to 64"):
        done(client.rooms.get_room("ops", request_id=wrong))
    with pytest.raises(TypeError, match="request_id must be a string"):
        done(client.rooms.get_room("ops", request_id=7))


class GetTraced(Operation[object], frozen=True):
    """An operation of another document, whose id is an argument."""

    operation_id = "get_traced"
    method = "GET"
    path = "/traced"
    header = {"trace": "X-Request-ID", "part": "X-Part"}  # noqa: RUF012 - as in generated code

    trace: str | None = None
    part: str | None = None


@both
def test_an_argument_for_the_header_is_the_id(kind: Kind) -> None:
    script = script_for(kind, ROOM, ROOM)
    client = connect(kind, script, request_id="option")

    raw = done(client.send_raw(GetTraced("argument", "b")))
    done(client.send(GetTraced(part="b")))

    assert raw.request_id == "argument"
    names = [name.lower() for name, _ in script.requests[0].all_headers]
    assert names.count("x-request-id") == 1
    assert names.count("x-part") == 1
    assert ids_of(script) == ["argument", "option"]


def test_no_two_calls_have_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: new_request_id(), range(4_000)))

    assert len({*ids}) == 4_000
    assert all(len(each) == 16 and each.isalnum() for each in ids)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_makes_other_ids() -> None:
    new_request_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_request_id().encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reader, 16).decode() != new_request_id()
    os.close(reader)
    os.close(writer)
