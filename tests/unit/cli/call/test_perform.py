from __future__ import annotations

from hipkit.transports.protocol import RawResponse
from tests.unit.cli.conftest import Hipkit, Server


def test_a_dry_run_sends_nothing_and_shows_no_secret(
    server: Server, hipkit: Hipkit
) -> None:
    ended = hipkit("call", "get-session", "secret-token", "--dry-run")

    assert ended.code == 0
    assert server.requests == []
    lines = ended.out.splitlines()
    assert lines[0] == "GET https://chat.example.com/v2/oauth/token/{access_token}"
    assert "authorization: ***" in lines
    assert "secret-token" not in ended.out


def test_a_dry_run_prints_the_size_of_the_body(hipkit: Hipkit) -> None:
    ended = hipkit(
        "call", "send-message", "ops", "--message", "private", "--dry-run", "--json"
    )

    assert isinstance(ended.json, dict)
    assert ended.json["body_bytes"] == len('{"message":"private"}')
    assert "private" not in ended.out


def test_raw_prints_the_response_as_received(server: Server, hipkit: Hipkit) -> None:
    reply = RawResponse(404, {"x-one": "1"}, b"not\x1bjson")
    server.answer(reply, reply)

    ended = hipkit("call", "get-room", "ops", "--raw", "--json")
    assert ended.code == 6
    assert ended.json == {
        "status": 404,
        "headers": {"x-one": "1"},
        "body": "not\x1bjson",
    }
    ended = hipkit("call", "get-room", "ops", "--raw")
    assert ended.out == "not\x1bjson"
    assert "404" in ended.err


PAGES = [
    {"items": [{"id": 1, "name": "a"}], "links": {"next": "/v2/room?start-index=1"}},
    {"items": [{"id": 2, "name": "b"}], "links": {}},
]


def test_all_prints_the_items_of_every_page(server: Server, hipkit: Hipkit) -> None:
    server.answer(*PAGES)
    ended = hipkit("call", "get-all-rooms", "--all", "--json")
    assert ended.out == '[{"id":1,"name":"a"},{"id":2,"name":"b"}]\n'

    server.answer(*PAGES)
    ended = hipkit("call", "get-all-rooms", "--all")
    assert ended.out == "ID  NAME\n1   a\n2   b\n"


def test_all_prints_each_message_of_a_history_once(
    server: Server, hipkit: Hipkit
) -> None:
    first = {"id": "b", "date": "2016-01-02T00:00:00+00:00", "message": "two"}
    second = {"id": "a", "date": "2016-01-01T00:00:00+00:00", "message": "one"}
    server.answer({"items": [first]}, {"items": [second, first]}, {"items": [second]})

    ended = hipkit("call", "get-room-history", "ops", "--all", "--json")

    assert isinstance(ended.json, list)
    assert [each["id"] for each in ended.json] == ["b", "a"]
