from __future__ import annotations

import asyncio

from hipkit.server.services.access.password_hashes import check_password
from hipkit.server.services.messages.emoticons import add_emoticon
from hipkit.server.services.rooms.members import add_auto_join
from tests.unit.server.asgi import Site

FULL = {
    "id", "name", "mention_name", "email", "title", "roles", "created", "last_active",
    "is_deleted", "is_guest", "is_group_admin", "timezone", "photo_url", "xmpp_jid",
    "version", "presence", "group", "links",
}  # fmt: skip


def test_a_full_user_has_every_recorded_member(site: Site) -> None:
    site.add_user("Ann Lee")

    user = site.get("/v2/user/@AnnLee").json

    assert set(user) == FULL
    assert (user["last_active"], user["photo_url"], user["presence"]) == (None,) * 3
    assert user["created"] == "2023-11-14T22:13:20+00:00"
    assert user["xmpp_jid"].startswith("1_2@chat.")
    assert set(user["group"]) == {"id", "name", "links"}


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


def test_when_somebody_was_last_there_is_told_as_unix_seconds(site: Site) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"})

    user = site.get("/v2/user/1").json

    assert user["last_active"] == "1700000000"
    assert user["presence"] == {"is_online": True}
    site.clock[0] += 301
    assert site.get("/v2/user/1").json["presence"] is None


def test_a_made_up_password_is_told_once(site: Site) -> None:
    reply = site.post("/v2/user", {"name": "Ann Lee", "email": "ann@example.com"})

    assert reply.status == 201
    assert set(reply.json) == {"id", "links", "password"}
    assert reply.header("Location") == reply.json["links"]["self"]
    stored = asyncio.run(site.server.database.stores.users.password_hash(2)) or ""
    assert check_password(reply.json["password"], stored)
    given = {"name": "Bob", "email": "bob@example.com", "password": "my own"}
    assert "password" not in site.post("/v2/user", given).json


def test_a_user_is_made_although_what_is_optional_comes_empty(site: Site) -> None:
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


def test_a_mention_name_is_made_of_the_name(site: Site) -> None:
    for number, name in enumerate(["Ann Lee", "Ann Lee", "!!!", "All", "Zoë O'Neil"]):
        site.post("/v2/user", {"name": name, "email": f"a{number}@example.com"})

    users = site.get("/v2/user").json["items"]

    names = [user["mention_name"] for user in users][1:]
    assert names == ["AnnLee", "AnnLee1", "User", "All1", "ZoëONeil"]


def test_what_another_user_has_is_refused(site: Site) -> None:
    site.add_user("Ann")

    for body in (
        {"name": "B", "email": "ANN@example.com"},
        {"name": "B", "email": "b@example.com", "mention_name": "ann"},
        {"name": "B", "email": "no address"},
        {"name": "B", "email": "b@example.com", "mention_name": "with space"},
        {"name": "B", "email": "b@example.com", "mention_name": "here"},
        {"name": "B", "email": "b@example.com", "timezone": "Moon/Crater"},
        {"name": "x" * 51, "email": "b@example.com"},
        {"email": "b@example.com"},
    ):
        assert site.post("/v2/user", body).status == 400, body
    assert len(site.get("/v2/user").json["items"]) == 2


def test_an_update_keeps_what_it_leaves_out(site: Site) -> None:
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


def test_the_owner_of_the_group_is_changed_by_nobody_else(site: Site) -> None:
    other = site.add_token(user=site.add_user("Ann", is_group_admin=True))
    body = {"name": "Owner", "email": "owner@example.com", "mention_name": "Owner"}

    assert site.put("/v2/user/1", body, token=other).status == 403
    assert site.delete("/v2/user/1", token=other).status == 403
    assert site.put("/v2/user/1", body).status == 204
    assert site.get("/v2/user/1").json["mention_name"] == "Owner"


def test_a_deleted_user_is_found_by_id_alone(site: Site) -> None:
    ann = site.add_user("Ann")

    assert site.delete("/v2/user/@Ann").status == 204

    assert site.get("/v2/user/@Ann").status == 404
    assert site.get(f"/v2/user/{ann}").json["is_deleted"] is True
    assert len(site.get("/v2/user").json["items"]) == 1
    assert len(site.get("/v2/user?include-deleted=true").json["items"]) == 2
    assert site.delete(f"/v2/user/{ann}").status == 404
    assert site.post(f"/v2/user/{ann}/message", {"message": "x"}).status == 404
    assert site.add_user("Ann") != ann


def test_the_groups_owner_cannot_be_deleted_by_anybody(site: Site) -> None:
    """A group without an owner has nobody left who may administer it."""
    assert site.delete("/v2/user/1").status == 403

    assert site.get("/v2/user/1").json["is_deleted"] is False


def test_what_a_deleted_user_said_keeps_its_sender(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    token = site.add_token(user=ann)
    site.post("/v2/room/Ops/message", {"message": "bye @Ann"}, token=token)

    site.delete("/v2/user/@Ann")

    (message,) = site.messages("Ops")
    assert message["from"]["name"] == "Ann"
    assert message["mentions"][0]["id"] == ann


def test_an_invitation_adds_a_person(site: Site) -> None:
    body = {"name": "Ann Lee", "email": "ann@example.com", "title": "Boss"}

    reply = site.post("/v2/invite/user", body)

    assert reply.status == 200
    assert reply.json["mention_name"] == "AnnLee"
    assert site.post("/v2/invite/user", body).status == 400


def test_rooms_that_a_program_enters_are_for_their_owner(site: Site) -> None:
    ann, bob = site.add_user("Ann"), site.add_user("Bob")
    site.add_room("Ops")
    asyncio.run(add_auto_join(site.operator_context(), "@Ann", "Ops"))
    target = "/v2/user/@Ann/preference/auto-join"

    own = site.get(target, token=site.add_token(user=ann))
    others = site.get(target, token=site.add_token(user=bob))

    assert [room["name"] for room in own.json["items"]] == ["Ops"]
    assert others.status == 403


def test_emoticons_are_found_by_id_and_shortcut_and_in_texts(site: Site) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x07\x00\x00\x00\x09"
    context = site.operator_context()
    asyncio.run(add_emoticon(context, shortcut="yay", picture=png))

    (item,) = site.get("/v2/emoticon").json["items"]
    full = site.get("/v2/emoticon/yay").json

    assert set(item) == {"id", "shortcut", "url", "type", "links"}
    assert set(full) == set(item) | {"width", "height", "creator"}
    assert (full["width"], full["height"]) == (7, 9)
    assert site.get("/v2/emoticon/1").json == full
    assert site.get("/v2/emoticon/(yay)").json == full
    assert "email" in site.get("/v2/emoticon/1?expand=creator").json["creator"]
    assert site.get("/v2/emoticon?type=global").json["items"] == []
    assert site.get("/v2/emoticon/nay").status == 404


def test_the_group_is_the_callers_own(site: Site) -> None:
    group = site.get("/v2/group/1").json

    assert set(group) == {
        "id", "name", "subdomain", "domain", "created", "avatar_url", "plan", "owner",
        "statistics", "links",
    }  # fmt: skip
    assert "email" in site.get("/v2/group/1?expand=owner").json["owner"]
    statistics = site.get("/v2/group/1/statistics").json
    assert statistics["messages_sent"] == 0
    assert group["statistics"] == {"links": statistics["links"]}
    full = site.get("/v2/group/1?expand=owner,statistics").json
    assert full["statistics"] == statistics
    assert site.get("/v2/group/2").status == 404
    assert site.get("/v2/group/HipChat").status == 404


def test_the_groups_owner_stays_administrator(site: Site) -> None:
    body = {
        "name": "Owner",
        "email": "owner@example.com",
        "mention_name": "Owner",
        "is_group_admin": False,
    }

    assert site.put("/v2/user/1", body).status == 204
    assert site.get("/v2/user/1").json["is_group_admin"] is True


def test_mention_names_are_the_same_however_their_accents_are_written(
    site: Site,
) -> None:
    composed, apart = "gr\u00f6\u00dfe", "gro\u0308\u00dfe"
    person = {"name": "A", "email": "a@example.com", "mention_name": apart}
    assert site.post("/v2/user", person).status == 201
    other = {"name": "B", "email": "b@example.com", "mention_name": composed}

    assert site.post("/v2/user", other).status == 400
    assert site.get("/v2/user/@gro%CC%88%C3%9Fe").json["mention_name"] == composed
    assert site.get("/v2/user/@gr%C3%B6%C3%9Fe").status == 200
    site.add_room("Ops")
    for text in (f"hi @{composed}", f"hi @{apart}"):
        site.post("/v2/room/Ops/message", {"message": text})
    for message in site.messages("Ops"):
        assert [one["mention_name"] for one in message["mentions"]] == [composed]
