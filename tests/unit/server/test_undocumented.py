"""Calls that HipChat's documentation left out: files by their id, and whether a server is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hipkit.server.http.registry import HANDLERS
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import Site
from tests.unit.server.test_uploads import TYPE, body


def share(site: Site, target: str = "room/Ops", token: str = "") -> str:
    """Share a file and return the id that its message tells."""
    sent = body(b"bytes")
    reply = site.send(
        "POST", f"/v2/{target}/share/file", body=sent, headers=[TYPE], token=token
    )
    assert reply.status == 204
    (message,) = site.get(f"/v2/{target}/history", token=token).json["items"]
    file = message["authenticated_file"]
    assert (file["name"], file["size"]) == (message["file"]["name"], 5)
    return str(file["id"])


def fetch(site: Site, file_id: str, token: str = "", query: str = "") -> int:
    reply = site.get(f"/v2/file/{file_id}{query}", token=token)
    if reply.status != 302:
        return reply.status
    address = (reply.header("Location") or "").removeprefix("http://chat.test")
    assert site.get(address, token=None).body == b"bytes"
    return 302


def test_a_file_is_found_by_its_id(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)

    assert fetch(site, file_id) == 302
    assert fetch(site, file_id, query="?thumbnail=true") == 302
    assert fetch(site, "nothing") == 404
    assert site.get(f"/v2/file/{file_id}", token=None).status == 401


def test_a_file_of_a_room_is_for_who_may_see_into_it(site: Site) -> None:
    site.add_room("Ops", is_private=True)
    site.add_room("Other")
    site.add_user("Ann")
    scopes = ["view_messages"]
    stranger = site.add_token(user="@Ann", scopes=scopes, name="x")
    elsewhere = site.client_token(scopes, room="Other")
    here = site.client_token(scopes, room="Ops")
    without_scope = site.client_token(["view_room"])
    file_id = share(site)

    assert fetch(site, file_id, stranger) == 404
    assert fetch(site, file_id, elsewhere) == 404
    assert fetch(site, file_id, without_scope) == 403
    assert fetch(site, file_id, here) == 302
    site.put("/v2/room/Ops/member/@Ann", {})
    assert fetch(site, file_id, stranger) == 302
    site.delete("/v2/room/Ops")
    assert fetch(site, file_id) == 404


def test_a_file_of_a_private_chat_is_for_the_two_alone(site: Site) -> None:
    site.add_user("Ann")
    site.add_user("Bob")
    scopes = ["view_messages", "send_message", "view_group"]
    ann = site.add_token(user="@Ann", scopes=scopes, name="x")
    bob = site.add_token(user="@Bob", scopes=scopes, name="x")
    group = site.client_token(scopes)
    file_id = share(site, "user/@Bob", ann)

    assert [fetch(site, file_id, token) for token in (ann, bob)] == [302, 302]
    assert [fetch(site, file_id, token) for token in ("", group)] == [404, 404]


def test_the_spec_tells_which_operations_are_not_there_yet(repository: Path) -> None:
    spec = yaml.safe_load((repository / "spec/hipchat-v2.yaml").read_text("utf-8"))
    told = {
        operation["operationId"]
        for item in spec["paths"].values()
        for operation in item.values()
        if "501" in operation["responses"]
    }
    missing = {
        entry.operation_id for entry in OPERATIONS if entry.load() not in HANDLERS
    }

    # The schema of descriptors is there, in one draft of the two.
    assert told == missing | {"get_addon_capabilities_schema"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_anybody_may_ask_whether_the_server_is_there(site: Site, method: str) -> None:
    reply = site.send(method, "/v2/health-check", token=None)

    assert reply.status == 200
    assert reply.header("X-Ratelimit-Limit") == "100"
    assert site.post("/v2/health-check").status == 405


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v2/sync/users"),
        ("POST", "/v2//sync/rooms/"),
        ("POST", "/v2/file/mget/thumbnails"),
        ("GET", "/v2/video/token"),
        ("GET", "/v2/video/callee/5/token?room=1"),
        ("PATCH", "/v2/readstate"),
        ("GET", "/v2/flag"),
        ("POST", "/v2/flag/dismiss"),
        ("POST", "/v2/addon/sync"),
        ("GET", "/v2/addon/signed-url/1/a/b/c/1"),
        ("GET", "/v2/addon/signed-urls/1/glances"),
        ("POST", "/v1/users/create"),
        ("POST", "/v1/users/undelete/"),
    ],
)
def test_calls_known_by_their_path_alone_are_501(
    site: Site, method: str, target: str
) -> None:
    reply = site.send(method, target)

    assert reply.status == 501
    assert reply.error["code"] == 501
