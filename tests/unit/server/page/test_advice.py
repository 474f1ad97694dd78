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
        (404, {"target": "/room/Ops"}, "lacks the version"),
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
    assert advice_on(call(204, note="The card was left out"), ()) == (
        "The card was left out"
    )
