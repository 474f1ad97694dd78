from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.limits import Limit, Limits
from hipkit.cli.failures import ExitCode
from hipkit.cli.tail import Tail, seconds_to_next
from hipkit.v2.models import Message, MessagePage
from tests.scripted import error_answer, failure
from tests.unit.cli.conftest import Hipkit, Server

START = datetime(2016, 9, 9, tzinfo=UTC)


def message(number: int, **more: object) -> Message:
    date = START + timedelta(seconds=number // 2)
    return Message(id=f"m{number}", date=date, message=f"text {number}", **more)  # type: ignore[arg-type]  # members of a message, by name


def page(*numbers: int) -> MessagePage:
    return MessagePage(items=[message(number) for number in numbers])


def ids(messages: list[Message]) -> list[str]:
    return [each.id for each in messages]


def test_the_first_response_shows_the_last_lines_in_order() -> None:
    looks = Tail("ops", 2)

    assert looks.operation().max_results == 2
    assert ids(looks.take(page(6, 1, 4))) == ["m4", "m6"]


def test_with_no_lines_the_first_response_shows_nothing() -> None:
    looks = Tail("ops", 0)

    assert looks.operation().max_results == 1
    assert looks.take(page(1)) == []
    assert looks.operation().not_before == "m1"
    assert ids(looks.take(page(1, 2))) == ["m2"]


def test_in_an_empty_room_the_first_messages_are_new() -> None:
    looks = Tail("ops", 0)
    looks.take(page())

    assert looks.operation().not_before is None
    assert looks.operation().max_results == 1_000
    assert ids(looks.take(page(1, 2))) == ["m1", "m2"]


def test_an_older_message_in_a_later_response_is_not_new() -> None:
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
def test_requests_are_spread_over_the_rest_of_the_rate_limit_window(
    known: Limits, expected: float
) -> None:
    assert seconds_to_next(known, 5, START.timestamp()) == expected


def history(*numbers: int) -> dict[str, object]:
    return json.loads(page(*numbers).to_json())  # type: ignore[no-any-return]  # an object, as written


def test_without_follow_one_request_is_sent(server: Server, hipkit: Hipkit) -> None:
    server.answer(history(1, 2))

    ended = hipkit("tail", "ops", "--no-follow", "-n", "1", "--json")

    assert json.loads(ended.out)["id"] == "m2"
    assert server.requests[0].target == "/v2/room/ops/history/latest?max-results=1"


def test_following_continues_after_temporary_errors_until_ctrl_c(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    broken = failure("connect", arrived=False)
    server.answer(
        history(1),
        history(1, 2),
        broken,
        error_answer(503),
        history(2, 3),
        error_answer(500),
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


def test_a_permanent_error_ends_the_command(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer(history(1), error_answer(404))

    ended = hipkit("tail", "ops")

    assert ended.code == 6
    assert ended.out.endswith("(unknown sender): text 1\n")


def test_an_error_of_the_first_request_ends_the_command(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(failure("connect", arrived=False))

    assert hipkit("tail", "ops", "--retries", "0").code == 3


GOOD = {"id": "m1", "date": "2016-09-09T12:00:00+00:00", "message": "all is well"}


ODD = {"id": "m2", "date": "2016-09-09T12:00:01+00:00", "file": {}}


LATER = {**GOOD, "id": "m3", "date": "2016-09-09T12:00:02+00:00"}


def reported(err: str) -> list[dict[str, object]]:
    return [json.loads(line)["unreadable"] for line in err.splitlines()]


def test_readable_messages_are_shown_and_unreadable_ones_reported(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"items": [GOOD, ODD, LATER]})
    ended = hipkit("tail", "ops", "--no-follow", "--json")
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == ["m1", "m3"]
    assert [item["item"] for item in reported(ended.err)] == [ODD]
    assert ended.code == ExitCode.UNREADABLE


def follow(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch, *looks: object
) -> tuple[list[str], list[object]]:
    """Follow for as many responses; return the ids shown and the items reported."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer(*({"items": items} for items in looks))
    played = server.play

    def play_until_the_end(*arguments: object) -> object:
        if len(server.requests) == len(looks):
            raise KeyboardInterrupt
        return played(*arguments)  # type: ignore[arg-type]  # what a transport is given

    monkeypatch.setattr(server, "play", play_until_the_end)
    ended = hipkit("tail", "ops", "--json", "-n", "0")
    assert ended.code == ExitCode.INTERRUPTED
    ids = [json.loads(line)["id"] for line in ended.out.splitlines()]
    return ids, [item["item"] for item in reported(ended.err)]


def test_each_unreadable_message_is_reported_once(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, items = follow(
        server, hipkit, monkeypatch, [GOOD], [GOOD, ODD], [GOOD, ODD, LATER]
    )
    assert (shown, items) == (["m3"], [ODD])


def test_with_no_lines_an_unreadable_message_of_the_first_response_is_not_reported(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {**ODD, "id": "m0"}
    shown, items = follow(
        server, hipkit, monkeypatch, [odd], [GOOD, odd], [GOOD, odd, LATER, ODD]
    )
    assert (shown, items) == (["m3"], [ODD])
    assert [target.partition("?")[2] for target in server.targets] == [
        "max-results=1",
        "max-results=1000",
        "max-results=1000&not-before=m1",
    ]


def test_after_unreadable_messages_only_the_first_readable_one_is_new(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, items = follow(server, hipkit, monkeypatch, [ODD], [ODD], [ODD, LATER])
    assert (shown, items) == (["m3"], [])


def test_a_private_chat_is_named_by_the_other_user(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(history(1))

    ended = hipkit("tail", "@alice", "--no-follow")

    assert ended.out.endswith("text 1\n")
    assert server.targets == ["/v2/user/%40alice/history/latest?max-results=10"]


def test_several_rooms_are_shown_together_by_date_and_named(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(history(2, 6), history(4))

    ended = hipkit("tail", "Dev Ops", "@alice", "Dev Ops", "--no-follow")

    lines = [line.split(" ", 2)[2] for line in ended.out.splitlines()]
    assert lines == [
        "[Dev Ops] (unknown sender): text 2",
        "[@alice] (unknown sender): text 4",
        "[Dev Ops] (unknown sender): text 6",
    ]
    assert len(server.requests) == 2


def test_several_rooms_in_json_name_the_room_of_each_message(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(history(1), history(2))

    ended = hipkit("tail", "ops", "dev", "--no-follow", "--json")

    shown = [json.loads(line) for line in ended.out.splitlines()]
    assert [(one["room"], one["id"]) for one in shown] == [("ops", "m1"), ("dev", "m2")]


def test_what_one_room_sent_is_shown_although_another_fails(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer(
        *(history(1), history(1)),
        *(history(1, 2), error_answer(503)),
        *(history(2, 3), history(1, 4)),
        *(history(3, 5), history(4)),
        *(error_answer(404), error_answer(404)),
    )

    ended = hipkit("tail", "ops", "dev", "--json", "-n", "0", "--retries", "0")

    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [
        *("m2", "m3", "m4", "m5")
    ]
    assert ended.code == ExitCode.NOT_FOUND


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_room_that_ends_is_reported_and_the_others_go_on(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer(
        *(history(1), history(1)),
        *(error_answer(status), history(1, 2)),
        history(2, 4),
        error_answer(404),
    )

    ended = hipkit("tail", "ops", "dev", "-n", "0")

    assert [line.partition(": ")[2] for line in ended.out.splitlines()] == [
        *("text 2", "text 4")
    ]
    first, second = ended.err.splitlines()
    assert first.startswith(
        f"hipkit: ops ends here: GET /room/ops/history/latest: {status}"
    )
    assert second.startswith("hipkit: dev ends here: GET /room/dev/history/latest: 404")
    assert ended.code == (
        ExitCode.NOT_FOUND if status == 404 else ExitCode.NOT_AUTHORISED
    )


def test_a_room_that_does_not_exist_hides_no_other(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(error_answer(404), history(2))

    ended = hipkit("tail", "nowhere", "dev", "--no-follow", "--json")

    assert json.loads(ended.out)["id"] == "m2"
    assert ended.error["room"] == "nowhere"
    assert ended.error["status"] == 404
    assert ended.code == ended.error["exit_code"] == ExitCode.NOT_FOUND


def test_without_a_connection_at_first_nothing_is_followed(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(history(1), failure("connect", arrived=False))

    assert hipkit("tail", "ops", "dev", "--retries", "0").code == 3


def test_several_rooms_share_the_rate_limit() -> None:
    assert seconds_to_next(limits(10, 300), 5, START.timestamp(), calls=3) == 90


def test_since_shows_all_messages_from_then_on() -> None:
    looks = Tail("ops", None, START + timedelta(seconds=2))

    assert looks.operation().max_results == 1_000
    assert ids(looks.take(page(1, 3, 4, 6))) == ["m4", "m6"]
    assert ids(looks.take(page(6, 7))) == ["m7"]


def test_since_a_time_without_messages_new_ones_are_shown() -> None:
    looks = Tail("ops", None, START + timedelta(seconds=50))

    assert looks.take(page(1, 2)) == []
    assert ids(looks.take(page(2, 3))) == ["m3"]


def test_since_with_lines_shows_the_last_of_them() -> None:
    looks = Tail("ops", 1, START)

    assert ids(looks.take(page(1, 2, 3))) == ["m3"]
    assert Tail("ops", 0, START).take(page(1)) == []


def test_since_longer_ago_than_any_date_shows_all(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(history(1, 2), history())

    ended = hipkit("tail", "ops", "--no-follow", "--since", "999999d")

    assert (ended.code, len(ended.out.splitlines())) == (0, 2)


def test_since_reads_back_as_far_as_needed(server: Server, hipkit: Hipkit) -> None:
    latest, older = history(8, 9), history(9, 8, 6, 5)
    oldest = {"items": [json.loads(message(1).to_json())]}
    server.answer(latest, older, oldest)

    ended = hipkit(
        *("tail", "ops", "--no-follow", "--json"),
        *("--since", "2016-09-09T00:00:02+00:00"),
    )

    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [
        *("m5", "m6", "m8", "m9")
    ]
    assert server.targets[1].startswith("/v2/room/ops/history?")


def test_a_gap_between_two_responses_is_filled(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer(
        history(1),
        history(8, 9),  # The latest only: more were sent than a response holds.
        history(9, 8, 6, 4, 2, 1),
        {"items": []},
        error_answer(404),
    )

    ended = hipkit("tail", "@alice", "--json", "-n", "0", "--retries", "0")

    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [
        *("m2", "m4", "m6", "m8", "m9")
    ]
    assert "/history?" in server.targets[2]
    assert "date=2016-09-09T00%3A00%3A05" in server.targets[2]


def test_tables_are_drawn_as_columns(server: Server, hipkit: Hipkit) -> None:
    table = "<table><tr><td>db1</td><td>down</td></tr><tr><td>a</td><td>up</td></tr>"
    shown = message(1, message_format="html")
    items = [{**json.loads(shown.to_json()), "message": f"{table}</table>"}]
    server.answer({"items": items})

    ended = hipkit("tail", "ops", "--no-follow")

    assert ended.out.splitlines()[1:] == ["    db1  down", "    a    up"]


@given(
    st.lists(st.integers(0, 30), max_size=12),
    st.integers(1, 8),
    st.none() | st.integers(0, 20),
)
def test_nothing_is_lost_or_repeated_when_a_response_holds_few_messages(
    arrivals: list[int], most: int, since: int | None
) -> None:
    there = list(range(10))
    reach = None if since is None else START + timedelta(seconds=since)
    looks = Tail("ops", 0 if since is None else None, reach)
    shown: list[str] = []
    for count in [0, *arrivals]:
        there += range(len(there), len(there) + count)
        latest, older = page(*there[-most:]), []
        if gap := looks.gap(latest):
            read_back = [message(number) for number in reversed(there)]
            older = [one for one in read_back if one.date >= gap[1]]
        shown += ids(looks.take(latest, older))

    # What was sent after the start is new, even if the clock of the reader is ahead.
    first = 10 if since is None else min(10, 2 * since)
    assert shown == [f"m{number}" for number in there[first:]]


@pytest.mark.parametrize(
    ("lines", "shown"), [(2, ["m3", "m4"]), (5, ["m2", "m3", "m4"])]
)
def test_more_lines_than_there_are_show_them_all(lines: int, shown: list[str]) -> None:
    assert ids(Tail("ops", lines).take(page(2, 3, 4))) == shown
