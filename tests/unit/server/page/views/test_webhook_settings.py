"""Webhooks of rooms: created and changed by who administers the room."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor

URL = "http://93.184.216.34/hook?key=secret"
HOOK = {
    "name": "<b>Relay",
    "url": URL,
    "event": "room_message",
    "pattern": "^/deploy",
    "key": "relay",
}


def create(visitor: Visitor, room_id: int, **fields: str) -> Answer:
    return visitor.send("/webhooks/new", {**HOOK, "room": str(room_id), **fields})


def hooks(site: Site, room: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(f"/v2/room/{room}/webhook").json["items"]
    return found


def test_who_administers_a_room_creates_a_webhook_in_it(
    site: Site, sign_in: MakeVisitor
) -> None:
    olga = sign_in("olga")
    room = site.add_room("Ops", owner="@olga")
    site.add_room("Dev")

    form = olga.get(f"/webhooks/new?room={room}").text
    assert f'<option value="{room}" selected>Ops' in form
    assert re.findall(r"<option value=\"\d+\"[^>]*>(\w+)", form) == ["Ops"]
    made = create(olga, room)

    (hook,) = hooks(site, room)
    assert made.location == f"/webhooks/{hook['id']}?done=created"
    for name, value in HOOK.items():
        assert hook[name] == value
    assert hook["authentication"] == "none"
    assert "&lt;b&gt;Relay" in olga.get(f"/webhooks/{hook['id']}").text


def test_sending_the_form_twice_creates_one_webhook(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")
    key = re.search(r'name="key"[^>]* value="([^"]+)"', root.get("/webhooks/new").text)
    assert key is not None

    assert create(root, room, key=key[1]).status == 303
    assert create(root, room, key=key[1]).status == 400

    assert len(hooks(site, room)) == 1


def test_others_create_and_change_none(
    site: Site, root: Visitor, ann: Visitor, sign_in: MakeVisitor
) -> None:
    room = site.add_room("Ops")
    private = site.add_room("Plans", is_private=True)
    create(root, room)
    (hook,) = hooks(site, room)
    path = f"/webhooks/{hook['id']}/settings"
    guest = sign_in("guest", is_guest=True)
    site.put(f"/v2/room/{room}/member/@guest", {"room_roles": ["room_admin"]})

    assert "You administer no room" in ann.get("/webhooks/new").text
    for place in (room, private):
        refused = create(ann, place, key="other")
        assert refused.status == 403
        assert "Plans" not in refused.text
    assert ann.get(path).status == 404
    assert ann.send(path, {**HOOK, "url": "http://93.184.216.34/mine"}).status == 404
    for answer in (
        guest.get("/webhooks/new"),
        create(guest, room, key="other"),
        guest.get(path),
        guest.send(path, HOOK),
    ):
        assert answer.status == 403
    assert [one["url"] for one in hooks(site, room)] == [URL]
    assert hooks(site, private) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("url", "javascript:alert(1)", "url"),
        ("url", "", "url"),
        ("url", "http://127.0.0.1/", "&#39; leads into a network that"),
        ("event", "room_nothing", "event"),
        ("pattern", "(", "pattern"),
        ("name", "x" * 201, "name"),
        ("key", "x" * 41, "key"),
        ("room", "", "room"),
        ("room", "999", "999"),
    ],
)
def test_an_error_keeps_what_was_typed_and_creates_nothing(
    site: Site, root: Visitor, name: str, value: str, words: str
) -> None:
    room = site.add_room("Ops")

    answer = create(root, room, **{"event": "room_notification", name: value})

    assert answer.status in (400, 404)
    assert words in answer.text.split('role="alert">')[1].split("</p>")[0]
    if name != "name":
        assert 'value="&lt;b&gt;Relay"' in answer.text
    if name != "event":
        assert "<option selected>room_notification" in answer.text
    assert hooks(site, room) == []


def test_a_webhook_is_changed_and_keeps_its_number(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")
    create(root, room)
    (before,) = hooks(site, room)
    page = f"/webhooks/{before['id']}"
    changed = {
        "name": "",
        "url": "http://93.184.216.34/other",
        "event": "room_notification",
        "pattern": "",
    }

    assert f'href="{page}/settings"' in root.get(page).text
    assert "key=secret" in root.get(f"{page}/settings").text
    answer = root.fill(f"{page}/settings", f"{page}/settings", **changed)

    assert answer.location == f"{page}?done=saved"
    (after,) = hooks(site, room)
    assert after["id"] == before["id"]
    assert (after["name"], after["pattern"]) == ("", None)
    assert after["url"] == changed["url"]
    assert after["event"] == changed["event"]


def test_a_change_with_an_error_keeps_what_was_typed(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")
    create(root, room)
    (before,) = hooks(site, room)
    path = f"/webhooks/{before['id']}/settings"

    answer = root.send(path, {**HOOK, "pattern": "(<", "name": "Other"})

    assert answer.status == 400
    assert 'value="(&lt;"' in answer.text
    assert 'value="Other"' in answer.text
    assert hooks(site, room) == [before]


def test_a_clients_webhook_and_one_of_the_group_are_not_changed_here(
    site: Site, root: Visitor
) -> None:
    room = site.add_room("Ops")
    client = site.client_token(["admin_room", "admin_group"])
    body = {"url": URL, "event": "room_message", "name": "Signed"}
    numbers = [
        site.post(f"/v2/room/{room}/webhook", body, token=client).json["id"],
        site.put("/v2/extension/webhook/all", body, token=client).json["id"],
    ]

    for number in numbers:
        page = f"/webhooks/{number}"
        assert f"{page}/settings" not in root.get(page).text
        assert root.get(f"{page}/settings").status == 403
        assert root.send(f"{page}/settings", HOOK).status == 403
        assert "key=secret" not in root.get(f"{page}/settings").text
    assert hooks(site, room) == []
