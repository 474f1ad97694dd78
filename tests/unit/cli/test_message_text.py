from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hipkit.cli.message_text import message_text
from hipkit.v2.models import Message

START = datetime(2016, 9, 9, tzinfo=UTC)


def test_a_message_shows_sender_text_card_and_file() -> None:
    given = Message.from_json(
        b"""{"id": "1", "date": "2016-09-09T12:00:00Z", "from": "CI", "type": "notification",
        "message": "<b>Build</b> 7 &amp; 8<br>red <img src='x' alt='(no)'>",
        "message_format": "html", "card": "{\\"title\\": \\"Build 7\\"}",
        "file": {"name": "log.txt", "size": 12345, "url": "https://x/secret"}}"""
    )

    lines = message_text(given).splitlines()

    assert lines[0].endswith(" CI: Build 7 & 8")
    assert lines[1:] == [
        "    red (no)",
        "    (card: Build 7)",
        "    (file log.txt, 12,345 bytes)",
    ]


@pytest.mark.parametrize("card", ["{", "[]", "7", '{"x": 1}'])
def test_an_unreadable_card_is_shown_as_a_card_without_title(card: str) -> None:
    assert "(card)" in message_text(Message(id="1", date=START, card=card))


def test_a_message_without_content_is_shown_as_deleted() -> None:
    gone = Message(id="1", date=START)
    assert "(deleted" in message_text(gone)


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("From: Bob <bob@example.com> wrote", ["From: Bob <bob@example.com> wrote"]),
        (
            "<table><tr><th>Host</th><th>State</th></tr>"
            "<tr><td>db1</td><td>down</td></tr></table>",
            ["Host | State", "    db1 | down"],
        ),
    ],
)
def test_html_shows_text_in_angle_brackets_and_separates_cells(
    html: str, lines: list[str]
) -> None:
    given = Message(id="1", date=START, message=html, message_format="html")

    shown = message_text(given)

    assert shown.splitlines()[0].endswith(f": {lines[0]}")
    assert shown.splitlines()[1:] == lines[1:]
