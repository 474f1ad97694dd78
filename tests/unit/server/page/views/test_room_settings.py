"""Rooms: created by members of the group, changed and deleted by who administers them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor

SETTINGS = {"name": "Ops", "topic": "", "owner": ""}


def room_of(site: Site, room: int | str) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"/v2/room/{room}?expand=owner").json
    return found


def members_of(site: Site, room: int) -> dict[str, list[str]]:
    items = site.get(f"/v2/room/{room}/member").json["items"]
    return {one["mention_name"]: one["room_roles"] for one in items}


def save(visitor: Visitor, room: int, **fields: str) -> Answer:
    path = f"/rooms/{room}/settings"
    return visitor.fill(path, path, **{**SETTINGS, **fields})


def test_a_member_of_the_group_creates_a_room_and_owns_it(
    site: Site, ann: Visitor
) -> None:
    assert 'href="/rooms/new"' in ann.get("/search").text
    made = ann.fill(
        "/rooms/new",
        "/rooms/new",
        name=" Ops ",
        topic="<b>calm",
        private="on",
        guests="on",
    )

    room = room_of(site, "Ops")
    assert made.location == f"/rooms/{room['id']}"
    assert room["topic"] == "<b>calm"
    assert room["privacy"] == "private"
    assert room["is_guest_accessible"] is True
    assert room["owner"]["mention_name"] == "ann"
    assert "&lt;b&gt;calm" in ann.get(f"/rooms/{room['id']}").text


def test_an_error_keeps_what_was_typed_and_creates_nothing(
    site: Site, ann: Visitor
) -> None:
    site.add_room("Ops")
    typed = {"name": "OPS", "topic": '"><i>', "private": "on"}

    answer = ann.fill("/rooms/new", "/rooms/new", **typed)

    assert answer.status == 400
    assert "Another room exists with that name." in answer.text
    assert 'value="OPS"' in answer.text
    assert 'value="&#34;&gt;&lt;i&gt;"' in answer.text
    assert 'name="private" checked' in answer.text
    assert 'name="guests" checked' not in answer.text
    assert re.search(r'id="name"[^>]* aria-invalid="true"', answer.text)
    assert len(site.get("/v2/room").json["items"]) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("name", ""), ("name", " "), ("name", "x" * 51), ("name", "a\nb"),
                        ("name", "\x00"), ("topic", "x" * 251)]
)  # fmt: skip
def test_the_apis_rules_count(site: Site, ann: Visitor, name: str, value: str) -> None:
    assert ann.send("/rooms/new", {"name": "Ops", name: value}).status == 400
    assert site.get("/v2/room").json["items"] == []


def test_guests_create_and_change_no_rooms(site: Site, sign_in: MakeVisitor) -> None:
    guest, room = sign_in("guest", is_guest=True), site.add_room("Ops")
    site.put(f"/v2/room/{room}/member/@guest", {"room_roles": ["room_admin"]})

    assert "/rooms/new" not in guest.get(f"/rooms/{room}").text
    assert "/settings" not in guest.get(f"/rooms/{room}").text
    for path in ("/rooms/new", f"/rooms/{room}/settings"):
        assert guest.get(path).status == 403
        assert guest.send(path, SETTINGS).status == 403
    assert guest.send(f"/rooms/{room}/delete", {"sure": "on"}).status == 403
    assert len(site.get("/v2/room").json["items"]) == 1


CHANGES: list[tuple[str, dict[str, str | list[str]]]] = [
    ("settings", {**SETTINGS, "name": "Taken over", "archived": "on"}),
    ("members", {"person": "@eve", "role": "room_admin"}),
    ("members/1/remove", {}),
    ("delete", {"sure": "on"}),
]


@pytest.mark.parametrize(("path", "fields"), CHANGES)
def test_who_does_not_administer_a_room_neither_sees_nor_changes_its_settings(
    site: Site, sign_in: MakeVisitor, path: str, fields: dict[str, str | list[str]]
) -> None:
    eve, member = sign_in("eve"), sign_in("member")
    public = site.add_room("Ops")
    private = site.add_room("Plans", is_private=True)
    site.put(f"/v2/room/{private}/member/@member")

    for visitor, room in ((eve, public), (eve, private), (member, private)):
        before = room_of(site, room)
        assert visitor.get(f"/rooms/{room}/settings").status == 403
        refused = visitor.send(f"/rooms/{room}/{path}", fields)
        assert refused.status == 403
        assert "Plans" not in refused.text or visitor is member
        assert f"/rooms/{room}/settings" not in visitor.get(f"/rooms/{room}").text
        assert room_of(site, room) == before
    assert list(members_of(site, private)) == ["Administrator", "member"]


@pytest.mark.parametrize("who", ["owner", "room administrator", "group administrator"])
def test_who_administers_a_room_changes_its_settings(
    site: Site, sign_in: MakeVisitor, who: str
) -> None:
    names = {"owner": "olga", "room administrator": "rudi"}
    for name in names.values():
        sign_in(name)
    room = site.add_room("Ops", owner="@olga")
    site.put(f"/v2/room/{room}/member/@rudi", {"room_roles": ["room_admin"]})
    visitor = (
        sign_in(names[who]) if who in names else sign_in("root", is_group_admin=True)
    )

    assert f"/rooms/{room}/settings" in visitor.get(f"/rooms/{room}").text
    answer = save(
        visitor,
        room,
        name="Ops 2",
        topic="busy",
        private="on",
        guests="on",
        archived="",
    )

    assert answer.location == f"/rooms/{room}/settings?done=saved"
    after = room_of(site, room)
    assert (after["name"], after["topic"]) == ("Ops 2", "busy")
    assert (after["privacy"], after["is_guest_accessible"]) == ("private", True)
    assert after["owner"]["mention_name"] == "olga"
    assert after["guest_access_url"] in visitor.get(f"/rooms/{room}/settings").text


def test_a_room_is_archived_and_opened_again(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")

    save(root, room, archived="on")
    assert room_of(site, room)["is_archived"] is True
    assert f"/rooms/{room}/settings" in root.get(f"/rooms/{room}").text

    save(root, room)
    assert room_of(site, room)["is_archived"] is False


def test_a_topic_that_a_program_set_meanwhile_is_kept(
    site: Site, root: Visitor
) -> None:
    room = site.add_room("Ops", topic="old  one")
    path = f"/rooms/{room}/settings"
    opened = root.get(path)
    assert 'name="topic" type="text" value="old one"' in opened.text
    site.put(f"/v2/room/{room}/topic", {"topic": "new"})

    root.send(path, {**SETTINGS, **opened.form(path), "topic": "old one"})

    assert room_of(site, room)["topic"] == "new"


def test_the_owner_changes_by_mention_name_and_stays_if_unchanged(
    site: Site, sign_in: MakeVisitor
) -> None:
    olga = sign_in("olga")
    sign_in("pete")
    room = site.add_room("Ops", owner="@olga")

    assert (
        save(olga, room, owner="@olga").location == f"/rooms/{room}/settings?done=saved"
    )
    assert room_of(site, room)["owner"]["mention_name"] == "olga"
    # She may not see the settings any more.
    assert save(olga, room, owner="@pete").location == "/?done=saved"
    assert room_of(site, room)["owner"]["mention_name"] == "pete"
    assert olga.get("/?done=saved").location == f"/rooms/{room}?done=saved"


def test_an_owner_who_was_deleted_does_not_prevent_changes(
    site: Site, root: Visitor
) -> None:
    gone = site.add_user("Gone", mention_name="gone")
    room = site.add_room("Ops", owner="@gone")
    site.delete(f"/v2/user/{gone}")

    assert save(root, room, name="Ops 2", owner="@gone").status == 303
    assert room_of(site, room)["name"] == "Ops 2"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Dev"}, "Another room exists with that name."),
        ({"name": ""}, "name"),
        ({"owner": "@nobody"}, "is not a user"),
    ],
)
def test_settings_with_an_error_keep_what_was_typed_and_change_nothing(
    site: Site, root: Visitor, fields: dict[str, str], words: str
) -> None:
    site.add_room("Dev")
    room = site.add_room("Ops", topic="calm")
    before = room_of(site, room)

    answer = save(root, room, **{"topic": "<u>typed", "archived": "on", **fields})

    assert answer.status == 400
    assert words in answer.text
    assert 'value="&lt;u&gt;typed"' in answer.text
    assert 'name="archived" checked' in answer.text
    assert room_of(site, room) == before


def test_members_are_added_changed_and_removed(
    site: Site, root: Visitor, ann: Visitor
) -> None:
    room = site.add_room("Plans", is_private=True)
    path = f"/rooms/{room}/members"
    ann_id = site.get("/v2/user/@ann").json["id"]

    for reference, role in (
        ("@ann", "room_member"),
        ("ann@example.com", "room_admin"),
        (str(ann_id), "room_member"),
        ("@ann", "nonsense"),
    ):
        answer = root.send(path, {"person": reference, "role": role})
        assert answer.location == f"/rooms/{room}/settings?done=saved"
        assert ann.get(f"/rooms/{room}").status == 200
        assert ("room_admin" in members_of(site, room)["ann"]) is (role == "room_admin")
    for _ in range(2):
        root.send(f"{path}/{ann_id}/remove", {})
        assert ann.get(f"/rooms/{room}").status == 403


@pytest.mark.parametrize("person", ["", "@<b>nobody", "999", "x" * 200])
def test_a_member_who_does_not_exist_is_refused_with_what_was_typed(
    site: Site, root: Visitor, person: str
) -> None:
    room = site.add_room("Ops")

    answer = root.send(
        f"/rooms/{room}/members", {"person": person, "role": "room_admin"}
    )

    assert answer.status in (400, 404)
    assert 'role="alert"' in answer.text
    assert f'value="{person.replace("<", "&lt;").replace(">", "&gt;")}"' in answer.text
    assert '<option value="room_admin" selected>' in answer.text
    assert members_of(site, room) == {}


def test_the_owner_stays_a_member(site: Site, root: Visitor) -> None:
    room = site.add_room("Plans", is_private=True)

    answer = root.send(f"/rooms/{room}/members/1/remove", {})

    assert answer.status == 403
    assert "The owner of a room stays its member" in answer.text
    assert "/members/1/remove" not in root.get(f"/rooms/{room}/settings").text


def test_who_removes_themselves_leaves(site: Site, sign_in: MakeVisitor) -> None:
    rudi, room = sign_in("rudi"), site.add_room("Plans", is_private=True)
    site.put(f"/v2/room/{room}/member/@rudi", {"room_roles": ["room_admin"]})
    number = site.get("/v2/user/@rudi").json["id"]

    left = rudi.send(f"/rooms/{room}/members/{number}/remove", {})

    assert left.location == "/?done=saved"
    assert rudi.get(f"/rooms/{room}").status == 403


def test_deleting_asks_first(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")
    path = f"/rooms/{room}/delete"

    unsure = root.send(path, {})
    assert unsure.status == 400
    assert "Nothing was deleted" in unsure.text
    assert root.get(f"/rooms/{room}").status == 200

    assert root.send(path, {"sure": "on"}).location == "/?done=room"
    assert root.get(f"/rooms/{room}").status == 404
    assert root.send(path, {"sure": "on"}).status == 404


def test_the_settings_list_the_rooms_webhooks_only(site: Site, root: Visitor) -> None:
    room, other = site.add_room("Ops"), site.add_room("Dev")
    body = {"url": "http://93.184.216.34/", "event": "room_message"}
    for place, name in ((room, "<i>Relay"), (other, "Elsewhere")):
        site.post(f"/v2/room/{place}/webhook", {**body, "name": name})

    text = root.get(f"/rooms/{room}/settings").text

    assert "&lt;i&gt;Relay" in text
    assert "Elsewhere" not in text


def test_a_form_that_was_open_for_long_keeps_what_others_changed(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Ops", owner="@ann")
    path = f"/rooms/{room}/settings"
    stale = {**ann.get(path).form(path), **SETTINGS, "topic": "New"}
    before = room_of(site, room)
    private = {name: before[name] for name in ("topic", "is_guest_accessible", "owner")}
    private |= {"name": "Plans", "privacy": "private", "is_archived": False}
    assert site.put(f"/v2/room/{room}", private).status == 204

    wrong = ann.send(path, {**stale, "owner": "@nobody"})
    assert wrong.status == 400
    assert ann.send(path, {**stale, **wrong.form(path)}).status == 303

    after = room_of(site, room)
    assert (after["name"], after["privacy"]) == ("Plans", "private")
    assert after["topic"] == "New"
