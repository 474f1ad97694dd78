"""Which answers of receivers are notifications."""

from __future__ import annotations

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.server.http.webhook_answers import read_notification


def test_an_object_with_a_message_is_a_notification_for_the_room() -> None:
    notification = read_notification(b' {"message": "done", "color": "green"}', 7)

    assert notification is not None
    assert (notification.message, notification.color) == ("done", "green")
    assert notification.room_id_or_name in (7, "7")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b'["message"]',
        b'"message"',
        b"{}",
        b'{"text": "done"}',
        b'{"message": ',
        b'{"message": "\xff"}',
        b"{" * 100_000,
    ],
)
def test_any_other_body_is_not_a_notification(body: bytes) -> None:
    assert read_notification(body, 7) is None


@pytest.mark.parametrize(
    "body", [b'{"message": ""}', b'{"message": "x", "color": "pink"}']
)
def test_a_notification_that_breaks_the_rules_is_an_error(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_notification(body, 7)
