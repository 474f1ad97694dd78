"""Advice on API calls."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.server.services.access.missing import Missing
from tests.unit.server.page.failing import advice, call, token


@pytest.mark.parametrize(
    ("status", "members", "text"),
    [
        (400, {}, "A field is missing"),
        (
            400,
            {"problem": "Required field 'message' is missing"},
            "Add the field `message`",
        ),
        (400, {"problem": "Unsupported content type"}, "content type is missing"),
        (400, {"request_body": ""}, "The body is missing"),
        (401, {"token_id": None}, "The token is missing"),
        (
            401,
            {"token_id": None, "headers": (("authorization", "Bearer ***"),)},
            "unknown",
        ),
        (401, {"token_id": None, "target": "/v2/room?auth_token=***"}, "unknown"),
        (403, {"problem": "needs u'view_room'"}, "this needs `view_room`"),
        (403, {"problem": "limited to one room"}, "valid for the room only"),
        (403, {"problem": "tokens of the kinds user"}, "this kind of token"),
        (403, {}, "may not do this"),
        (403, {"problem": "Programs may not send from 192.0.2.1: x"}, "`accept`"),
        (401, {"problem": "Programs may not send from 192.0.2.1: x"}, "`accept`"),
        (403, {"problem": "Programs that are not set up here may"}, "If it needs more"),
        (507, {"problem": "No room is made for this message"}, "which setting"),
        (404, {"target": "/room/Ops", "operation_id": "unknown"}, "lacks the version"),
        (
            400,
            {"problem": "cannot be parsed as valid JSON: Expecting"},
            "not valid JSON",
        ),
        (
            400,
            {"problem": "cannot be decoded as UTF-8: 'utf8' codec"},
            "another encoding",
        ),
        (400, {"problem": "decoded as UTF-8: it is compressed"}, "is compressed"),
        (
            400,
            {"problem": "the body is JSON, but is said to be a form"},
            "curl's default",
        ),
        (400, {"problem": "The client speaks TLS (https), and"}, "configure `http://`"),
        (400, {"problem": "Invalid HTTP request received."}, "no HTTP request"),
        (400, {"problem": "A request needs one Host header."}, "exactly one"),
        (400, {"problem": "The Host header holds no host."}, "another host"),
        (404, {"operation_id": "unknown"}, "No operation has this path"),
        (404, {}, "does not exist"),
        (405, {}, "not with the method `POST`"),
        (429, {}, "Too many calls"),
        (500, {}, "an error of the server"),
        (501, {}, "does not implement it yet"),
        (503, {}, "Try again"),
    ],
)
def test_a_failed_call_has_advice(
    status: int, members: dict[str, Any], text: str
) -> None:
    assert text in advice(call(status, **members), token()).text


def test_an_unknown_room_is_named_with_one_like_it_and_the_way_to_create_it() -> None:
    named = Missing(kind="room", reference="Onn Call", near="On Call")

    unknown = advice(call(404), missing=named)

    assert unknown.text.startswith(
        "No room is called `Onn Call`. Did you mean `On Call`? Change the room"
    )
    assert unknown.address == "/rooms/new"
    alone = advice(call(404), missing=Missing(kind="room", reference="Ops"))
    assert "Did you mean" not in alone.text


def test_an_unknown_number_of_a_room_can_be_given_to_a_new_one() -> None:
    unknown = advice(call(404), missing=Missing(kind="room", reference="2656454"))

    assert "No room has the id `2656454`." in unknown.text
    assert unknown.commands == ("hipkit admin room add NAME --id 2656454",)


def test_a_misspelt_path_that_was_taken_for_a_rooms_name_is_recognized() -> None:
    target = "/v2/room/Ops/notifications"
    meant = "Did you mean `/v2/room/Ops/notification`?"
    named = Missing(kind="room", reference="Ops/notifications")

    assert meant in advice(call(405, target=target, operation_id="unknown")).text
    assert meant in advice(call(404, target=target), missing=named).text
    slash = Missing(kind="room", reference="A/B")
    assert (
        "No room is called `A/B`."
        in advice(call(404, target="/v2/room/A%2FB"), missing=slash).text
    )


def test_an_unknown_user_is_named_with_one_like_it() -> None:
    near = Missing(kind="user", reference="@an", near="@ann")

    assert (
        "No user is called `@an`. Did you mean `@ann`?"
        in advice(call(404), missing=near).text
    )
    number = advice(call(404), missing=Missing(kind="user", reference="12"))
    assert number.commands == ("hipkit admin user add NAME --id 12",)
    assert number.address == "/people"


@pytest.mark.parametrize(
    ("status", "members", "text"),
    [
        (403, {}, "Too many calls"),
        (401, {"problem": "needs u'view_room'"}, "lacks a scope"),
        (401, {"token_id": None, "request_body": "auth_token=***"}, "unknown"),
        (400, {}, "A field is missing"),
    ],
)
def test_version_1_has_other_meanings_of_some_statuses(
    status: int, members: dict[str, Any], text: str
) -> None:
    failed = call(status, target="/v1/rooms/message", **members)

    assert text in advice(failed, token("")).text


def test_a_successful_call_has_its_note_only() -> None:
    assert advice(call(204)).text == ""
    left_out = call(204, note="The card was left out: Value u'x' for field 'card'")
    assert advice(left_out).text == "The card was left out: Value 'x' for field 'card'"
    assert advice(call(204, note="The `card` was left out")).text == (
        "The 'card' was left out"
    )


def test_a_wrong_method_gets_those_that_the_path_takes() -> None:
    problem = "Method not allowed; this path takes DELETE, GET, PUT"

    wrong = advice(call(405, method="POST", problem=problem, target="/v2/room/Ops"))

    assert "not with the method `POST`: send `DELETE`, `GET` or `PUT`." in wrong.text


def test_what_a_program_sent_does_not_end_the_code_that_it_stands_in() -> None:
    named = Missing(kind="room", reference="a`b", near=None)

    assert "No room is called `a'b`." in advice(call(404), missing=named).text
