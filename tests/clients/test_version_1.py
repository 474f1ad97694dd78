"""Programs for API v1: what they did is there for version 2."""

from __future__ import annotations

from tests.clients.surroundings import Surroundings


def shown(place: Surroundings) -> list[tuple[str, str, str]]:
    return [(entry["from"], entry["message"], entry["color"]) for entry in place.said()]


def test_python_simple_hipchat(place: Surroundings) -> None:
    place.run("python-simple-hipchat")

    assert shown(place) == [
        ("Someone", "no color", "yellow"),
        ("Room", "the room's own token", "yellow"),
        ("A name beyond f", "é <b>all</b> & more", "purple"),
    ]
    assert [status for status, _ in place.refusals()] == [401]


def test_python_hipchat_v1(place: Surroundings) -> None:
    place.run("python-hipchat-v1")

    assert shown(place) == [("Someone", "remember this", "green")]
    assert place.refusals() == []


def test_hipchat_api(place: Surroundings) -> None:
    place.run("hipchat-api")

    notes = [entry for entry in place.said() if entry["type"] == "notification"]
    assert [(entry["from"], entry["message"]) for entry in notes] == [
        ("Program", "<b>note</b>"),
        ("Program", "plain"),
    ]
    with place.client() as client:
        assert client.rooms.get_room("Dev Ops").topic == "a topic by version 1"
        rooms = [room.name for room in client.rooms.get_all_rooms().items]
        assert rooms == ["Dev Ops", "Secret", "Made"]
        assert client.rooms.get_room("Made").topic == "start"
    assert [status for status, _ in place.refusals()] == [404, 401]


def test_hipchat_notif(place: Surroundings) -> None:
    place.run("hipchat-notif", knows_one_address=True)

    colors = {message: color for _, message, color in shown(place)}
    del colors["at random"]
    assert colors == {
        "of kind notif": "gray",
        "<strong>of kind alert</strong>": "red",
        "of kind ok": "green",
        "of kind message": "yellow",
    }
    assert len(place.said()) == 10
    assert [status for status, _ in place.refusals()] == [401, 401, 404]


def test_hipsaint(place: Surroundings) -> None:
    place.run("hipsaint", knows_one_address=True)

    said = shown(place)
    assert ("Nagios", "[PROBLEM] web1: no answer", "red") in said
    assert ("Jenkins", "[RECOVERY] web1 HTTP: 200 <em>fine</em>", "green") in said
    assert ("Monitor", "[RECOVERY] web1 HTTP: 200 <em>fine</em>", "green") in said
    assert len(said) == 7
    assert place.refusals() == []


def test_zenoss_hipchat(place: Surroundings) -> None:
    place.run("zenoss-hipchat")

    colors = [(sender, color) for sender, _, color in shown(place)]
    assert sorted(colors) == [
        ("Z (Warn)", "yellow"),
        ("Zenoss (Clear)", "green"),
        ("Zenoss (Crit)", "red"),
        ("Zenoss (Crit)", "red"),
        ("Zenoss (Error)", "yellow"),
        ("Zenoss (Info)", "purple"),
    ]
    assert place.refusals() == []


def test_node_hipchat(place: Surroundings) -> None:
    place.run("node-hipchat", knows_one_address=True)

    assert shown(place) == [
        ("node-hipchat", "as it comes", "yellow"),
        ("Program", "red & more", "red"),
    ]
    with place.client() as client:
        users = client.users.get_all_users().items
        assert [user.name for user in users] == ["Administrator", "Jane Doe", "Bob Ray"]
    assert [status for status, _ in place.refusals()] == [404, 401]


def test_hipchat_client(place: Surroundings) -> None:
    place.run("hipchat-client")

    assert shown(place) == [("Program", "é <b>note</b>", "green")]
    with place.client() as client:
        user = client.users.get_user("@Client")
        assert (user.name, user.is_group_admin) == ("Client Guy", True)
    assert [status for status, _ in place.refusals()] == [400, 404, 401]
