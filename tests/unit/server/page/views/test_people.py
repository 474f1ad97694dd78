"""People: everybody sees them, administrators add, change, delete and restore them."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import pytest

from hipkit.server.services.people.accounts import set_admin
from tests.unit.server.asgi import PASSWORD, Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor

OWNER = 1
JANE = {
    "name": "Jane Doe",
    "mention_name": "",
    "email": "jane@example.com",
    "title": "Engineer",
}


def user(site: Site, reference: str | int) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"/v2/user/{reference}").json
    return found


def link_in(answer: Answer) -> str:
    found = re.search(r"<code>http://chat.test(/set-password[^<]+)</code>", answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


def test_everybody_sees_people_but_no_addresses_and_nothing_to_change(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    bob = site.add_user("Bob <b>", mention_name="bob", title="<i>Engineer")
    site.add_user("Gus", is_guest=True)
    gone = site.add_user("Gone")
    site.delete(f"/v2/user/{gone}")

    listed, shown = ann.get("/people").text, ann.get(f"/people/{bob}").text

    for text in (listed, shown):
        assert "Bob &lt;b&gt;" in text
        assert "&lt;i&gt;Engineer" in text
        assert f'href="/chats/{bob}"' in text
        assert "@example.com" not in text.replace("ann@example.com", "")
        assert "/people/new" not in text
        assert f'action="/people/{bob}' not in text
    assert "Gus" in listed
    assert "Gone" not in listed


def test_a_name_of_invisible_letters_can_still_be_clicked(
    site: Site, ann: Visitor
) -> None:
    number = site.add_user("\u200b\u202e", mention_name="ghost", email="g@example.com")

    assert f'href="/people/{number}"><bdi>Unnamed<' in ann.get("/people").text


@pytest.mark.parametrize(
    "path",
    ["new", "{bob}", "{bob}/password-link", "{bob}/delete", "{bob}/restore"],
)
def test_members_and_guests_change_nobody(
    site: Site, ann: Visitor, sign_in: MakeVisitor, path: str
) -> None:
    bob = site.add_user("Bob", mention_name="bob")
    fields: dict[str, str | list[str]] = {**JANE, "sure": "on"}

    for visitor in (ann, sign_in("guest", is_guest=True)):
        answer = visitor.send(f"/people/{path.format(bob=bob)}", fields)
        assert answer.status == 403
        assert "scope" not in answer.text
        assert visitor.get("/people/new").status == 403
    assert user(site, bob)["name"] == "Bob"
    assert user(site, bob)["is_deleted"] is False
    assert site.get("/v2/user/jane@example.com").status == 404


def test_guests_see_no_people(sign_in: MakeVisitor) -> None:
    guest = sign_in("guest", is_guest=True)

    assert guest.get("/people").status == 403
    assert guest.get("/people/1").status == 403
    assert "/people" not in guest.get("/").text


def test_an_administrator_adds_a_person_who_sets_a_password_by_a_link(
    site: Site, root: Visitor, visitor: Visitor
) -> None:
    made = root.fill("/people/new", "/people/new", **JANE)
    jane = user(site, "jane@example.com")

    assert jane["name"] == "Jane Doe"
    assert jane["mention_name"] == "JaneDoe"
    assert jane["title"] == "Engineer"
    assert jane["is_group_admin"] is False
    link = link_in(made)
    fields = {"password": "battery staple", "again": "battery staple"}
    assert visitor.fill(link, "/set-password", **fields).location == "/"
    assert visitor.get("/account").status == 200


def test_an_error_keeps_what_was_typed_and_adds_nobody(
    site: Site, root: Visitor
) -> None:
    site.add_user("Ann", mention_name="ann")
    wrong = {**JANE, "name": "<b>Jane", "mention_name": "ann", "is_group_admin": "on"}

    answer = root.fill("/people/new", "/people/new", **wrong)

    assert answer.status == 400
    assert "Another user has that mention name." in answer.text
    assert 'value="&lt;b&gt;Jane"' in answer.text
    assert 'value="jane@example.com"' in answer.text
    assert 'name="is_group_admin" checked' in answer.text
    assert re.search(r'id="mention_name"[^>]* aria-invalid="true"', answer.text)
    assert site.get("/v2/user/jane@example.com").status == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""), ("name", "x" * 51), ("name", "a\x00b"), ("name", "a\nb"),
        ("email", "nobody"), ("email", ""), ("mention_name", "a b"), ("mention_name", "all"),
    ],
)  # fmt: skip
def test_the_apis_rules_count(site: Site, root: Visitor, name: str, value: str) -> None:
    before = len(site.get("/v2/user?max-results=100").json["items"])

    assert root.send("/people/new", {**JANE, name: value}).status == 400

    assert len(site.get("/v2/user?max-results=100").json["items"]) == before


def test_sending_the_form_twice_adds_one_person(site: Site, root: Visitor) -> None:
    assert root.send("/people/new", JANE).status == 200
    assert root.send("/people/new", JANE).status == 400

    found = site.get("/v2/user?max-results=100").json["items"]
    assert [one["name"] for one in found].count("Jane Doe") == 1


def test_a_form_that_was_open_for_long_gives_no_rights_back(
    site: Site, root: Visitor
) -> None:
    bob = site.add_user("Bob", mention_name="bob", is_group_admin=True)
    page = f"/people/{bob}"
    stale = root.get(page).form(page)
    fields = {"name": "Robert", "mention_name": "bob", "email": "bob@example.com"}
    asyncio.run(set_admin(site.operator_context(), "@bob", is_admin=False))

    root.send(page, {**stale, **fields, "is_group_admin": "on"})

    changed = user(site, "bob@example.com")
    assert changed["name"] == "Robert"
    assert changed["is_group_admin"] is False


def test_a_deletion_that_was_refused_leaves_the_form_as_it_was(
    site: Site, root: Visitor
) -> None:
    bob = site.add_user("Bob", mention_name="bob")

    refused = root.send(f"/people/{bob}/delete", {})

    assert refused.status == 400
    assert 'value="bob@example.com"' in refused.text


def test_an_administrator_changes_a_person(site: Site, root: Visitor) -> None:
    bob = site.add_user("Bob", mention_name="bob", title="Tester")
    page = f"/people/{bob}"
    changed = {
        "name": "Robert", "mention_name": "rob", "email": "rob@example.com", "title": "",
        "is_group_admin": "on",
    }  # fmt: skip

    assert 'value="Tester"' in root.get(page).text
    assert root.fill(page, page, **changed).location == f"{page}?done=saved"

    after = user(site, bob)
    assert (after["name"], after["mention_name"]) == ("Robert", "rob")
    assert (after["email"], after["title"]) == ("rob@example.com", "")
    assert after["is_group_admin"] is True
    assert after["roles"] == ["admin"]
    assert 'name="is_group_admin" checked' in root.get(page).text
    root.fill(page, page, **{**changed, "is_group_admin": ""})
    assert user(site, bob)["roles"] == ["user"]


def test_a_change_with_an_error_keeps_what_was_typed(site: Site, root: Visitor) -> None:
    bob = site.add_user("Bob", mention_name="bob")
    page = f"/people/{bob}"

    answer = root.fill(page, page, **{**JANE, "mention_name": "b b"})

    assert answer.status == 400
    assert 'value="b b"' in answer.text
    assert user(site, bob)["name"] == "Bob"


def test_other_roles_stay_when_something_else_is_changed(
    site: Site, root: Visitor
) -> None:
    bob = site.add_user("Bob", mention_name="bob", roles=["delegated administrator"])

    root.fill(f"/people/{bob}", f"/people/{bob}", **{**JANE, "mention_name": "bob"})

    assert user(site, bob)["roles"] == ["delegated administrator"]


def test_nobody_else_changes_the_owner_or_gets_their_link(
    site: Site, root: Visitor
) -> None:
    page = f"/people/{OWNER}"
    fields: dict[str, str | list[str]] = {**JANE, "mention_name": "x", "sure": "on"}

    assert f'action="{page}' not in root.get(page).text
    for path in (page, f"{page}/password-link", f"{page}/delete"):
        assert root.send(path, fields).status == 403
    assert user(site, OWNER)["mention_name"] != "x"


def test_a_guest_can_be_deleted_only(site: Site, root: Visitor) -> None:
    gus = site.add_user("Gus", is_guest=True)
    page = f"/people/{gus}"

    assert f'action="{page}/delete"' in root.get(page).text
    assert f'action="{page}"' not in root.get(page).text
    assert root.send(page, {**JANE, "mention_name": "gus"}).status == 403
    assert root.send(f"{page}/password-link", {}).status == 400


def test_deleting_asks_first_and_can_be_undone(site: Site, root: Visitor) -> None:
    bob = site.add_user("Bob", mention_name="bob")
    page = f"/people/{bob}"

    assert root.send(f"{page}/delete", {}).status == 400
    assert user(site, bob)["is_deleted"] is False

    assert root.send(f"{page}/delete", {"sure": "on"}).location == "/people?done=person"
    assert user(site, bob)["is_deleted"] is True
    assert "Deleted people" in root.get("/people").text
    assert f'action="{page}"' not in root.get(page).text
    assert root.send(page, {**JANE, "mention_name": "bob"}).status == 404
    assert root.send(f"{page}/delete", {"sure": "on"}).status == 404

    for _ in range(2):
        restored = root.send(f"{page}/restore", {})
        assert restored.location == f"{page}?done=restored"
    assert user(site, bob)["is_deleted"] is False


def test_a_name_that_was_taken_meanwhile_stops_the_restoration(
    site: Site, root: Visitor
) -> None:
    bob = site.add_user("Bob", mention_name="bob")
    site.delete(f"/v2/user/{bob}")
    site.add_user("Bob", mention_name="bob", email="other@example.com")

    answer = root.send(f"/people/{bob}/restore", {})

    assert answer.status == 400
    assert "Another user has that mention name." in answer.text


def test_a_link_replaces_the_password_only_when_it_is_used(
    site: Site, root: Visitor, ann: Visitor, visitor: Visitor
) -> None:
    ann_id = user(site, "@ann")["id"]

    link = link_in(root.send(f"/people/{ann_id}/password-link", {}))

    assert visitor.sign_in("ann", PASSWORD).status == 303
    fields = {"password": "battery staple", "again": "battery staple"}
    Visitor(site).fill(link, "/set-password", **fields)
    assert ann.get("/account").status == 303
    assert Visitor(site).sign_in("ann", PASSWORD).status == 401


@pytest.mark.parametrize(
    "path", ["/people/999", "/people/x", "/people/9999999999999999999"]
)
def test_unknown_people_are_not_found(root: Visitor, path: str) -> None:
    assert root.get(path).status in (400, 404)
    assert root.send(path, JANE).status in (400, 404)
