from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.cli.message_text import message_text
from hipkit.v2.models import Message

START = datetime(2016, 9, 9, tzinfo=UTC)


def test_a_message_shows_sender_text_card_and_file() -> None:
    message = Message.from_json(
        b"""{"id": "1", "date": "2016-09-09T12:00:00Z", "from": "CI", "type": "notification",
        "message": "<b>Build</b> 7 &amp; 8<br>red <img src='x' alt='(no)'>",
        "message_format": "html", "card": "{\\"title\\": \\"Build 7\\"}",
        "file": {"name": "log.txt", "size": 12345, "url": "https://x/secret"}}"""
    )

    lines = message_text(message).splitlines()

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


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no tzset")
@pytest.mark.parametrize(
    ("zone", "date"),
    [
        ("UTC+5", datetime(1, 1, 1, tzinfo=UTC)),
        ("UTC-9", datetime(9999, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_the_first_and_last_of_all_dates_are_shown(
    zone: str, date: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert message_text(Message(id="1", date=date, message="x")).endswith(": x")
    finally:
        monkeypatch.undo()
        time.tzset()


def shown(html: str, width: int = 80) -> list[str]:
    """Return the lines of a notification, without its date."""
    message = Message(
        id="1", date=START, from_="CI", message=html, message_format="html"
    )
    return message_text(message, width=width).partition(" CI:")[2].split("\n")


def test_text_in_angle_brackets_is_shown() -> None:
    assert shown("From: Bob <bob@example.com> wrote") == [
        " From: Bob <bob@example.com> wrote"
    ]


def test_tables_are_shown_as_aligned_columns() -> None:
    html = (
        "<p>Two hosts:</p><table><tr><th>Host</th><th>State</th></tr>"
        "<tr><td>database-1</td><td><b>down</b> since 9</td></tr>"
        "<tr><td>日本</td><td>up</td></tr></table>See the wiki."
    )

    assert shown(html) == [
        " Two hosts:",
        "    Host        State",
        "    database-1  down since 9",
        "    日本        up",
        "    See the wiki.",
    ]


def test_a_table_at_the_beginning_has_a_line_of_its_own() -> None:
    html = "<table><tr><td>a</td><td>b</td></tr></table>"

    assert shown(html) == ["", "    a  b"]


def test_long_cells_are_wrapped_within_the_terminals_width() -> None:
    text = "disk is full on the first volume"
    html = f"<table><tr><td>db1</td><td>{text}</td></tr></table>"

    assert shown(html, width=26) == [
        "",
        "    db1  disk is full on",
        "         the first volume",
    ]


def test_a_table_with_too_many_columns_is_separated_by_lines() -> None:
    cells = "".join(f"<td>cell number {number}</td>" for number in range(30))

    assert shown(f"<table><tr>{cells}</tr></table>")[1].count(" | ") == 29


def test_terminal_escapes_in_cells_are_shown_before_widths_are_measured() -> None:
    html = (
        "<table><tr><td>\x1b[2J\x1b[31m</td><td>a\u202eb</td></tr>"
        "<tr><td>x</td><td>y\tz</td></tr></table>"
    )

    assert shown(html) == [
        "",
        "    \\x1b[2J\\x1b[31m  a\\u202eb",
        "    x                y z",
    ]


def test_no_name_begins_a_line_of_its_own() -> None:
    name = "CI: ok\n2016-09-09 12:00:00 root"
    message = Message(id="1", date=START, from_=name, message="hi")

    assert len(message_text(message, place="ops\nx").splitlines()) == 1


def test_the_room_is_named_where_there_are_several() -> None:
    message = Message(id="1", date=START, from_="CI", message="hi")

    assert message_text(message, place="Dev Ops").endswith(" [Dev Ops] CI: hi")


PIECES = st.sampled_from(
    ["<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<th>", "<pre>", "<br>"]
)


@given(
    html=st.lists(PIECES | st.text(max_size=30), max_size=40).map("".join),
    width=st.integers(-5, 120),
)
def test_any_html_is_shown(html: str, width: int) -> None:
    assert all(line.startswith("    ") for line in shown(html, width)[1:])
