from __future__ import annotations

from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share

PLAIN = {"date", "from", "id", "mentions", "message", "type"}


def test_a_link_is_shared_by_post_and_by_put(site: Site) -> None:
    site.add_room("Ops")
    body = {"link": "https://example.com/x", "message": "look:"}

    assert site.post("/v2/room/Ops/share/link", body).status == 204
    assert site.put("/v2/room/Ops/share/link", body).status == 204

    for message in site.messages("Ops"):
        assert set(message) == PLAIN | {"message_links"}
        assert message["message"] == "look: https://example.com/x"
        assert message["message_links"][0]["type"] == "link"


def test_only_web_addresses_are_shared(site: Site) -> None:
    site.add_room("Ops")

    for link in (
        "javascript:alert(1)",
        "data:text/html,<b>hi",
        "http:///nowhere/x",
        "ftp://x/y/z",
    ):
        reply = site.post("/v2/room/Ops/share/link", {"link": link})
        assert reply.status == 400, link
        assert reply.error["field"] == "link"


def test_a_file_and_a_link_are_shared_with_one_user(site: Site) -> None:
    site.add_user("Ann")

    assert share(site, WEB_CLIENT, target="/v2/user/@Ann/share/file").status == 204
    link = {"link": "https://example.com/"}
    assert site.post("/v2/user/@Ann/share/link", link).status == 204

    file, shared = site.get("/v2/user/@Ann/history").json["items"]
    assert file["file"]["name"] == "a b.bin"
    assert shared["message_links"][0]["url"] == "https://example.com/"
