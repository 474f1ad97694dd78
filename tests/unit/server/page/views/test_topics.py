"""The topic: changed at the room's head and by `/topic`, by those who administer the room."""

from __future__ import annotations

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor


def topic_of(site: Site, room: int) -> str:
    topic: str = site.get(f"/v2/room/{room}").json["topic"]
    return topic


def say(visitor: Visitor, room: int, text: str, **headers: str) -> Answer:
    return visitor.send(f"/rooms/{room}/messages", {"message": text}, **headers)


def test_the_topic_leads_to_its_form_for_administrators_of_the_room_only(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    room = site.add_room("Ops", topic="<b>calm</b>")
    link = f'href="/rooms/{room}/topic"'

    for visitor in (ann, root):
        assert "&lt;b&gt;calm&lt;/b&gt;" in visitor.get(f"/rooms/{room}").text
    assert link in root.get(f"/rooms/{room}").text
    assert link not in ann.get(f"/rooms/{room}").text
    assert ann.get(f"/rooms/{room}/topic").status == 403
    assert ann.send(f"/rooms/{room}/topic", {"topic": "x"}).status == 403
    assert topic_of(site, room) == "<b>calm</b>"


def test_the_form_changes_the_topic_and_says_so_in_the_room_once(
    site: Site, sign_in: MakeVisitor
) -> None:
    owner = sign_in("olga")
    room = site.add_room("Ops", owner="@olga")
    page = f"/rooms/{room}/topic"

    for _ in range(2):
        assert owner.fill(page, page, topic=" Freeze ").location == f"/rooms/{room}"

    assert topic_of(site, room) == "Freeze"
    said = [one["message"] for one in site.messages(room)]
    assert said == ["Freeze"]


def test_an_error_keeps_what_was_typed(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops", topic="calm")
    page, long = f"/rooms/{room}/topic", "<y>" * 90

    for answer in (
        root.send(page, {"topic": long}),
        root.send(page, {"topic": long}, hx_request="true"),
    ):
        assert answer.status == 400
        assert 'role="alert"' in answer.text
        assert f'value="{"&lt;y&gt;" * 90}"' in answer.text
    assert topic_of(site, room) == "calm"


def test_htmx_puts_the_form_in_place_and_the_topic_back(
    site: Site, root: Visitor
) -> None:
    room = site.add_room("Ops", topic="calm")
    page = f"/rooms/{room}/topic"

    form = root.get(page, hx_request="true")
    saved = root.send(page, {"topic": "busy"}, hx_request="true")
    kept = root.get(f"{page}/shown", hx_request="true")

    for answer in (form, saved, kept):
        assert "<html" not in answer.text
        assert 'id="topic"' in answer.text
    assert 'value="calm"' in form.text
    assert "busy" in saved.text
    assert kept.text == saved.text


@pytest.mark.parametrize("text", ["/topic new\nones", "  /topic \t new\nones "])
def test_the_command_changes_the_topic_and_is_not_posted(
    site: Site, root: Visitor, text: str
) -> None:
    room = site.add_room("Ops")

    assert say(root, room, text).location == f"/rooms/{room}"

    assert topic_of(site, room) == "new\nones"
    assert [one["type"] for one in site.messages(room)] == ["topic"]


def test_the_command_puts_the_topic_in_the_head(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")

    answer = say(root, room, "/topic <i>", hx_request="true")

    assert answer.headers["hx-retarget"] == "#topic"
    assert answer.headers["hx-reswap"] == "outerHTML"
    assert "&lt;i&gt;" in answer.text


def test_the_command_alone_opens_the_form_and_removes_nothing(
    site: Site, root: Visitor
) -> None:
    room = site.add_room("Ops", topic="calm")

    assert say(root, room, "/topic").location == f"/rooms/{room}/topic"
    opened = say(root, room, "/topic ", hx_request="true")

    assert 'value="calm"' in opened.text
    assert opened.headers["hx-retarget"] == "#topic"
    assert topic_of(site, room) == "calm"
    assert site.messages(room) == []


@pytest.mark.parametrize(
    "text", ["/topicality x", "/topics", "/Topic x", "/deploy ops", "//topic x", "x /topic y"]
)  # fmt: skip
def test_every_other_word_is_posted_as_typed(
    site: Site, root: Visitor, text: str
) -> None:
    room = site.add_room("Ops", topic="calm")

    say(root, room, text)

    assert [one["message"] for one in site.messages(room)] == [text]
    assert topic_of(site, room) == "calm"


def test_the_command_is_refused_to_others_and_nothing_is_posted(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    room = site.add_room("Ops", topic="calm")
    guest = sign_in("guest", is_guest=True)
    site.put(f"/v2/room/{room}/member/@guest", {"room_roles": ["room_admin"]})

    for visitor in (ann, guest):
        answer = say(visitor, room, "/topic x", hx_request="true")
        assert answer.status == 403
        assert answer.headers["hx-retarget"] == "#problem"
        assert "scope" not in answer.text
    assert guest.get(f"/rooms/{room}/topic").status == 403
    assert site.messages(room) == []
    assert topic_of(site, room) == "calm"


def test_an_archived_rooms_topic_stays(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops", topic="calm")
    body = {
        "name": "Ops", "topic": "calm", "privacy": "public", "is_archived": True,
        "is_guest_accessible": False, "owner": {"id": 1},
    }  # fmt: skip
    site.put(f"/v2/room/{room}", body)

    assert "/topic" not in root.get(f"/rooms/{room}").text
    assert root.get(f"/rooms/{room}/topic").status == 403
    assert root.send(f"/rooms/{room}/topic", {"topic": "x"}).status == 403
    assert topic_of(site, room) == "calm"


def test_a_private_rooms_topic_is_hidden_from_others(site: Site, ann: Visitor) -> None:
    room = site.add_room("Plans", is_private=True, topic="merger")

    for part in ("", "/shown"):
        answer = ann.get(f"/rooms/{room}/topic{part}", hx_request="true")
        assert answer.status == 403
        assert "merger" not in answer.text
