"""Who gets the addresses of a shared file, and its signed links."""

from __future__ import annotations

from pathlib import Path

from tests.unit.server.asgi import Site, open_site
from tests.unit.server.http.bodies.test_uploads import TYPE, body
from tests.unit.server.two_groups import PNG


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
    if reply.status == 200:
        for address in reply.json.values():
            found = site.get(address.removeprefix("http://chat.test"), token=None)
            assert found.body == b"bytes"
    return reply.status


def test_a_file_is_found_by_the_id_of_its_message(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)

    assert fetch(site, file_id) == 200
    assert fetch(site, file_id, query="?thumbnail=true") == 200
    assert fetch(site, "nothing") == 404
    assert site.get(f"/v2/file/{file_id}", token=None).status == 401


def test_a_rooms_file_is_for_actors_who_may_see_the_room(site: Site) -> None:
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


def test_a_private_chats_file_is_for_its_two_users(site: Site) -> None:
    site.add_user("Ann")
    site.add_user("Bob")
    scopes = ["view_messages", "send_message", "view_group"]
    ann = site.add_token(user="@Ann", scopes=scopes, name="x")
    bob = site.add_token(user="@Bob", scopes=scopes, name="x")
    group = site.client_token(scopes)
    file_id = share(site, "user/@Bob", ann)

    assert [fetch(site, file_id, token) for token in (ann, bob)] == [200, 200]
    assert [fetch(site, file_id, token) for token in ("", group)] == [404, 404]


def links(site: Site, file_id: str) -> tuple[str, str]:
    report = site.get(f"/v2/file/{file_id}").json
    shown, saved = report["temp_url"], report["temp_download_url"]
    return shown.removeprefix("http://chat.test"), saved.removeprefix(
        "http://chat.test"
    )


def test_a_link_needs_no_token_for_an_hour(site: Site) -> None:
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


def test_one_link_opens_a_picture_and_the_other_saves_it(site: Site) -> None:
    site.add_room("Ops")
    named = b'name="file"; filename="a.bin"'
    picture = body(PNG).replace(named, named + b"\nContent-Type: image/png")
    site.send("POST", "/v2/room/Ops/share/file", body=picture, headers=[TYPE])
    (message,) = site.messages("Ops")

    replies = [site.get(each) for each in links(site, message["id"])]

    dispositions = [reply.header("Content-Disposition") or "" for reply in replies]
    assert [each.partition(";")[0] for each in dispositions] == ["inline", "attachment"]


def test_a_link_is_valid_only_as_it_was_signed(site: Site) -> None:
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


def test_a_link_signed_with_a_wrong_clock_is_not_valid_for_years(site: Site) -> None:
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


def test_signatures_of_links_are_not_among_recent_calls(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)
    address, saved = links(site, file_id)
    site.get(address, token=None)
    site.post("/v2/room/Ops/notification", {"message": f"see {address} or {saved}"})
    site.post("/v2/room/Ops/notification", {"message": "x", "temp_url": address})

    shown = repr(site.calls())
    shown += repr(site.calls(None))

    assert "get_file" in shown
    for link in (address, saved):
        assert link.rpartition("signature=")[2] not in shown
