from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.limits import Limit, Limits
from hipkit.cli.message_text import message_text
from hipkit.cli.tail import Tail, seconds_to_next
from hipkit.v2.models import Message, MessagePage
from tests.scripted import failure, refusal
from tests.unit.cli.conftest import Hipkit, Server

START = datetime(2016, 9, 9, tzinfo=UTC)


def message(number: int, **more: object) -> Message:
    date = START + timedelta(seconds=number // 2)
    return Message(id=f"m{number}", date=date, message=f"text {number}", **more)  # type: ignore[arg-type]  # members of a message, by name


def page(*numbers: int) -> MessagePage:
    return MessagePage(items=[message(number) for number in numbers])


def ids(messages: list[Message]) -> list[str]:
    return [each.id for each in messages]


def test_the_first_look_shows_the_last_lines_in_order() -> None:
    looks = Tail("ops", 2)

    assert looks.operation().max_results == 2
    assert ids(looks.take(page(6, 1, 4))) == ["m4", "m6"]


def test_of_no_lines_the_first_look_shows_nothing() -> None:
    looks = Tail("ops", 0)

    assert looks.operation().max_results == 1
    assert looks.take(page(1)) == []
    assert looks.operation().not_before == "m1"
    assert ids(looks.take(page(1, 2))) == ["m2"]


def test_a_room_without_messages_shows_the_first_that_comes() -> None:
    looks = Tail("ops", 0)
    looks.take(page())

    assert looks.operation().not_before is None
    assert looks.operation().max_results == 1_000
    assert ids(looks.take(page(1, 2))) == ["m1", "m2"]


def test_an_older_message_that_comes_into_sight_is_not_new() -> None:
    looks = Tail("ops", 10)
    looks.take(page(4, 6))

    assert looks.take(page(1, 4)) == []


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(1, 8))
def test_every_message_is_shown_once_and_in_order(
    arrivals: list[int], overlap: int
) -> None:
    looks = Tail("ops", 10)
    shown = ids(looks.take(page(0)))
    there = [0]
    for count in arrivals:
        there += range(there[-1] + 1, there[-1] + 1 + count)
        # A server that minds the id wanted, or gives some more than was asked for.
        shown += ids(looks.take(page(*there[-count - overlap :])))

    assert shown == [f"m{number}" for number in there]


def limits(remaining: int, seconds: float) -> Limits:
    return Limits(rate=Limit(100, remaining, START + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Limits(), 5),
        (limits(100, 300), 5),
        (limits(51, 3000), 5),
        (limits(10, 300), 30),
        (limits(0, 300), 300),
        (limits(0, -10), 5),
    ],
)
def test_the_calls_left_last_until_the_window_ends(
    known: Limits, expected: float
) -> None:
    assert seconds_to_next(known, 5, START.timestamp()) == expected


def history(*numbers: int) -> dict[str, object]:
    return json.loads(page(*numbers).to_json())  # type: ignore[no-any-return]  # an object, as written


def test_without_follow_one_look_is_enough(server: Server, hipkit: Hipkit) -> None:
    server.answer(history(1, 2))

    ended = hipkit("tail", "ops", "--no-follow", "-n", "1", "--json")

    assert json.loads(ended.out)["id"] == "m2"
    assert server.requests[0].target == "/v2/room/ops/history/latest?max-results=1"


def test_following_survives_what_passes_and_ends_with_ctrl_c(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    broken = failure("connect", arrived=False)
    server.answer(
        history(1), history(1, 2), broken, refusal(503), history(2, 3), refusal(500)
    )
    played = server.play

    def play_until_the_end(*arguments: object) -> object:
        if len(server.requests) == 5:
            raise KeyboardInterrupt
        return played(*arguments)  # type: ignore[arg-type]  # what a transport is given

    monkeypatch.setattr(server, "play", play_until_the_end)

    ended = hipkit("tail", "ops", "--json", "--retries", "0", "--interval", "2")

    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [
        "m1",
        "m2",
        "m3",
    ]
    assert ended.code == 130
    assert [json.loads(line)["wait"]["seconds"] for line in ended.err.splitlines()] == [
        4,
        8,
    ]
    assert pauses == [2, 2, 4, 2, 8, 2, 2][: len(pauses)]


def test_a_refusal_that_stays_ends_it(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer(history(1), refusal(404))

    ended = hipkit("tail", "ops")

    assert ended.code == 6
    assert ended.out.endswith("(unknown sender): text 1\n")


def test_a_first_look_that_fails_ends_it(server: Server, hipkit: Hipkit) -> None:
    server.answer(failure("connect", arrived=False))

    assert hipkit("tail", "ops", "--retries", "0").code == 3


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
def test_a_card_that_cannot_be_read_is_still_a_card(card: str) -> None:
    assert "(card)" in message_text(message(1, card=card))


def test_a_deleted_message_says_so() -> None:
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
def test_what_is_no_tag_is_shown_and_cells_stand_apart(
    html: str, lines: list[str]
) -> None:
    given = Message(id="1", date=START, message=html, message_format="html")

    shown = message_text(given)

    assert shown.splitlines()[0].endswith(f": {lines[0]}")
    assert shown.splitlines()[1:] == lines[1:]
