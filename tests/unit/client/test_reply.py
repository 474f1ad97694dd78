"""The errors of a response: what they tell, and what they keep to themselves."""

from __future__ import annotations

import pickle
from typing import ClassVar

import msgspec
import pytest

from hipkit.api.errors import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    ResponseError,
    UnauthorizedError,
)
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.api.secret import Secret
from hipkit.transports.protocol import RawResponse
from tests.scripted import decode


class Notes(Model, frozen=True, omit_defaults=True):
    items: list[str] | None = None


class SendNote(Operation[Notes], frozen=True):
    operation_id = "send_note"
    tag = "Notes"
    method = "POST"
    path = "/note/{token}"
    members: ClassVar[dict[str, str]] = {"message": "message", "color": "color"}
    secrets = frozenset({"token"})
    scopes = ("send_note",)
    body_kind = "json"
    result = Notes

    token: str
    message: str
    color: str | None = None


CALL = SendNote("pathSecret123", "the launch codes are 0000, dear friends")


def response(
    status: int, body: bytes, content_type: str = "application/json"
) -> RawResponse:
    return RawResponse(status, {"content-type": content_type}, body)


def test_an_unreadable_answer_is_a_response_error_that_keeps_the_body_out_of_its_text() -> (
    None
):
    with pytest.raises(ResponseError) as caught:
        decode(
            CALL,
            response(
                200, b"<html>Sign in, the launch codes are 0000</html>", "text/html"
            ),
        )
    error = caught.value
    assert "text/html" in str(error)
    assert "launch" not in str(error) + repr(error)
    assert error.body.startswith(b"<html>")
    assert "pathSecret123" not in str(error) + repr(error) + repr(error.operation)


def test_a_missing_scope_names_the_scopes_that_would_do() -> None:
    message = "This action requires one of the following scopes: [u'view_group', u'view_room']"
    body = msgspec.json.encode({"error": {"message": message}})
    with pytest.raises(ForbiddenError) as caught:
        decode(CALL, response(403, body))
    assert caught.value.scopes == ("view_group", "view_room")


def test_a_refusal_without_json_is_still_an_api_error() -> None:
    for body in (
        b"",
        b"nope",
        b"[]",
        b'{"error": 5}',
        b'{"error": {"message": 5}}',
        b"\xff",
        b"[" * 100_000,
    ):
        with pytest.raises(UnauthorizedError):
            decode(CALL, response(401, body))


def test_an_oauth_error_is_read() -> None:
    with pytest.raises(BadRequestError) as caught:
        decode(
            CALL,
            response(400, b'{"error": "invalid_grant", "error_description": "gone"}'),
        )
    assert (caught.value.type, caught.value.message) == ("invalid_grant", "gone")


QUOTING = [
    "Value u'the launch codes are 0000, dear friends' for field 'message' is not of type 'boolean'",
    "Value u'the launch co' for field 'message' is too long",
    "bad: the launch codes are 0000, dear friends",
    "bad: launch codes are 0000",
    "no session pathSecret123",
    "no session bearerSecret99 here",
]


@pytest.mark.parametrize("message", QUOTING)
def test_no_error_text_repeats_what_was_sent(message: str) -> None:
    body = msgspec.json.encode(
        {
            "error": {
                "code": 400,
                "message": message,
                "field": "message",
                "expected_type": "boolean",
            }
        }
    )
    with pytest.raises(BadRequestError) as caught:
        decode(CALL, response(400, body), secrets=(Secret("bearerSecret99"),))
    error = caught.value
    shown = str(error) + repr(error)
    assert not any(
        part in shown for part in ("launch", "0000", "pathSecret123", "bearerSecret99")
    )
    assert (error.field, error.expected_type, error.message) == (
        "message",
        "boolean",
        message,
    )


def test_an_error_message_with_line_ends_stays_one_line() -> None:
    with pytest.raises(NotFoundError) as caught:
        decode(
            CALL,
            response(404, rb'{"error": {"message": "a\nb\u001b[31mc"}}'),
        )
    assert str(caught.value).isprintable()


def test_errors_survive_pickle() -> None:
    with pytest.raises(ApiError) as caught:
        decode(CALL, response(403, b'{"error": {"message": "no"}}'))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.status, again.scopes) == (
        str(caught.value),
        403,
        ("send_note",),
    )


def test_a_wrong_value_is_hidden_and_its_field_is_told() -> None:
    message = "Value u'true' for field 'notify' is not of type 'boolean'"
    body = msgspec.json.encode({"error": {"message": message}})
    with pytest.raises(
        BadRequestError, match="Value \\*\\*\\* for field 'notify' is not of"
    ):
        decode(CALL, response(400, body))
