from __future__ import annotations

import json

import pytest

from hipkit.cli.failures import ExitCode
from tests.unit.cli.conftest import Hipkit, Server

GOOD = {"id": "m1", "date": "2016-09-09T12:00:00+00:00", "message": "all is well"}


ODD = {"id": "m2", "date": "2016-09-09T12:00:01+00:00", "file": {}}


LATER = {**GOOD, "id": "m3", "date": "2016-09-09T12:00:02+00:00"}


def reported(err: str) -> list[dict[str, object]]:
    return [json.loads(line)["unreadable"] for line in err.splitlines()]


def test_with_json_an_unreadable_item_is_reported_as_json(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer({"items": [GOOD, ODD, LATER]})
    ended = hipkit("call", "get-room-history", "ops", "--json")
    assert [each["id"] for each in json.loads(ended.out)["items"]] == ["m1", "m3"]
    (item,) = reported(ended.err)
    assert item["item"] == ODD
    assert item["where"] == "$.items[1].file"
    assert "name" in str(item["reason"])
    assert ended.code == ExitCode.UNREADABLE


def test_without_json_an_unreadable_item_is_reported_in_one_line(
    server: Server, hipkit: Hipkit
) -> None:
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
def test_all_pages_are_shown_without_unreadable_items(
    server: Server, hipkit: Hipkit, operation: str
) -> None:
    server.answer({"items": [LATER, ODD, GOOD]}, {"items": []})
    if operation == "get-recent-room-history":
        server.answer({"items": [LATER, ODD, GOOD]})
    ended = hipkit("call", operation, "ops", "--all", "--json")
    assert [each["id"] for each in json.loads(ended.out)] == ["m3", "m1"]
    assert [item["item"] for item in reported(ended.err)] == [ODD]
    assert ended.code == ExitCode.UNREADABLE
