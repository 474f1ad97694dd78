"""What the Matrix target relies on: how Synapse itself behaves."""

from __future__ import annotations

from urllib.parse import quote

from tests.relay.homeserver import Homeserver


def test_a_message_with_a_known_transaction_id_is_stored_once(
    homeserver: Homeserver,
) -> None:
    bot = homeserver.register("once")
    room = bot.create_room()
    place = f"/rooms/{quote(room, safe='')}/send/m.room.message/same"
    message = {"msgtype": "m.text", "body": "Build failed"}

    answers = [bot.call("PUT", place, message) for _ in range(2)]

    assert answers[0] == answers[1]
    assert [event["content"] for event in bot.messages(room)] == [message]


def test_joining_by_alias_names_the_room_and_may_be_repeated(
    homeserver: Homeserver,
) -> None:
    owner, bot = homeserver.register("owner"), homeserver.register("joins")
    room = owner.create_room("alerts")
    alias = quote("#alerts:matrix.example.com", safe="")

    answers = [bot.call("POST", f"/join/{alias}", {}) for _ in range(2)]

    assert answers == [(200, {"room_id": room})] * 2


def test_a_room_is_not_found_by_its_alias_when_a_message_is_sent(
    homeserver: Homeserver,
) -> None:
    bot = homeserver.register("alias")
    bot.create_room("by-alias")
    alias = quote("#by-alias:matrix.example.com", safe="")
    message = {"msgtype": "m.text", "body": "Build failed"}

    status, answer = bot.call("PUT", f"/rooms/{alias}/send/m.room.message/1", message)

    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
