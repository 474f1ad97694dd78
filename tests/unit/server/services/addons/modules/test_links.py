"""Links of add-ons to their modules."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from hipkit.server.services.addons.modules import links
from hipkit.server.services.addons.modules.links import LONGEST_SECONDS
from tests.unit.server.asgi import RawResponse, Site
from tests.unit.server.services.addons.making import BODIES

every = pytest.mark.parametrize

SCOPES = ["admin_group", "admin_room", "view_group", "view_room"]
PANEL = "/v2/extension/webPanel/panel"


def add_panel(site: Site, name: str = "Bot") -> str:
    token = site.client_token(SCOPES, name=name)
    assert site.put(PANEL, BODIES["webPanel"], token=token).status == 201
    return token


def create(
    site: Site, token: str, ttl: object = 60, target: str = "panel"
) -> RawResponse:
    return site.post("/v2/addon/link", {"target": target, "ttl": ttl}, token=token)


def test_a_link_leads_to_its_module_s_page_until_it_expires(site: Site) -> None:
    token = add_panel(site)

    made = create(site, token)

    assert made.status == 200, made.body
    secret = made.json["token"]
    target = f"/v2/addon/link/{secret}"
    assert made.json["links"] == {"self": f"http://chat.test{target}"}
    for _ in range(2):
        opened = site.get(target, token=None)
        assert opened.status == 302
        assert opened.header("Location") == "http://chat.test/modules/1"
    site.clock[0] += 60
    assert site.get(target, token=None).status == 404


def test_a_room_s_link_leads_to_the_room(site: Site) -> None:
    room_id = site.add_room("Ops")
    token = site.client_token(["admin_room", "view_room"], room=room_id)
    panel = f"/v2/room/{room_id}/extension/webPanel/panel"
    assert site.put(panel, BODIES["webPanel"], token=token).status == 201

    secret = create(site, token).json["token"]

    opened = site.get(f"/v2/addon/link/{secret}", token=None)
    assert opened.header("Location") == f"http://chat.test/modules/1?room={room_id}"


def test_an_add_on_deletes_its_own_links(site: Site) -> None:
    token, other = add_panel(site), add_panel(site, "Other")
    target = f"/v2/addon/link/{create(site, token).json['token']}"

    assert site.delete(target, token=other).status == 404
    assert site.delete(target, token=site.token).status == 403
    assert site.get(target, token=None).status == 302
    assert site.delete(target, token=token).status == 204
    assert site.delete(target, token=token).status == 404
    assert site.get(target, token=None).status == 404


def test_links_go_with_their_module(site: Site) -> None:
    token = add_panel(site)
    target = f"/v2/addon/link/{create(site, token).json['token']}"

    site.delete(PANEL, token=token)

    assert site.get(target, token=None).status == 404


@every("ttl", [0, -1, LONGEST_SECONDS + 1, 10**30, "soon", None])
def test_the_lifetime_has_bounds(site: Site, ttl: object) -> None:
    reply = create(site, add_panel(site), ttl)

    assert (reply.status, reply.error["field"]) == (400, "ttl")


@every("ttl", [1, "60", LONGEST_SECONDS])
def test_a_lifetime_within_its_bounds_is_accepted(site: Site, ttl: object) -> None:
    assert create(site, add_panel(site), ttl).status == 200


def test_the_target_is_a_module_of_one_s_own(site: Site) -> None:
    add_panel(site)
    other = site.client_token(SCOPES, name="Other")

    reply = create(site, other)

    assert (reply.status, reply.error["field"]) == (400, "target")
    assert create(site, site.token).status == 403


@every("token", ["x", "é", "a/b", "x" * 500])
def test_an_unknown_link_is_not_found(site: Site, token: str) -> None:
    target = f"/v2/addon/link/{quote(token, safe='/%')}"
    assert site.get(target, token=None).status == 404


def test_an_add_on_has_so_many_links_that_have_not_expired(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST_LINKS", 2)
    token = add_panel(site)

    assert [create(site, token).status for _ in range(3)] == [200, 200, 400]
    site.clock[0] += 60
    assert create(site, token).status == 200
