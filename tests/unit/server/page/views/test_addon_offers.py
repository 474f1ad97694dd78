"""Installing at the page: what an add-on asks for is shown, and only that is agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.addons import (
    ADDRESS,
    IN_BROWSER,
    MemoryAddon,
    agree,
    descriptor,
    ids,
    link,
    site_with,
)
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor

HOOK = {"url": "https://hooks.example/x", "event": "room_message", "pattern": "^/karma"}
UPDATE = {
    "callbackUrl": "https://karma.example/installable",
    "updateCallbackUrl": "https://karma.example/update",
}


@pytest.fixture
def addon() -> MemoryAddon:
    return MemoryAddon(descriptor=descriptor())


@pytest.fixture
def site(addon: MemoryAddon, tmp_path: Path) -> Iterator[Site]:
    with site_with(addon, tmp_path) as opened:
        yield opened


def test_a_link_shows_what_an_add_on_asks_for_and_installs_nothing(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(webhook=[HOOK])
    addon.descriptor["vendor"] = {"name": "Example", "url": "https://example.com"}

    text = root.get(link()).text

    assert "Install <bdi>Karma</bdi> in the whole group?" in text
    assert "Send notifications to rooms <code>send_notification</code>" in text
    assert "every message of people that matches <code>^/karma</code>" in text
    assert "private ones too" in text
    assert "<code>https://hooks.example</code>" in text
    assert "<bdi>Example</bdi>, as it says itself" in text
    assert addon.posted == []
    assert ids(site) == []


def test_what_was_agreed_to_is_installed(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    answer = agree(root, link())

    assert answer.location == f"/addons/{ids(site)[0]}?done=addon"
    assert addon.token_statuses == [200]
    assert "by <bdi>root</bdi>" in root.get(answer.location or "").text


def test_a_descriptor_that_changed_is_shown_again_instead_of_installed(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    shown = root.get(link())
    addon.descriptor = descriptor(hipchatApiConsumer={"scopes": ["admin_group"]})

    answer = root.send("/addons/install", shown.form("/addons/install"))

    assert answer.status == 409
    assert "has changed since it was shown" in answer.text
    assert "admin_group" in answer.text
    assert ids(site) == []
    root.send("/addons/install", answer.form("/addons/install"))
    assert len(ids(site)) == 1


def test_a_form_without_agreement_shows_the_offer(site: Site, root: Visitor) -> None:
    answer = root.send("/addons/install", {"url": ADDRESS, "room": ""})

    assert answer.status == 200
    assert "Install <bdi>Karma</bdi>" in answer.text
    assert ids(site) == []


def test_a_form_of_another_site_installs_nothing(site: Site, root: Visitor) -> None:
    fields = root.get(link()).form("/addons/install")

    refused = root.send("/addons/install", fields, sec_fetch_site="cross-site")

    assert refused.status == 403
    assert ids(site) == []


def test_a_link_leads_back_after_signing_in(
    visitor: Visitor, root: Visitor, addon: MemoryAddon
) -> None:
    path = link(relayState="a b&c", room="Ops")

    answer = visitor.get(path)

    next_path = parse_qs(urlsplit(answer.location or "").query)["next"][0]
    assert (answer.location or "").startswith("/sign-in?next=")
    assert parse_qs(urlsplit(next_path).query) == parse_qs(urlsplit(path).query)
    assert addon.calls == []


def test_the_answer_of_an_add_on_is_shown_in_one_short_line(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.status = 400
    addon.answer = b"<script>alert(1)</script>Use \xe2\x80\xaeroom" + b"x" * 100_000

    answer = agree(root, link())

    assert answer.status == 400
    assert "answered 400" in answer.text
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "x" * 400 not in answer.text
    assert answer.form("/addons/install")["digest"]
    assert ids(site) == []


def test_an_add_on_that_is_down_is_named_in_the_form(
    root: Visitor, addon: MemoryAddon
) -> None:
    addon.is_down = True

    answer = root.get(link())

    assert answer.status == 400
    assert "https://karma.example/capabilities cannot be read" in answer.text
    assert f'value="{ADDRESS}"' in answer.text


def test_a_room_administrator_installs_in_that_room_alone(
    site: Site, ann: Visitor, addon: MemoryAddon
) -> None:
    room = site.add_room("Ops", owner="@ann")
    other = site.add_room("Hidden", is_private=True)

    assert agree(ann, link(room="Ops")).status == 303
    for place in ("", "Hidden", str(other), "Nowhere"):
        refused = ann.get(link(room=place) if place else link())
        assert refused.status in (403, 404), place
        assert ">the whole group<" not in refused.text
    form = ann.get("/addons/install").text
    assert "the room Ops" in form
    assert "Hidden" not in form
    forged = ann.send("/addons/install", {"url": ADDRESS, "room": "", "digest": "x"})
    assert forged.status == 403
    assert len(ids(site)) == 1
    assert addon.posted[0][2]["roomId"] == room


def test_who_administers_nothing_is_told_so(ann: Visitor, addon: MemoryAddon) -> None:
    assert "You administer no room" in ann.get("/addons/install").text
    assert ann.get(link()).status == 403
    assert addon.calls == []


def test_guests_install_nothing(sign_in: MakeVisitor, addon: MemoryAddon) -> None:
    gus = sign_in("gus", is_guest=True)

    assert gus.get(link()).status == 403
    assert gus.send("/addons/install", {"url": ADDRESS}).status == 403
    assert addon.calls == []


def test_a_room_gets_no_scopes_over_the_group(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    site.add_room("Ops")
    scopes = ["admin_group", "view_room"]
    addon.descriptor = descriptor(hipchatApiConsumer={"scopes": scopes})

    text = root.get(link(room="Ops")).text

    assert "It asks for admin_group too" in text
    assert "<code>admin_group</code>" not in text


def test_a_key_finds_an_add_on_that_is_installed_elsewhere(
    site: Site, root: Visitor, sign_in: MakeVisitor
) -> None:
    site.add_room("Ops")
    agree(root, link())
    path = "/addons/install?" + urlencode({"key": "com.example.karma", "room": "Ops"})

    assert "Install <bdi>Karma</bdi> in <bdi>Ops</bdi>?" in root.get(path).text
    unknown = root.get("/addons/install?key=com.example.none")
    assert unknown.status == 404
    assert "no Marketplace" in unknown.text
    # Who does not manage the one that is installed learns nothing of it.
    stranger = sign_in("bob").get(path)
    assert "no Marketplace" in stranger.text


def test_an_add_on_in_a_browser_is_visited_and_comes_back(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(installable=IN_BROWSER)

    shown = root.get(link(relayState="r s"))
    answer = root.send("/addons/install", shown.form("/addons/install"))

    # Browsers check where a form leads.
    assert "form-action 'self' https:;" in shown.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    address = urlsplit(answer.location or "")
    query = parse_qs(address.query)
    assert address.netloc == "karma.example"
    assert query["relayState"] == ["r s"]
    back = urlsplit(query["redirect_url"][0]).path
    waiting = root.get(back)
    assert "Not installed yet" in waiting.text
    fetched = site.get(urlsplit(query["installable_url"][0]).path, token=None)
    assert fetched.status == 200
    assert "<h1><bdi>Karma</bdi></h1>" in root.get(back).text


def test_nobody_else_sees_an_installation_that_waits(
    root: Visitor, ann: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(installable=IN_BROWSER)
    location = agree(root, link()).location or ""
    back = urlsplit(parse_qs(urlsplit(location).query)["redirect_url"][0]).path

    assert ann.get(back).status == 404


def test_an_update_shows_which_scopes_are_new(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(installable=UPDATE)
    agree(root, link())
    page = f"/addons/{ids(site)[0]}"
    consumer = {"scopes": ["send_notification", "view_room"]}
    addon.descriptor = descriptor(installable=UPDATE, hipchatApiConsumer=consumer)

    text = root.get(f"{page}/update").text
    answer = agree(root, f"{page}/update", f"{page}/update")

    assert text.count(">new<") == 1
    assert "New in this update: scopes." in text
    assert '<code>view_room</code> <span class="badge warn">new' in text
    assert answer.location == f"{page}?done=updated"
    assert "<code>view_room</code>" in root.get(page).text


def test_an_update_shows_that_its_configuration_page_is_new(
    root: Visitor, site: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(installable=UPDATE)
    agree(root, link())
    page = {"url": "https://b.example/configure"}
    addon.descriptor = descriptor(installable=UPDATE, configurable=page)

    text = root.get(f"/addons/{ids(site)[0]}/update").text

    assert "New in this update: servers, a configuration page." in text
    assert text.count(">new<") == 2


def test_an_update_that_fails_is_shown_on_the_add_ons_page(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    agree(root, link())
    page = f"/addons/{ids(site)[0]}"
    addon.is_down = True

    answer = root.get(f"{page}/update")

    assert answer.status == 400
    assert "cannot be read" in answer.text
    assert "Remove Karma" in answer.text


def test_a_descriptor_that_has_moved_is_shown_first(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    agree(root, link())
    page = f"/addons/{ids(site)[0]}"
    moved = {"url": "https://new.example/capabilities"}

    shown = root.send(f"{page}/update", moved)
    answer = root.send(f"{page}/update", shown.form(f"{page}/update"))

    assert "Update <bdi>Karma</bdi>" in shown.text
    assert answer.status == 303
    assert "https://new.example" in root.get(f"/addons/{ids(site)[0]}").text


def test_nobody_else_updates_an_add_on(site: Site, root: Visitor, ann: Visitor) -> None:
    agree(root, link())
    page = f"/addons/{ids(site)[0]}/update"
    fields = root.get(page).form(page)

    assert ann.get(page).status == 404
    assert ann.send(page, fields).status == 404
    assert "Karma" not in ann.send(page, fields).text


def test_a_hostile_descriptor_is_shown_as_text(
    root: Visitor, addon: MemoryAddon
) -> None:
    markup = '"><script>alert(1)</script>'
    addon.descriptor = {
        **descriptor(webhook=[{**HOOK, "pattern": f"{markup}\u202e"}]),
        "name": f"a{markup}" + "n" * 150,
        "description": f"{markup}\u202e\u200b" + "d" * 10_000,
        "vendor": {"name": f"{markup}\u202e", "url": "https://example.com/\u202ex"},
    }

    answer = root.get(link())

    assert answer.status == 200
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text.replace('href="https://example.com/\u202ex', "")
    assert "d" * 500 not in answer.text
    assert "n" * 101 not in answer.text


@pytest.mark.parametrize("name", ["installedUrl", "uninstalledUrl", "updatedUrl"])
def test_an_add_on_leads_nobody_to_a_script(
    root: Visitor, addon: MemoryAddon, name: str
) -> None:
    addon.descriptor = descriptor(installable={name: "javascript:alert(1)"})

    assert root.get(link()).status == 400


def test_what_an_update_receives_more_is_marked(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(webhook=[HOOK])
    agree(root, link())
    addon.descriptor = descriptor(webhook=[HOOK, {**HOOK, "pattern": "x"}])

    text = root.get(f"/addons/{ids(site)[0]}/update").text

    assert '<code>x</code> <span class="badge warn">new</span>' in text
    assert '<code>^/karma</code> <span class="badge warn">' not in text


def test_an_add_on_in_group_and_room_is_warned_of(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    site.add_room("Ops", owner=1)
    addon.descriptor = descriptor(webhook=[HOOK])
    agree(root, link(room="Ops"))

    text = root.get(link()).text

    assert "installed in the room Ops already" in text
