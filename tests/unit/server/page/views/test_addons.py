"""Installed add-ons at the page: who sees them, how they fare, configuration and removal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.addons import (
    IN_BROWSER,
    MemoryAddon,
    agree,
    descriptor,
    ids,
    install_at,
    link,
    site_with,
)
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor

HOOK = {
    "url": "https://karma.example/hook",
    "event": "room_message",
    "name": "Listener",
}
PAGE = {"url": "https://karma.example/configure?x=1"}
GONE = "\u202egone"


@pytest.fixture
def addon() -> MemoryAddon:
    return MemoryAddon(descriptor=descriptor(webhook=[HOOK]))


@pytest.fixture
def site(addon: MemoryAddon, tmp_path: Path) -> Iterator[Site]:
    with site_with(addon, tmp_path) as opened:
        yield opened


def installed(site: Site, room: str | None = None) -> str:
    """Install the add-on as the operator, and return its id."""
    return install_at(site, room).installation.client_id


def remove(visitor: Visitor, client_id: str, **fields: str) -> Answer:
    return visitor.send(f"/addons/{client_id}/remove", {"sure": "on", **fields})


def configured(**more: Any) -> dict[str, Any]:
    return descriptor(configurable={**PAGE, **more})


def test_add_ons_are_listed_by_group_and_room(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    everywhere, in_room = installed(site), installed(site, "Ops")

    text = root.get("/addons").text

    group, _, rooms = text.partition("In one room")
    assert f"/addons/{everywhere}" in group
    assert f"/addons/{in_room}" in rooms
    assert "in <bdi>Ops</bdi>" in rooms
    assert "<code>send_notification</code>" in text
    assert "the operator" in text


def test_a_room_administrator_sees_the_rooms_add_ons_only(
    site: Site, ann: Visitor, addon: MemoryAddon
) -> None:
    site.add_room("Ops", owner="@ann")
    site.add_room("Secret", is_private=True)
    own = installed(site, "Ops")
    others = [installed(site), installed(site, "Secret")]

    text = ann.get("/addons").text

    assert f"/addons/{own}" in text
    assert ann.get(f"/addons/{own}").status == 200
    for client_id in others:
        assert client_id not in text
        for path in ("", "/update", "/configuration"):
            refused = ann.get(f"/addons/{client_id}{path}")
            assert refused.status == 404, path
            assert "Karma" not in refused.text
        assert remove(ann, client_id).status == 404
    assert "Secret" not in text
    assert set(others) < set(ids(site))


@pytest.mark.parametrize(
    "path", ["%E2%80%AEx", "a%00b", "x" * 5_000, "a b", "%3Cscript%3E", "..%2F1"]
)
def test_an_id_that_cannot_be_one_is_not_repeated(root: Visitor, path: str) -> None:
    for more in ("", "/update", "/configuration"):
        answer = root.get(f"/addons/{path}{more}")
        assert answer.status == 404
        assert "\u202e" not in answer.text.partition("<main")[2]
        assert "There is no such" in answer.text


def test_the_client_of_an_add_on_leads_to_it_instead_of_being_deleted(
    site: Site, root: Visitor
) -> None:
    client_id, other = installed(site), site.add_client(["view_room"]).id

    text = root.get("/clients").text

    assert f'href="/addons/{client_id}"' in text
    assert f'name="client_id" value="{client_id}"' not in text
    assert f'name="client_id" value="{other}"' in text


def test_members_and_guests_see_nothing(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    site.add_room("Ops")
    client_id = installed(site, "Ops")

    text = ann.get("/addons").text
    guest = sign_in("gus", is_guest=True)

    assert "Karma" not in text
    assert "No add-ons that you may manage" in text
    assert guest.get("/addons").status == 403
    assert guest.get(f"/addons/{client_id}").status == 403
    assert remove(guest, client_id).status == 403


def test_calls_and_webhooks_of_an_add_on_are_counted_and_linked(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    room = site.add_room("Ops")
    client_id = installed(site)
    path = f"/v2/room/{room}/notification"
    assert site.post(path, {"message": "x"}, token=addon.tokens[0]).status == 204
    assert site.post("/v2/room", {"name": "y"}, token=addon.tokens[0]).status == 403
    site.post(f"/v2/room/{room}/message", {"message": "for the webhook"})
    addon.asks_for_token, addon.status = False, 500
    site.deliver()

    for page in ("/addons", f"/addons/{client_id}"):
        text = root.get(page).text
        assert f'"/calls?client={client_id}">2 calls' in text
        assert f'"/calls?failed=1&amp;client={client_id}">1 failed' in text
        assert re.search(r'"/webhooks/\d+"><bdi>Listener', text)
        assert "failing" in text
    calls = root.get(f"/calls?client={client_id}").text
    assert f'Of the add-on <a href="/addons/{client_id}">' in calls
    assert calls.count('class="card call') == 2
    assert f'name="client" value="{client_id}"' in calls


def test_a_room_administrator_sees_the_calls_of_the_rooms_add_on(
    site: Site, ann: Visitor, sign_in: MakeVisitor, addon: MemoryAddon
) -> None:
    room = site.add_room("Ops", owner="@ann")
    client_id = installed(site, "Ops")
    path = f"/v2/room/{room}/notification"
    site.post(path, {"message": "from karma"}, token=addon.tokens[0])
    other = site.token_of(site.add_client(["send_notification"], room=room))
    site.post(path, {"message": "from a client"}, token=other)

    seen = ann.get(f"/calls?client={client_id}").text

    assert "from karma" in seen
    assert "from a client" not in ann.get("/calls").text
    assert "from karma" not in sign_in("bob").get(f"/calls?client={client_id}").text
    assert f"/addons/{client_id}" not in sign_in("bob").get("/calls").text


def test_the_configuration_page_is_signed_at_the_click(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = configured()
    location = agree(root, link()).location or ""
    client_id = ids(site)[0]

    text = root.get(location).text
    answer = root.get(f"/addons/{client_id}/configuration")

    assert location.endswith("?done=configure")
    assert "signed_request" not in text
    address = urlsplit(answer.location or "")
    query = parse_qs(address.query)
    assert answer.location is not None
    assert answer.location.startswith("https://karma.example/configure?x=1&")
    token = jwt.decode(
        query["signed_request"][0],
        addon.secrets[client_id],
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False, "verify_sub": False},
    )
    assert token["iss"] == client_id
    assert answer.headers["cache-control"] == "no-store"


def test_a_page_that_wants_no_signature_gets_none(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    addon.descriptor = configured(authentication="none")
    client_id = installed(site)

    answer = root.get(f"/addons/{client_id}/configuration")

    assert answer.location == PAGE["url"]


@pytest.mark.parametrize("allowed", [True, False])
def test_room_administrators_configure_for_their_room_if_the_add_on_allows(
    site: Site, ann: Visitor, addon: MemoryAddon, allowed: bool
) -> None:
    room = site.add_room("Ops", owner="@ann")
    other = site.add_room("Others")
    addon.descriptor = configured(allowAccessToRoomAdmins=allowed)
    client_id = installed(site)
    path = f"/addons/{client_id}/configuration"

    settings = ann.get(f"/rooms/{room}/settings").text

    assert (f"{path}?room={room}" in settings) is allowed
    answer = ann.get(f"{path}?room={room}")
    assert answer.status == (303 if allowed else 404)
    if allowed:
        signed = parse_qs(urlsplit(answer.location or "").query)["signed_request"][0]
        claims = jwt.decode(signed, options={"verify_signature": False})
        assert claims["context"]["room_id"] == room
    assert ann.get(path).status == 404
    assert ann.get(f"{path}?room={other}").status == 403


def test_a_rooms_settings_lead_to_its_add_ons(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops", owner="@ann")
    client_id = installed(site, "Ops")

    text = ann.get(f"/rooms/{room}/settings").text

    assert f'href="/addons/{client_id}"' in text
    assert f'href="/addons/install?room={room}"' in text
    assert f'value="{room}" selected' in ann.get(f"/addons/install?room={room}").text


def test_a_removal_is_confirmed_and_the_add_on_notified(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    client_id = installed(site)
    addon.asks_for_token = False

    unsure = root.send(f"/addons/{client_id}/remove", {})
    answer = remove(root, client_id)

    assert unsure.status == 400
    assert "check the box first" in unsure.text
    assert answer.location == "/addons?done=removed"
    assert addon.posted[-1][0] == "DELETE"
    assert ids(site) == []
    assert remove(root, client_id).status == 404


def test_a_removal_of_which_the_add_on_was_not_notified_says_so(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    client_id = installed(site)
    addon.is_down = True

    answer = remove(root, client_id)

    assert answer.status == 200
    assert "could not be notified" in answer.text
    assert "https://karma.example" in answer.text
    assert ids(site) == []


def test_a_browser_goes_where_the_descriptor_leads_after_a_removal(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    installable = {"callbackUrl": "https://karma.example/installable", **IN_BROWSER}
    addon.descriptor = descriptor(installable=installable)
    client_id = installed(site)
    addon.asks_for_token = False
    page = root.get(f"/addons/{client_id}")

    fields = {"next_url": "https://evil.example", "redirect_url": "//evil.example"}
    answer = remove(root, client_id, **fields)

    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    location = answer.location or ""
    assert location.startswith("https://karma.example/gone?redirect_url=")
    assert "evil" not in location
    back = parse_qs(urlsplit(location).query)["redirect_url"]
    assert back == ["http://chat.test/addons"]


def test_modules_say_what_the_page_does_with_them(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    panel = {
        "key": "panel",
        "name": {"value": f"All <b>builds</b>{GONE}"},
        "url": "https://karma.example/panel",
        "location": "hipchat.sidebar.right",
    }
    page = {"key": "report", "url": "https://karma.example/report"}
    addon.descriptor = descriptor(webPanel=[panel], externalPage=[page])
    client_id = installed(site)

    text = root.get(f"/addons/{client_id}").text

    assert "<bdi>All &lt;b&gt;builds&lt;/b&gt;gone</bdi>" in text
    assert "needs a HipChat client" in text
    report = re.search(r'<a href="(/modules/\d+)"[^>]*><bdi>report', text)
    assert report is not None
    assert "signed_request=" in (root.get(report[1]).location or "")


def test_an_add_on_is_told_when_its_client_is_deleted(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    client_id = installed(site)

    answer = root.send("/clients/delete", {"client_id": client_id})

    assert answer.status == 303
    assert addon.posted[-1][0] == "DELETE"
    assert ids(site) == []


def test_what_kept_an_add_on_from_being_told_is_shown(
    site: Site, root: Visitor, addon: MemoryAddon
) -> None:
    client_id = installed(site)
    addon.is_down = True

    answer = root.send("/clients/delete", {"client_id": client_id})

    assert "could not be notified" in answer.text
