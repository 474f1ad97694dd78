"""What add-ons called, and the scopes that they used."""

from __future__ import annotations

import pytest

from hipkit.testing.addons import records
from hipkit.testing.addons.records import (
    TestCall,
    pushes_in,
    remember_scopes,
    used_scopes,
)


def call(operation: str, status: int | None, body: object = None) -> TestCall:
    return TestCall(
        addon="karma",
        installation_id="1",
        operation=operation,
        arguments={"room_id_or_name": "7", "user_id_or_email": "@bob"},
        body=body,
        status=status,
        scopes=("view_room", "admin_room"),
    )


PUSH = {"glance": [{"key": "k", "content": {"label": {"type": "html", "value": "3"}}}]}


def test_a_push_is_read_with_its_place() -> None:
    (push,) = pushes_in(call("user_in_room_addon_ui_update", 204, PUSH))
    assert (push.key, push.label, push.room, push.user) == ("k", "3", "7", "@bob")


@pytest.mark.parametrize(
    ("operation", "status"),
    [("room_addon_ui_update", 403), ("room_addon_ui_update", None), ("get_room", 200)],
)
def test_what_was_not_accepted_is_no_push(operation: str, status: int | None) -> None:
    assert pushes_in(call(operation, status, PUSH)) == []


def test_the_scopes_of_calls_that_succeeded_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_used", {})
    for status in (403, None):
        remember_scopes(call("get_room", status))
    assert used_scopes() == {}
    remember_scopes(call("get_room", 200))
    assert used_scopes() == {"karma": ["admin_room", "view_room"]}


def test_a_body_is_not_shown() -> None:
    assert "label" not in repr(call("room_addon_ui_update", 204, PUSH))
