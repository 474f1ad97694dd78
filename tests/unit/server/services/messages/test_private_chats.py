from __future__ import annotations

from tests.unit.server.asgi import Site


def test_a_private_chat_is_the_same_from_both_sides(site: Site) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    anns, bobs = site.add_token(user=ann), site.add_token(user=bob)
    empty = site.get("/v2/user/@Bob/history", token=anns)
    site.post("/v2/user/@Bob/message", {"message": "hi"}, token=anns)
    site.post("/v2/user/ann%40example.com/message", {"message": "yo"}, token=bobs)

    mine = site.get("/v2/user/@Bob/history", token=anns).json["items"]
    theirs = site.get("/v2/user/@Ann/history", token=bobs).json["items"]

    assert empty.json["items"] == []
    assert mine == theirs
    assert [item["message"] for item in mine] == ["hi", "yo"]
    assert site.get("/v2/user/@Ann/history").json["items"] == []
    one = site.get(f"/v2/user/@Ann/history/{mine[0]['id']}", token=bobs)
    assert one.json["message"] == mine[0]
    latest = site.get("/v2/user/@Ann/history/latest?max-results=1", token=bobs)
    assert latest.json["items"] == mine[1:]


def test_nobody_reads_a_private_message_by_its_id(site: Site) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    anns = site.add_token(user=ann)
    site.post("/v2/user/@Bob/message", {"message": "hi"}, token=anns)
    (message,) = site.get("/v2/user/@Bob/history", token=anns).json["items"]

    assert site.get(f"/v2/user/{bob}/history/{message['id']}").status == 404
