"""Who gets the addresses of a shared file."""

from __future__ import annotations

from tests.unit.server.asgi import Site
from tests.unit.server.http.test_uploads import TYPE, body


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
