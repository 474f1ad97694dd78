"""Advice on API calls."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.server.page.advice import Advice, advice_on
from hipkit.server.services.access.missing import Missing
from hipkit.server.services.access.token_calls import SeenCall
from hipkit.server.shared.recent_calls import RecentCall
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import TokenRecord


def token(scopes: str = "view_group", **members: Any) -> TokenRecord:
    values: dict[str, Any] = {
        "id": 7,
        "grant_id": 1,
        "hash": b"",
        "kind": "user",
        "group_id": 1,
        "user_id": 5,
        "scopes": scopes,
        "expires_us": None,
    }
    return TokenRecord(**{**values, **members})


def advice(
    call: RecentCall,
    token: TokenRecord | None = None,
    room: RoomRecord | None = None,
    missing: Missing | None = None,
) -> Advice:
    seen = SeenCall(call=call, token=token, room=room, message=None, missing=missing)
    return advice_on(seen) or Advice("")


def call(status: int, **members: Any) -> RecentCall:
    values: dict[str, Any] = {
        "number": 1,
        "at_us": 0,
        "token_id": 7,
        "group_id": 1,
        "peer": "10.0.0.1",
        "method": "POST",
        "target": "/v2/room/Ops/notification",
        "operation_id": "send_room_notification",
        "request_id": "4f2a",
        "headers": (),
        "request_body": "{}",
        "status": status,
        "answer": "",
        "problem": None,
        "milliseconds": 1.0,
    }
    return RecentCall(**{**values, **members})


@pytest.mark.parametrize(
    ("status", "members", "text"),
    [
        (400, {}, "A field is missing"),
        (400, {"problem": "Required field 'message' is missing"}, "Add the field mess"),
        (400, {"problem": "Unsupported content type"}, "content type is missing"),
        (400, {"request_body": ""}, "The body is missing"),
        (401, {"token_id": None}, "The token is missing"),
        (401, {"token_id": None, "headers": (("authorization", "***"),)}, "unknown"),
        (401, {"token_id": None, "target": "/v2/room?auth_token=***"}, "unknown"),
        (403, {"problem": "needs u'view_room'"}, "this needs view_room"),
        (403, {"problem": "good for one room only"}, "valid for one room only"),
        (403, {"problem": "tokens of the kinds user"}, "this kind of token"),
        (403, {}, "lacks the permission"),
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
        (400, {"problem": "The client speaks TLS (https), and"}, "configure http://"),
        (400, {"problem": "Invalid HTTP request received."}, "no HTTP request"),
        (400, {"problem": "A request needs one Host header."}, "exactly one"),
        (400, {"problem": "The Host header holds no host."}, "another host"),
        (404, {"operation_id": "unknown"}, "No operation has this path"),
        (404, {}, "does not exist"),
        (405, {}, "not with this method"),
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


def test_an_unknown_token_is_kept_with_few_scopes() -> None:
    unknown = call(401, token_id=None, headers=(("authorization", "***"),))

    text = advice(unknown).text

    assert "token add --room 'ROOM' --name NAME --value @FILE" in text
    assert "with --scope view_room --scope send_notification instead of --room" in text


def test_an_archived_room_is_to_be_opened_in_its_settings() -> None:
    ops = RoomRecord(
        id=3,
        group_id=1,
        name="Ops",
        topic="",
        privacy="public",
        owner_id=1,
        version="",
        is_archived=True,
        conversation_id=9,
        avatar_key=None,
        created_us=0,
        messages_sent=0,
        last_active_us=None,
    )
    refused = call(403, problem="This room is archived: nothing can be said in it")

    assert "Switch off Archived" in advice(refused, token()).text
    assert advice(refused, token()).address == ""
    assert advice(refused, token(), ops).address == "/rooms/3/settings"


def test_missing_scopes_are_named_beside_those_that_the_token_has() -> None:
    failed = call(403, problem="needs u'view_room' or u'admin_room'")

    lacking = advice(failed, token("view_messages view_group"))

    assert "has view_group and view_messages" in lacking.text
    assert "needs view_room or admin_room" in lacking.text
    assert (
        "hipkit admin token revoke 7, then hipkit admin token add --user 5"
        " --scope view_group --scope view_messages --scope view_room --value @FILE."
    ) in lacking.text
    assert lacking.address == "/tokens"
    assert "has no scope" in advice(failed, token("")).text


def test_a_room_notification_token_that_reads_the_room_gets_what_works() -> None:
    failed = call(403, problem="needs [u'view_group', u'view_room']")
    of_room = token("send_notification", kind="room notification", user_id=None)

    lacking = advice(failed, of_room)

    assert "look the room up before they post" in lacking.text
    assert "a personal token with send_notification and view_room" in lacking.text
    assert (
        "hipkit admin token revoke 7, then hipkit admin token add --user USER"
        " --scope send_notification --scope view_room --value @FILE."
    ) in lacking.text
    assert (lacking.label, lacking.address) == ("Tokens", "/tokens")


def test_an_add_on_that_lacks_a_scope_is_not_sent_to_the_page() -> None:
    failed = call(403, problem="needs u'view_room'")

    lacking = advice(failed, token(kind="room client", client_id="bot", user_id=None))

    assert "its OAuth client to have it" in lacking.text
    assert not lacking.address
    assert "hipkit admin" not in lacking.text


def test_an_unknown_room_is_named_with_one_like_it_and_the_way_to_create_it() -> None:
    named = Missing(kind="room", reference="Onn Call", near="On Call")

    unknown = advice(call(404), missing=named)

    assert unknown.text.startswith(
        "No room is called Onn Call. Did you mean On Call? Change the room"
    )
    assert unknown.address == "/rooms/new"
    alone = advice(call(404), missing=Missing(kind="room", reference="Ops"))
    assert "Did you mean" not in alone.text


def test_an_unknown_number_of_a_room_can_be_given_to_a_new_one() -> None:
    unknown = advice(call(404), missing=Missing(kind="room", reference="2656454"))

    assert "No room has the id 2656454." in unknown.text
    assert "hipkit admin room add NAME --id 2656454." in unknown.text


def test_a_misspelt_path_that_was_taken_for_a_rooms_name_is_recognized() -> None:
    target = "/v2/room/Ops/notifications"
    meant = "Did you mean /v2/room/Ops/notification?"
    named = Missing(kind="room", reference="Ops/notifications")

    assert meant in advice(call(405, target=target, operation_id="unknown")).text
    assert meant in advice(call(404, target=target), missing=named).text
    slash = Missing(kind="room", reference="A/B")
    assert (
        "No room is called A/B."
        in advice(call(404, target="/v2/room/A%2FB"), missing=slash).text
    )


def test_an_unknown_user_is_named_with_one_like_it() -> None:
    near = Missing(kind="user", reference="@an", near="@ann")

    assert (
        "No user is called @an. Did you mean @ann?"
        in advice(call(404), missing=near).text
    )
    number = advice(call(404), missing=Missing(kind="user", reference="12"))
    assert "hipkit admin user add" in number.text
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
    assert advice(call(204, note="The card was left out")).text == (
        "The card was left out"
    )
