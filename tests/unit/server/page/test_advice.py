"""Advice on API calls."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.server.page.advice import advice_on
from hipkit.server.shared.recent_calls import RecentCall


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
        (400, {"problem": "Unsupported content type"}, "content type is missing"),
        (400, {"request_body": ""}, "The body is missing"),
        (401, {"token_id": None}, "The token is missing"),
        (401, {"token_id": None, "headers": (("authorization", "***"),)}, "unknown"),
        (401, {"token_id": None, "target": "/v2/room?auth_token=***"}, "unknown"),
        (403, {"problem": "needs u'view_room'"}, "this needs view_room"),
        (403, {"problem": "good for one room only"}, "valid for one room only"),
        (403, {"problem": "tokens of the kinds user"}, "this kind of token"),
        (403, {}, "lacks the permission"),
        (404, {"target": "/room/Ops"}, "Send this to /v2/room/Ops"),
        (404, {"target": "/rooms/message?a=b"}, "Send this to /v1/rooms/message."),
        (
            404,
            {"target": "/api/v2/room/Ops?a"},
            "before /v2: send this to /v2/room/Ops,",
        ),
        (404, {"target": "/v3/room/Ops"}, "There is no version v3"),
        (404, {"target": "/V2/room/Ops"}, "There is no version V2"),
        (404, {"target": "/"}, "lacks the version"),
        (404, {"target": "/v2", "operation_id": "unknown"}, "no operation"),
        (
            404,
            {"target": "/v2/rooms/message", "operation_id": "unknown"},
            "send this to /v1/rooms/message.",
        ),
        (
            404,
            {"target": "/v1/room/Ops", "operation_id": "unknown"},
            "send this to /v2/room/Ops.",
        ),
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
        (404, {"operation_id": "unknown"}, "belongs to no operation"),
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
    assert text in (advice_on(call(status, **members), ("view_group",)) or "")


def test_missing_scopes_are_named_beside_those_that_the_token_has() -> None:
    failed = call(403, problem="needs u'view_room' or u'admin_room'")

    advice = advice_on(failed, ("view_messages", "view_group")) or ""

    assert "has view_group and view_messages" in advice
    assert "needs view_room or admin_room" in advice
    assert "has no scope" in (advice_on(failed, ()) or "")


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

    assert text in (advice_on(failed, ()) or "")


def test_a_successful_call_has_its_note_only() -> None:
    assert advice_on(call(204), ()) is None
    left_out = call(204, note="The card was left out: Value u'x' for field 'card'")
    assert advice_on(left_out, ()) == (
        "The card was left out: Value 'x' for field 'card'"
    )
    assert advice_on(call(204, note="The card was left out"), ()) == (
        "The card was left out"
    )
