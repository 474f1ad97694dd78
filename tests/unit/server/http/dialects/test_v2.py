"""Calls that HipChat's documentation left out: files by their id, and whether a server is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hipkit.server.services.registry import load_services
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import Site, open_site
from tests.unit.server.http.test_uploads import TYPE, body
from tests.unit.server.two_groups import PNG

HANDLERS = load_services()


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


def links(site: Site, file_id: str) -> tuple[str, str]:
    told = site.get(f"/v2/file/{file_id}").json
    shown, saved = told["temp_url"], told["temp_download_url"]
    return shown.removeprefix("http://chat.test"), saved.removeprefix(
        "http://chat.test"
    )


def fetch(site: Site, file_id: str, token: str = "", query: str = "") -> int:
    reply = site.get(f"/v2/file/{file_id}{query}", token=token)
    if reply.status == 200:
        for address in reply.json.values():
            found = site.get(address.removeprefix("http://chat.test"), token=None)
            assert found.body == b"bytes"
    return reply.status


def test_a_file_is_found_by_its_id(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)

    assert fetch(site, file_id) == 200
    assert fetch(site, file_id, query="?thumbnail=true") == 200
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
    assert fetch(site, file_id, here) == 200
    site.put("/v2/room/Ops/member/@Ann", {})
    assert fetch(site, file_id, stranger) == 200
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

    assert [fetch(site, file_id, token) for token in (ann, bob)] == [200, 200]
    assert [fetch(site, file_id, token) for token in ("", group)] == [404, 404]


def test_a_link_to_a_file_needs_no_token_for_an_hour(site: Site) -> None:
    site.add_room("Ops")
    address, saved = links(site, share(site))

    site.clock[0] += 3590
    reply = site.get(address, token=None)
    assert (reply.status, reply.body) == (200, b"bytes")
    assert reply.header("Cache-Control") == "no-store"
    assert (reply.header("Content-Disposition") or "").startswith("attachment")
    assert site.send("HEAD", saved, token=None).status == 200
    site.clock[0] += 20
    assert [site.get(each, token=None).status for each in (address, saved)] == [404] * 2


def test_a_picture_is_shown_by_one_link_and_saved_by_the_other(site: Site) -> None:
    site.add_room("Ops")
    named = b'name="file"; filename="a.bin"'
    picture = body(PNG).replace(named, named + b"\nContent-Type: image/png")
    site.send("POST", "/v2/room/Ops/share/file", body=picture, headers=[TYPE])
    (message,) = site.messages("Ops")

    replies = [site.get(each) for each in links(site, message["id"])]

    dispositions = [reply.header("Content-Disposition") or "" for reply in replies]
    assert [each.partition(";")[0] for each in dispositions] == ["inline", "attachment"]


def test_a_link_is_good_for_what_it_was_made_for_alone(site: Site) -> None:
    site.add_room("Ops")
    file_id, other_id = share(site), ""
    address, saved = links(site, file_id)
    site.send("POST", "/v2/room/Ops/share/file", body=body(b"other"), headers=[TYPE])
    other_id = site.messages("Ops")[1]["id"]
    path, _, query = address.partition("?")
    later = query.replace("expires=17", "expires=18")
    key = site.messages("Ops")[0]["file"]["url"].split("/")[4]

    for bad in (
        path,
        f"{path}?",
        f"{path}?{later}",
        f"{path}?{query}&download=1",
        f"{path}?{query}&signature=x",
        f"{path}?{query}&expires=1",
        saved.replace("download=1&", ""),
        address.replace(file_id, other_id),
        address[:-1],
        f"{path}?expires=&signature=",
        f"{path}?expires=%D9%A1&signature=%F0%9F%98%80",
        f"{path}?expires={'9' * 5000}&signature=x",
        "/files/temporary/x/file",
    ):
        assert site.get(bad, token=None).status == 404, bad
    assert key not in address + saved
    assert site.get(address, token=None).status == 200


def test_a_link_survives_a_restart_and_ends_with_its_room(
    site: Site, tmp_path: Path
) -> None:
    site.add_room("Ops")
    address, _ = links(site, share(site))
    site.server.close()
    again = open_site(tmp_path)
    try:
        assert again.get(address, token=None).status == 200
        again.delete("/v2/room/Ops")
        assert again.get(address, token=None).status == 404
    finally:
        again.server.close()


def test_a_link_made_with_a_wrong_clock_is_not_good_for_years(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)
    now = site.clock[0]
    site.clock[0] = now + 200 * 86_400
    from_the_future, _ = links(site, file_id)
    site.clock[0] = now
    address, _ = links(site, file_id)

    assert site.get(from_the_future, token=None).status == 404
    site.clock[0] = now - 60  # Clocks are put right by a little all the time.
    assert site.get(address, token=None).status == 200


def test_links_to_files_do_not_show_among_recent_calls(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)
    address, saved = links(site, file_id)
    site.get(address, token=None)
    site.post("/v2/room/Ops/notification", {"message": f"see {address} or {saved}"})
    site.post("/v2/room/Ops/notification", {"message": "x", "temp_url": address})

    shown = repr(site.server.runtime.recent_calls.of_token(1))
    shown += repr(site.server.runtime.recent_calls.without_token())

    assert "get_file" in shown
    for link in (address, saved):
        assert link.rpartition("signature=")[2] not in shown


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
    ],
)
def test_calls_known_by_their_path_alone_are_501(
    site: Site, method: str, target: str
) -> None:
    reply = site.send(method, target)

    assert reply.status == 501
    assert reply.error["code"] == 501
    assert reply.error["message"].startswith("This call of HipChat's own programs")
    assert site.send(method, target, token="x" * 40).status == 401
