"""Webhooks as programs set them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.server.asgi import RawResponse, Site, open_site

BODY = {"url": "https://hooks.example/a", "event": "room_message"}


def make(site: Site, **members: object) -> Any:
    return site.post("/v2/room/Ops/webhook", {**BODY, **members})


def test_a_webhook_is_created_listed_shown_and_deleted(site: Site) -> None:
    room_id = site.add_room("Ops")

    reply = make(site, name="Build", pattern="^x")

    assert reply.status == 201
    webhook_id = reply.json["id"]
    link = f"http://chat.test/v2/room/{room_id}/webhook/{webhook_id}"
    assert reply.json == {"id": webhook_id, "links": {"self": link}}
    assert reply.header("Location") == link
    (listed,) = site.get("/v2/room/Ops/webhook").json["items"]
    assert {"created", "room", "creator"}.isdisjoint(listed)
    assert listed["pattern"] == "^x"
    shown = site.get(f"/v2/room/Ops/webhook/{webhook_id}").json
    assert shown["name"] == "Build"
    assert shown["pattern"] == "^x"
    assert shown["authentication"] == "none"
    assert shown["url"] == BODY["url"]
    assert shown["room"]["name"] == "Ops"
    assert shown["creator"]["mention_name"]
    assert shown["created"].endswith("+00:00")
    assert site.delete(f"/v2/room/Ops/webhook/{webhook_id}").status == 204
    assert site.get(f"/v2/room/Ops/webhook/{webhook_id}").status == 404
    assert site.delete(f"/v2/room/Ops/webhook/{webhook_id}").status == 404


def test_put_with_the_same_key_changes_the_webhook_and_keeps_its_number(
    site: Site,
) -> None:
    site.add_room("Ops")
    target = "/v2/room/Ops/extension/webhook/deploy.1"
    first = site.put(target, {"key": "deploy.1", **BODY})
    second = site.put(
        target, {"key": "ignored", "url": "http://b.example/", "event": "room_enter"}
    )

    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] == second.json["id"]
    shown = site.get(target).json
    assert (shown["key"], shown["url"]) == ("deploy.1", "http://b.example/")
    assert shown["event"] == "room_enter"
    assert site.delete(target).status == 204
    assert site.get(target).status == 404


def test_post_with_a_key_that_is_taken_is_rejected(site: Site) -> None:
    site.add_room("Ops")
    assert make(site, key="k").status == 201

    reply = make(site, key="k")

    assert reply.status == 400
    assert reply.error["field"] == "key"


def test_an_add_on_creates_a_webhook_of_the_group(site: Site) -> None:
    token = site.client_token(["admin_group", "view_group"])
    target = "/v2/extension/webhook/all"

    reply = site.put(target, {"key": "all", **BODY}, token=token)

    assert reply.status == 201
    assert reply.header("Location") == f"http://chat.test{target}"
    shown = site.get(target, token=token).json
    assert shown["room"] is None
    assert shown["creator"]["allowed_scopes"] == ["admin_group", "view_group"]
    other = site.client_token(["admin_group", "view_group"], name="Other")
    assert site.get(target, token=other).status == 404
    assert site.delete(target, token=other).status == 404
    assert site.delete(target, token=token).status == 204
    assert site.put(target, {"key": "all", **BODY}).status == 403


def test_only_administrators_of_a_room_create_its_webhooks(site: Site) -> None:
    site.add_room("Ops")
    token = site.add_token(user=site.add_user("Ann Lee"))

    reply = site.post("/v2/room/Ops/webhook", BODY, token=token)

    assert reply.status == 403
    assert site.get("/v2/room/Ops/webhook", token=token).status == 403


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/a",
        "//hooks.example/a",
        "/a",
        "ftp://hooks.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:password@hooks.example/",
        "https://user@hooks.example/",
        "https://@hooks.example/",
        "https:///a",
        "https://",
        "https://hooks.example:99999/",
        "https://hooks.example:0/",
        "https://hooks.example:x/",
        "https://hooks.exa mple/",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y",
        "https://hooks.example\\@evil.example/",
        "https://hööks.example/",
        "https://[::1/",
    ],
)
def test_an_address_that_is_not_absolute_is_rejected_and_not_repeated(
    site: Site, url: str
) -> None:
    site.add_room("Ops")

    reply = make(site, url=url)

    # HipChat's own words, with nothing beside them.
    message = "Field url must be an absolute URL"
    assert reply.error == {"code": 400, "type": "Bad Request", "message": message}


def test_an_address_that_is_too_long_is_rejected(site: Site) -> None:
    site.add_room("Ops")

    error = make(site, url="https://" + "a" * 2_000).error

    assert (error["field"], error["validation"]) == ("url", "maxLength")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
    ],
)
def test_an_address_in_an_internal_network_is_rejected(site: Site, host: str) -> None:
    site.add_room("Ops")

    reply = make(site, url=f"http://{host}:8080/hook")

    assert reply.status == 400
    assert reply.error["field"] == "url"


def test_a_name_that_leads_inside_is_rejected_unless_the_network_is_allowed(
    tmp_path: Path,
) -> None:
    def look_up(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.1.2.3"]

    for networks, status in (((), 400), (("10.0.0.0/8",), 201)):
        folder = tmp_path / str(status)
        folder.mkdir()
        site = open_site(folder, webhook_networks=networks, look_up=look_up)
        site.add_room("Ops")
        assert make(site).status == status
        site.server.close()


def test_a_name_without_an_address_is_accepted(site: Site) -> None:
    # It may get one; every connection looks it up.
    site.add_room("Ops")

    assert make(site, url="https://not-yet.example/").status == 201


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[a",
        "*",
        "(?<n",
        "\\",
        "x" * 1_001,
        "(?R)",
        "(a(?1))",
        "((a{100}){100}){100}",
        "a{999999999}",
        "(?:" * 400 + "a" + ")" * 400,
    ],
)
def test_a_pattern_that_cannot_be_used_is_rejected(site: Site, pattern: str) -> None:
    site.add_room("Ops")

    reply = make(site, pattern=pattern)

    assert reply.status == 400
    assert (reply.error["field"], reply.error["validation"]) == ("pattern", "pattern")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"event": "room_explode"}, "event"),
        ({"event": None}, "event"),
        ({"authentication": "basic"}, "authentication"),
        ({"key": "k" * 41}, "key"),
        ({"name": "n" * 201}, "name"),
        ({"url": [7]}, "url"),
    ],
)
def test_other_values_are_checked(
    site: Site, members: dict[str, object], field: str
) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/webhook", {**BODY, **members})

    assert reply.status == 400
    assert reply.error["field"] == field


def test_a_users_webhook_cannot_be_signed(site: Site) -> None:
    site.add_room("Ops")

    reply = make(site, authentication="jwt")

    assert reply.status == 400
    assert reply.error["field"] == "authentication"
    assert "OAuth client" in reply.error["message"]


def test_a_client_from_before_its_secret_was_kept_cannot_have_signatures(
    site: Site,
) -> None:
    site.add_room("Ops")
    token = site.client_token(["admin_room"])
    site.sql("UPDATE oauth_clients SET signing_secret = NULL")

    body = {**BODY, "authentication": "jwt"}
    reply = site.post("/v2/room/Ops/webhook", body, token=token)

    assert reply.status == 400
    assert "create it again" in reply.error["message"]


def test_events_that_wait_for_a_changed_webhook_go_to_its_new_url(
    site: Site,
) -> None:
    site.add_room("Ops")
    target = "/v2/room/Ops/extension/webhook/k"
    webhook_id = site.put(target, {"key": "k", **BODY}).json["id"]
    site.post("/v2/room/Ops/message", {"message": "x"})

    site.put(target, {"key": "k", **BODY, "url": "https://new.example/"})
    assert waiting(site, webhook_id) == 1
    site.put(target, {"key": "k", **BODY, "event": "room_enter"})
    assert waiting(site, webhook_id) == 0


def waiting(site: Site, webhook_id: int) -> int:
    sql = (
        "SELECT events.id FROM events, subscriptions"
        " WHERE subscriptions.id = ? AND events.id > position"
    )
    return len(site.sql(sql, webhook_id))


def test_a_secret_is_kept_only_where_something_can_be_signed_with_it(
    site: Site,
) -> None:
    kept = site.add_client(["admin_room"]).id
    site.add_client(["send_notification", "view_messages"])

    sql = "SELECT id FROM oauth_clients WHERE signing_secret IS NOT NULL"
    assert site.sql(sql) == [(kept,)]


PLACES = ["/v2/room/Ops/extension/webhook", "/v2/extension/webhook"]


@pytest.mark.parametrize("place", PLACES)
def test_a_hundred_webhooks_are_the_most_of_a_place(site: Site, place: str) -> None:
    site.add_room("Ops")
    site.add_room("Other")
    token = site.client_token(["admin_room", "admin_group"])

    def put(target: str, key: str, **members: str) -> RawResponse:
        body = {**BODY, "key": key, **members}
        return site.put(f"{target}/{key}", body, token=token)

    for number in range(100):
        assert put(place, f"k{number}").status == 201

    reply = put(place, "more")

    assert reply.status == 400
    assert "has 100 webhooks, and cannot have more" in reply.error["message"]
    # Those that are there may be changed, and other places have their own.
    assert put(place, "k7", event="room_enter").status == 201
    assert put("/v2/room/Other/extension/webhook", "k").status == 201
    for other in PLACES:
        assert put(other, "k1").status == 201
    assert site.delete(f"{place}/k7", token=token).status == 204
    assert put(place, "more").status == 201


def test_the_limit_of_a_room_counts_the_webhooks_of_every_owner(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(["admin_room"])
    for _ in range(50):
        assert site.post("/v2/room/Ops/webhook", BODY, token=token).status == 201
        assert site.post("/v2/room/Ops/webhook", BODY).status == 201

    for target in (token, site.token):
        reply = site.post("/v2/room/Ops/webhook", BODY, token=target)
        assert reply.status == 400
        assert "The room has 100 webhooks" in reply.error["message"]
