from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hipkit.relay.markup.tree import Text
from hipkit.relay.message import Color, Level, RelayFile, RelayMessage

MESSAGE = RelayMessage(
    id="e9b2c3a0-0000-7000-8000-000000000001",
    sent_at=datetime(2026, 11, 30, tzinfo=UTC),
    kind="notification",
    room="Ops",
    sender="Nagios",
    label="Nagios",
    body=(Text("disk full"),),
)


@pytest.mark.parametrize(
    ("color", "level"),
    [
        ("green", "success"),
        ("yellow", "warning"),
        ("red", "failure"),
        ("purple", "accent"),
        ("gray", "quiet"),
        (None, None),
    ],
)
def test_a_color_means_a_level(color: Color | None, level: Level | None) -> None:
    assert replace(MESSAGE, color=color).level == level


@pytest.mark.parametrize(
    ("content_type", "is_picture"),
    [("image/png", True), ("image/svg+xml", False), ("text/html", False)],
)
def test_only_pictures_that_chats_show_are_pictures(
    content_type: str, is_picture: bool
) -> None:
    file = RelayFile(key="k", name="n", size_bytes=1, content_type=content_type)

    assert file.is_picture == is_picture
