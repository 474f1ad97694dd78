from __future__ import annotations

import json

import pytest

from hipkit.cli.failures import ExitCode
from tests.unit.cli.conftest import Hipkit, Server

GOOD = {"id": "m1", "date": "2016-09-09T12:00:00+00:00", "message": "all is well"}
ODD = {"id": "m2", "date": "2016-09-09T12:00:01+00:00", "file": {}}
LATER = {**GOOD, "id": "m3", "date": "2016-09-09T12:00:02+00:00"}


def told(err: str) -> list[dict[str, object]]:
    return [json.loads(line)["unreadable"] for line in err.splitlines()]


def test_a_page_is_shown_without_its_odd_item_which_is_told(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"items": [GOOD, ODD, LATER]})
    ended = hipkit("call", "get-room-history", "ops", "--json")
    assert [each["id"] for each in json.loads(ended.out)["items"]] == ["m1", "m3"]
    (item,) = told(ended.err)
    assert item["item"] == ODD
    assert item["where"] == "$.items[1].file"
    assert "name" in str(item["reason"])
    assert ended.code == ExitCode.UNREADABLE


def test_people_are_told_on_one_line(server: Server, hipkit: Hipkit) -> None:
    server.answer({"items": [GOOD, {**ODD, "message": "two\nlines\x1b[31m"}]})
    ended = hipkit("call", "get-room-history", "ops")
    assert "all is well" in ended.out
    assert ended.err.count("\n") == 1
    assert ended.err.startswith(
        "hipkit: an item cannot be read: $.items[1].file: Object missing required field"
    )
    assert '"id":"m2"' in ended.err
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("operation", ["get-room-history", "get-recent-room-history"])
def test_all_pages_are_shown_without_their_odd_items(
    server: Server, hipkit: Hipkit, operation: str
) -> None:
    server.answer({"items": [LATER, ODD, GOOD]}, {"items": []})
    if operation == "get-recent-room-history":
        server.answer({"items": [LATER, ODD, GOOD]})
    ended = hipkit("call", operation, "ops", "--all", "--json")
    assert [each["id"] for each in json.loads(ended.out)] == ["m3", "m1"]
    assert [item["item"] for item in told(ended.err)] == [ODD]
    assert ended.code == ExitCode.UNREADABLE


def test_tail_shows_what_it_can_read(server: Server, hipkit: Hipkit) -> None:
    server.answer({"items": [GOOD, ODD, LATER]})
    ended = hipkit("tail", "ops", "--no-follow", "--json")
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == ["m1", "m3"]
    assert [item["item"] for item in told(ended.err)] == [ODD]
    assert ended.code == ExitCode.UNREADABLE


def follow(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch, *looks: object
) -> tuple[list[str], list[object]]:
    """Look so often, and return the ids shown and the items told."""
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
    return ids, [item["item"] for item in told(ended.err)]


def test_tail_tells_each_odd_message_once(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, items = follow(
        server, hipkit, monkeypatch, [GOOD], [GOOD, ODD], [GOOD, ODD, LATER]
    )
    assert (shown, items) == (["m3"], [ODD])


def test_of_no_lines_an_odd_message_that_stood_there_is_old(
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


def test_where_only_odd_messages_stand_the_first_readable_one_is_new(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, items = follow(server, hipkit, monkeypatch, [ODD], [ODD], [ODD, LATER])
    assert (shown, items) == (["m3"], [])
