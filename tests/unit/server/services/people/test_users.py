from __future__ import annotations

import asyncio

from hipkit.server.services.access.password_hashes import check_password
from hipkit.server.services.rooms.members import add_auto_join
from tests.unit.server.asgi import Site


def test_a_user_is_found_by_id_address_and_mention_name(site: Site) -> None:
    ann = site.add_user("Ann", email="Ann.Lee+x@example.com")

    for reference in (
        str(ann),
        "@Ann",
        "%40ann",
        "Ann",
        "ann.lee%2Bx%40example.com",
        "ANN.LEE+x@EXAMPLE.COM",
    ):
        assert site.get(f"/v2/user/{reference}").json["id"] == ann, reference
    for reference in ("@Bob", "bob@example.com", "99", "@"):
        assert site.get(f"/v2/user/{reference}").status == 404, reference


def test_last_activity_is_in_unix_seconds_and_online_for_five_minutes(
    site: Site,
) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"})

    user = site.get("/v2/user/1").json

    assert user["last_active"] == "1700000000"
    assert user["presence"] == {"is_online": True}
    site.clock[0] += 301
    assert site.get("/v2/user/1").json["presence"] is None


def test_a_generated_password_is_returned_once(site: Site) -> None:
    reply = site.post("/v2/user", {"name": "Ann Lee", "email": "ann@example.com"})

    assert reply.status == 201
    assert set(reply.json) == {"id", "links", "password"}
    assert reply.header("Location") == reply.json["links"]["self"]
    stored = asyncio.run(site.server.database.stores.users.password_hash(2)) or ""
    assert check_password(reply.json["password"], stored)
    given = {"name": "Bob", "email": "bob@example.com", "password": "my own"}
    assert "password" not in site.post("/v2/user", given).json


def test_a_user_is_created_with_optional_members_empty(site: Site) -> None:
    """HypChat sends every member, with empty text for what its caller left out."""
    body = {
        "name": "Ann Lee",
        "email": "ann@example.com",
        "title": "",
        "mention_name": "",
        "is_group_admin": False,
        "timezone": "UTC",
        "password": "",
    }

    reply = site.post("/v2/user", body)

    assert reply.status == 201
    assert reply.json["password"]
    assert site.get("/v2/user/@AnnLee").json["name"] == "Ann Lee"


def test_an_update_keeps_optional_members_that_it_leaves_out(site: Site) -> None:
    site.add_user("Ann", title="Boss")
    needed = {"name": "Ann B", "email": "ann@example.com", "mention_name": "Ann"}

    presence = {"show": "dnd", "status": "busy"}
    body = {**needed, "presence": presence, "password": ""}
    assert site.put("/v2/user/@Ann", body).status == 204

    user = site.get("/v2/user/@Ann").json
    assert (user["name"], user["title"]) == ("Ann B", "Boss")
    assert user["presence"] == {"show": "dnd", "status": "busy", "is_online": False}
    del needed["email"]
    assert site.put("/v2/user/@Ann", needed).error["field"] == "email"


def test_a_deleted_user_is_found_by_id_only(site: Site) -> None:
    ann = site.add_user("Ann")

    assert site.delete("/v2/user/@Ann").status == 204

    assert site.get("/v2/user/@Ann").status == 404
    assert site.get(f"/v2/user/{ann}").json["is_deleted"] is True
    assert len(site.get("/v2/user").json["items"]) == 1
    assert len(site.get("/v2/user?include-deleted=true").json["items"]) == 2
    assert site.delete(f"/v2/user/{ann}").status == 404
    assert site.post(f"/v2/user/{ann}/message", {"message": "x"}).status == 404
    assert site.add_user("Ann") != ann


def test_messages_of_a_deleted_user_keep_their_sender(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    token = site.add_token(user=ann)
    site.post("/v2/room/Ops/message", {"message": "bye @Ann"}, token=token)

    site.delete("/v2/user/@Ann")

    (message,) = site.messages("Ops")
    assert message["from"]["name"] == "Ann"
    assert message["mentions"][0]["id"] == ann


def test_automatically_joined_rooms_are_listed_for_their_user(site: Site) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    site.add_room("Ops")
    asyncio.run(add_auto_join(site.operator_context(), "@Ann", "Ops"))
    target = "/v2/user/@Ann/preference/auto-join"

    own = site.get(target, token=site.add_token(user=ann))
    others = site.get(target, token=site.add_token(user=bob))

    assert [room["name"] for room in own.json["items"]] == ["Ops"]
    assert others.status == 403


def test_an_invitation_adds_a_user_without_a_password(site: Site) -> None:
    body = {"name": "Ann Lee", "email": "ann@example.com", "title": "Boss"}

    reply = site.post("/v2/invite/user", body)

    assert reply.status == 200
    assert reply.json["mention_name"] == "AnnLee"
    user_id = reply.json["id"]
    stored = asyncio.run(site.server.database.stores.users.password_hash(user_id))
    assert stored is None
    assert site.post("/v2/invite/user", body).status == 400
