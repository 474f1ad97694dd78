"""The webhooks that a program may read, and how they are represented."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.server.asgi import Site

BODY = {"url": "https://hooks.example/a", "event": "room_message"}


def make(site: Site, **members: object) -> Any:
    return site.post("/v2/room/Ops/webhook", {**BODY, **members})


@pytest.mark.parametrize("number", ["0", "-1", "9" * 18, "9" * 19, "9" * 300])
def test_an_id_that_no_webhook_can_have_is_not_found(site: Site, number: str) -> None:
    site.add_room("Ops")

    for send in (site.get, site.delete):
        assert send(f"/v2/room/Ops/webhook/{number}").status == 404


def test_items_of_the_list_without_a_pattern_have_null(site: Site) -> None:
    site.add_room("Ops")
    for pattern in ("", None):
        reply = make(site, pattern=pattern)
        assert reply.status == 201
        assert reply.header("Location")

    for item in site.get("/v2/room/Ops/webhook").json["items"]:
        assert item["pattern"] is None


def test_members_are_expanded_on_request(site: Site) -> None:
    site.add_room("Ops")
    webhook_id = make(site).json["id"]

    (listed,) = site.get("/v2/room/Ops/webhook?expand=items").json["items"]
    assert listed["room"]["name"] == "Ops"
    target = f"/v2/room/Ops/webhook/{webhook_id}?expand=room,creator"
    shown = site.get(target).json
    assert shown["room"]["xmpp_jid"]
    assert shown["creator"]["email"]


def test_pages_of_webhooks_lead_to_each_other(site: Site) -> None:
    site.add_room("Ops")
    for _ in range(3):
        make(site)

    first = site.get("/v2/room/Ops/webhook?max-results=2").json
    second = site.get(first["links"]["next"].removeprefix("http://chat.test")).json

    assert (len(first["items"]), len(second["items"])) == (2, 1)


def test_add_ons_see_their_own_webhooks_and_users_those_of_users(
    site: Site,
) -> None:
    site.add_room("Ops")
    token = site.client_token(["admin_room"])
    mine = make(site, key="k").json["id"]
    theirs = site.post("/v2/room/Ops/webhook", {**BODY, "key": "k"}, token=token)

    assert theirs.status == 201
    for own, other, options in (
        (mine, theirs.json["id"], {}),
        (theirs.json["id"], mine, {"token": token}),
    ):
        items = site.get("/v2/room/Ops/webhook", **options).json["items"]
        assert [item["id"] for item in items] == [own]
        assert site.get(f"/v2/room/Ops/webhook/{other}", **options).status == 404
        assert site.delete(f"/v2/room/Ops/webhook/{other}", **options).status == 404


def test_a_webhook_is_found_in_its_own_room_only(site: Site) -> None:
    site.add_room("Ops")
    site.add_room("Other")
    webhook_id = make(site).json["id"]

    assert site.get(f"/v2/room/Other/webhook/{webhook_id}").status == 404
    assert site.delete(f"/v2/room/Other/webhook/{webhook_id}").status == 404
