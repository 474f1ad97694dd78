from __future__ import annotations

from tests.unit.server.asgi import Site


def full_update(**changes: object) -> dict[str, object]:
    return {
        "name": "Ops",
        "privacy": "public",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": 1},
        **changes,
    }


def test_a_name_is_taken_in_any_case(site: Site) -> None:
    site.post("/v2/room", {"name": "STRASSE"})

    reply = site.post("/v2/room", {"name": "straße"})

    assert reply.status == 400
    assert reply.error["message"] == "Another room exists with that name."


def test_an_invalid_name_is_rejected(site: Site) -> None:
    for name in ("", "   ", "a\nb", "a\x00b", "x" * 51):
        assert site.post("/v2/room", {"name": name}).status == 400, name


def test_participants_become_members_when_a_room_turns_private(site: Site) -> None:
    ann = site.add_user("Ann")
    token = site.add_token(user=ann)
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"}, token=token)

    site.put("/v2/room/Ops", full_update(privacy="private"))

    assert site.get("/v2/room/Ops", token=token).status == 200
    assert len(site.get("/v2/room/Ops/member").json["items"]) == 2


def test_an_archived_room_takes_no_messages(site: Site) -> None:
    site.add_room("Ops")
    site.put("/v2/room/Ops", full_update(is_archived=True))

    for target, body in (
        ("/v2/room/Ops/message", {"message": "x"}),
        ("/v2/room/Ops/notification", {"message": "x"}),
        ("/v2/room/Ops/share/link", {"link": "http://example.com"}),
    ):
        reply = site.post(target, body)
        assert reply.status == 403
        assert "archived" in reply.error["message"]
    assert site.put("/v2/room/Ops/topic", {"topic": "x"}).status == 403


def test_a_deleted_room_is_gone_and_its_name_free(site: Site) -> None:
    site.add_room("Ops")
    token = site.add_room_token("Ops")
    site.post("/v2/room/Ops/message", {"message": "hello"})

    assert site.delete("/v2/room/Ops").status == 204

    assert site.get("/v2/room/Ops").status == 404
    assert site.get("/v2/room/1").status == 404
    assert (
        site.post("/v2/room/1/notification", {"message": "x"}, token=token).status
        == 401
    )
    assert site.post("/v2/room", {"name": "Ops"}).status == 201
    assert site.messages("Ops") == []
