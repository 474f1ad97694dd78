"""Libraries for all of API v2: they check what they are answered, the tests check what is left."""

from __future__ import annotations

from hipkit import HipChat
from tests.clients.surroundings import Surroundings
from tests.e2e.serving import admin


def rooms_made(client: HipChat) -> list[str | None]:
    return [room.name for room in client.rooms.get_all_rooms().items[2:]]


def names_of_people(client: HipChat) -> list[str | None]:
    return [user.name for user in client.users.get_all_users().items]


def addresses_of_hooks(client: HipChat, room: str) -> list[str | None]:
    return [hook.url for hook in client.rooms.get_all_webhooks(room).items]


def test_hypchat(place: Surroundings) -> None:
    place.run("hypchat")

    with place.client() as client:
        assert rooms_made(client) == ["Hyp Room Renamed", "Hyp Two"]
        room = client.rooms.get_room("Hyp Room Renamed")
        assert room.topic == "saved topic"
        history = client.rooms.get_recent_room_history("Hyp Room Renamed").items
        assert [entry.message for entry in history][:4] == [
            *("hello", "<b>note</b>", "@JaneDoe look", "plain")
        ]
        assert addresses_of_hooks(client, "Hyp Room Renamed") == [
            "https://example.com/kept"
        ]
        members = client.rooms.get_all_members("Hyp Two").items
        assert [member.name for member in members] == ["Administrator", "Jane Doe"]
        assert names_of_people(client) == [
            *("Administrator", "Jane Doe", "Bob Ray", "Other Guy", "Third Guy")
        ]
        assert client.users.get_user("@other").title == "Boss"
    assert [entry["message"] for entry in place.said()] == ["done"]
    assert [entry["message"] for entry in place.said_to_jane()] == ["a word"]
    assert [status for status, _ in place.refusals()] == [404, 400, 404, 404, 401]


def test_hipchatter(place: Surroundings) -> None:
    place.run("hipchatter")

    with place.client() as client:
        assert rooms_made(client) == ["NodeRoom"]
        room = client.rooms.get_room("NodeRoom")
        assert (room.privacy, room.topic) == ("private", "new topic")
        members = client.rooms.get_all_members("NodeRoom").items
        assert "Bob Ray" in [member.name for member in members]
        history = client.rooms.get_recent_room_history("NodeRoom").items
        assert {entry.message for entry in history} >= {"from an admin", "said"}
        assert addresses_of_hooks(client, "NodeRoom") == ["https://example.com/kept"]
        user = client.users.get_user("node@example.com")
        assert (user.title, user.mention_name) == ("Lead", "Node")
        assert "Gone Guy" not in names_of_people(client)
    said = [entry["message"] for entry in place.said()]
    assert said == ["in full", "in short", "said to all"]
    assert [entry["message"] for entry in place.said_to_jane()] == ["hey"]
    assert [status for status, _ in place.refusals()] == [400, 401, 404, 404]


def test_the_tests_of_hipchatter(place: Surroundings) -> None:
    party = str(place.folder / "party.png")
    admin(place.folder, "emoticon", "add", "allthethings", party, "--id", "105216")
    for number in range(13):
        admin(place.folder, "emoticon", "add", f"e{number}", party)

    printed = place.run("hipchatter-tests", knows_one_address=True)

    assert "77 passing" in printed
    assert "failing" not in printed


def test_ac_node_hipchat(place: Surroundings) -> None:
    place.run("ac-node-hipchat")

    with place.client() as client:
        assert rooms_made(client) == ["AcRoom"]
        room = client.rooms.get_room("AcRoom")
        assert (room.privacy, room.topic) == ("private", "last")
        history = client.rooms.get_recent_room_history("AcRoom").items
        assert [entry.message for entry in history][:5] == [
            "<b>note</b>",
            "with a card",
            "an answer",
            "look https://example.com/",
            "next",
        ]
        assert client.users.get_user("@acg").title == "Lead"
        assert "Gone Guy" not in names_of_people(client)
    assert [entry["message"] for entry in place.said()] == ["to the first room"]
    private = [entry["message"] for entry in place.said_to_jane()]
    assert private == ["hey https://example.com/"]
    pushed = [call for call in place.calls() if "/addon/ui" in call.operation]
    assert [call.status for call in pushed] == [204, 204, 204]
    refused = [status for status, _ in place.refusals()]
    assert refused == [400, 403, 403, 403, 403, 403, 404, 401]


def test_hipcat(place: Surroundings) -> None:
    place.run("hipcat")

    said = {(entry["type"], entry["from"], entry["message"]) for entry in place.said()}
    assert said == {
        ("message", "Administrator", "hello"),
        ("message", "Administrator", "/code piped\n"),
        ("message", "Administrator", "/quote quoted\n"),
        ("notification", "me", "note"),
        ("notification", "Administrator", "unsigned"),
    }
    assert [entry["message"] for entry in place.said_to_jane()] == ["private"]
    assert [status for status, _ in place.refusals()] == [404]


def test_hipchav(place: Surroundings) -> None:
    place.run("hipchav", knows_one_address=True)

    said = [(entry["type"], entry["message"]) for entry in place.said()]
    assert said == [("message", "said by hand"), ("message", "said in <b>red</b>")]
    assert place.refusals() == []


def test_ruby_hipchat(place: Surroundings) -> None:
    place.run("ruby-hipchat")

    with place.client() as client:
        assert rooms_made(client) == ["Ruby Renamed", "Older"]
        assert client.rooms.get_room("Ruby Renamed").topic == "saved"
        assert client.rooms.get_room("Dev Ops").topic == "topic by version 1"
    said = {(entry["type"], entry["message"]) for entry in place.said()}
    assert said >= {
        ("notification", "a <b>note</b>"),
        ("notification", "a text"),
        ("message", "the report"),
        ("notification", "by the room's token"),
        ("notification", "by version 1"),
    }
    private = [entry["message"] for entry in place.said_to_jane()]
    assert private == ["a word", "the report for you"]
    assert [status for status, _ in place.refusals()] == [404, 401, 404, 401]
