from __future__ import annotations

from hipkit.transports.protocol import RawResponse
from tests.unit.cli.conftest import Hipkit, Server

PAGES = [
    {"items": [{"id": 1, "name": "a"}], "links": {"next": "/v2/room?start-index=1"}},
    {"items": [{"id": 2, "name": "b"}], "links": {}},
]


def test_an_empty_list_is_an_empty_json_list(server: Server, hipkit: Hipkit) -> None:
    server.answer({"items": []})

    assert hipkit("call", "get-all-rooms", "--all", "--json").json == []


def test_a_page_with_a_successor_mentions_all(server: Server, hipkit: Hipkit) -> None:
    server.answer(*PAGES)

    ended = hipkit("call", "get-all-rooms")

    assert "--all" in ended.err
    assert ended.out == "ID  NAME\n1   a\n"


def test_an_operation_without_result_prints_nothing_or_json_null(
    hipkit: Hipkit,
) -> None:
    assert hipkit("call", "delete-room", "ops") == (0, "", "")
    assert hipkit("call", "delete-room", "ops", "--json").out == "null\n"


def test_the_target_of_a_redirect_is_printed(server: Server, hipkit: Hipkit) -> None:
    server.answer(RawResponse(302, {"location": "/pictures/1.png"}))

    ended = hipkit("call", "get-room-avatar", "1")

    assert ended.out == "https://chat.example.com/pictures/1.png\n"


def test_json_keeps_the_formats_of_the_server(server: Server, hipkit: Hipkit) -> None:
    user = {
        "id": 1,
        "email": None,
        "created": "2014-09-26T10:44:04+00:00",
        "last_active": "1411728244",
    }
    server.answer(user)
    assert hipkit("call", "get-user", "1", "--json").json == user
    server.answer(user)
    assert "created: 2014-09-26T10:44:04+00:00" in hipkit("call", "get-user", "1").out
    server.answer({"items": [user]})
    assert hipkit("call", "get-all-users", "--all", "--json").json == [user]
