"""Programs that notify and do nothing else: what they were told to say is in the room."""

from __future__ import annotations

import json
from typing import Any

from tests.clients.surroundings import Surroundings

ROOM_BY_NUMBER = "POST /v2/room/1/notification"
OTHER_ROOM = "POST /v2/room/2/notification"


def note(
    message: str,
    color: str = "yellow",
    message_format: str = "html",
    sender: str = "Jenkins",
) -> dict[str, Any]:
    return {
        "from": sender,
        "message": message,
        "type": "notification",
        "color": color,
        "message_format": message_format,
    }


def by_text(*notes: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(notes, key=lambda entry: str(entry["message"]))


def test_hipnotify(place: Surroundings) -> None:
    place.run("hipnotify", knows_one_address=True)

    *known, random = sorted(
        place.said(), key=lambda entry: entry["message"] == "é @all, at random"
    )
    assert known == [
        note("<b>by name</b>", "red"),
        note("as it comes", "green", "text"),
    ]
    assert random["color"] in ("yellow", "green", "red", "purple", "gray")
    assert place.refusals() == [(401, ROOM_BY_NUMBER), (403, OTHER_ROOM)]


def test_hippy_chat(place: Surroundings) -> None:
    place.run("hippy-chat")

    titled, untitled = sorted(
        place.said(), key=lambda entry: "event" in entry["message"]
    )
    assert titled["message"] == "<b>ERROR</b> Build"
    assert untitled["message"] == "<b>ERROR</b> event occured in application"
    card = json.loads(titled["card"])
    assert card["title"] == "ERROR Build"
    assert "<script>" in str(card["description"])
    assert place.refusals() == []


def test_kawasemi(place: Surroundings) -> None:
    place.run("kawasemi")

    assert place.said() == by_text(
        note("as <b>set up</b>", "green"),
        note("as asked", "purple", "text"),
        note("by name"),
    )
    assert [status for status, _ in place.refusals()] == [403, 403]


def test_ansible(place: Surroundings) -> None:
    place.run("ansible", knows_one_address=True)

    said = [(entry["from"], entry["message"], entry["color"]) for entry in place.said()]
    by_the_module = [
        ("Ansible", "Ansible as it comes", "yellow"),
        ("A name beyond f", "Ansible <i>v1</i> é &amp; more", "purple"),
        ("Jenkins", "Ansible done <b>", "yellow"),
        ("Jenkins", "Ansible <i>v2</i>", "green"),
    ]
    # With this Ansible the callback trips over the start of a play, and gets to its end.
    by_the_callback = {
        (sender, "None: Playbook complete", "yellow")
        for sender in ("A name beyond f", "ansible")
    }
    assert {*by_the_module, *by_the_callback} < set(said)
    assert sum(text.startswith("/code") for _, text, _ in said) == 2
    assert len(said) == 8
    assert [status for status, _ in place.refusals()] == [401, 403]


def test_hipchat_notifications(place: Surroundings) -> None:
    place.run("hipchat-notifications")

    admin = "Administrator"
    assert place.said() == by_text(
        note("a <i>note</i>", sender="Label"),
        *(
            note(f"in {color}", color, sender=admin)
            for color in ("yellow", "green", "purple")
        ),
        *(note(f"in {color}", color, sender=admin) for color in ("red", "gray")),
        note("in grey", "gray", sender=admin),
        note("x" * 10_000, "yellow", "text", admin),
        note("at 10", "gray", sender="log"),
        note("at 30", "purple", sender="log"),
        note("at 50", "red", sender="log"),
    )
    private = [entry["message"] for entry in place.said_to_jane()]
    assert private == ["hello <b>you</b>", "hello you"]
    assert [status for status, _ in place.refusals()] == [404]


def test_hiplogging(place: Surroundings) -> None:
    place.run("hiplogging")

    said = {entry["message"]: entry["color"] for entry in place.said()}
    random = said.pop("at random")
    assert said == {
        "at 10 @JaneDoe": "gray",
        "at 20 @JaneDoe": "green",
        "at 30 @JaneDoe": "yellow",
        "at 40 @JaneDoe": "red",
        "at 60 @JaneDoe": "red",
    }
    assert random in ("yellow", "green", "red", "purple", "gray")
    assert place.refusals() == []


def test_python_simple_hipchat_v2(place: Surroundings) -> None:
    place.run("python-simple-hipchat-v2")

    assert place.said() == [note("simple", "red", "text", "me")]
    assert place.refusals() == []


def test_notifiers(place: Surroundings) -> None:
    place.run("notifiers")

    assert place.said() == [note("note", "purple", "text", "me")]
    assert [entry["message"] for entry in place.said_to_jane()] == ["a word"]
    # It sends cards without an id, which HipChat refused too.
    assert place.refusals() == [(400, ROOM_BY_NUMBER), (401, ROOM_BY_NUMBER)]


def test_hipchat_notifier(place: Surroundings) -> None:
    place.run("hipchat-notifier")

    assert place.said() == by_text(
        note("a notice", "gray", "text", "Notifier"),
        note("a info", "yellow", "text", "Notifier"),
        note("a success", "green", "text", "Notifier"),
        note("a warning", "purple", "text", "Notifier"),
        note("a failure", "red", "text", "Notifier"),
        note("<b>html</b>", "purple", "html", "Notifier"),
        note("by name", "yellow", "text", "Other"),
    )
    assert [status for status, _ in place.refusals()] == [401]


def test_hipchat_room_notification_api(place: Surroundings) -> None:
    place.run("hipchat-room-notification-api")

    plain, medium, compact = place.said()
    assert plain == note("plain", "green", "text", "Node <b>")
    card = json.loads(medium["card"])
    assert card["format"] == "medium"
    assert card["description"] == {"value": "about <b>it</b>", "format": "html"}
    labels = [attribute["label"] for attribute in card["attributes"]]
    assert labels == ["state", "where", "who", "how"]
    assert json.loads(compact["card"])["format"] == "compact"
    assert place.refusals() == [(403, OTHER_ROOM)]


def test_log4js(place: Surroundings) -> None:
    place.run("log4js")

    levels = {
        ("trace", "yellow"),
        ("debug", "yellow"),
        ("info", "green"),
        ("warn", "purple"),
        ("error", "red"),
        ("fatal", "red"),
    }
    assert place.said() == by_text(
        *(note(f"at {level}", color, "text") for level, color in levels),
        note("ERROR: with a layout", "red", "text", "log4js"),
    )
    assert place.refusals() == []


def test_hipchat_notify(place: Surroundings) -> None:
    place.run("hipchat-notify")

    assert place.said() == by_text(
        note("a notify", "yellow", "text"),
        note("a info", "gray", "text"),
        note("a warning", "yellow", "text"),
        note("a success", "green", "text"),
        note("a error", "red", "text"),
        note("<b>html</b>", "purple"),
    )
    assert [status for status, _ in place.refusals()] == [401]


def test_winston_hipchat(place: Surroundings) -> None:
    place.run("winston-hipchat", knows_one_address=True)

    assert place.said() == by_text(
        note("as it comes", "yellow", "text", "winston"),
        note('with é & more\n\n{\n  "where": "web1"\n}', "yellow", "text", "winston"),
        note("<b>warn</b> as set up", "red", sender="Logger"),
    )
    assert [status for status, _ in place.refusals()] == [401]


def test_hipchatpy(place: Surroundings) -> None:
    place.run("hipchatpy", knows_one_address=True)

    assert place.said() == by_text(
        note("at <b>info</b>", "green"),
        note("at warn", "yellow", "text"),
        note("at error é", "red"),
        note("by hand at 1", "green"),
        note("by hand at 3", "red"),
    )
    assert place.refusals() == [(401, f"{ROOM_BY_NUMBER}?auth_token=wrong")]


def test_apache_airflow(place: Surroundings) -> None:
    place.run("apache-airflow")

    random, *known = place.said()
    assert random["message"] == "a text, at random"
    # What Python shows of a card is no card: the message comes without it.
    assert known == [
        note("as it comes", sender="airflow"),
        note("in <b>red</b>", "red", sender="DAG"),
        note("with a card", "green", sender="airflow"),
    ]
    assert place.refusals() == [(401, ROOM_BY_NUMBER)]


def test_monasca_notification(place: Surroundings) -> None:
    place.run("monasca-notification")

    said = {json.loads(entry["message"])["message"]: entry for entry in place.said()}
    assert {text: entry["color"] for text, entry in said.items()} == {
        "of severity LOW": "green",
        "of severity MEDIUM": "gray",
        "of severity HIGH": "yellow",
        "of severity CRITICAL": "red",
        "of severity OTHER": "purple",
    }
    assert {entry["message_format"] for entry in said.values()} == {"text"}
    assert [status for status, _ in place.refusals()] == [401]


def test_netdata(place: Surroundings) -> None:
    place.run("netdata")

    said = {entry["color"]: entry["message"] for entry in place.said()}
    assert sorted(said) == ["green", "red", "yellow"]
    assert "monitor.example.com is critical<br/>" in said["red"]
    assert "View netdata dashboard</a>" in said["green"]
    assert place.refusals() == []


def test_elastalert(place: Surroundings) -> None:
    place.run("elastalert")

    said = [(one["from"], one["color"], one["message"]) for one in place.said()]
    text, *alerts, long, mention = said
    assert text[:2] == ("Elast", "green")
    assert "message: disk <full> & more\n" in text[2]
    assert {alert[:2] for alert in (*alerts, long)} == {("Jenkins", "red")}
    assert all("disk <full> & more<br/>" in alert[2] for alert in alerts)
    assert long[2].endswith("<br/> ...(truncated)")
    assert mention[2] == "ping @JaneDoe"
    assert [status for status, _ in place.refusals()] == [401]
