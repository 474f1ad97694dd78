from __future__ import annotations

import pytest

from tests.unit.server.asgi import Site

LINKS = "http://chat.test/v2/room/1"


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


def test_a_new_room_answers_with_its_id_and_address(site: Site) -> None:
    reply = site.post("/v2/room", {"name": "Dev Ops", "topic": "deploys"})

    assert reply.status == 201
    assert reply.json == {"id": 1, "links": {"self": LINKS}}
    assert reply.header("Location") == LINKS


def test_a_full_room_has_every_recorded_member(site: Site) -> None:
    site.post("/v2/room", {"name": "Dev Ops"})

    room = site.get("/v2/room/1").json

    assert set(room) == {
        "id", "name", "privacy", "topic", "is_archived", "is_guest_accessible",
        "guest_access_url", "avatar_url", "created", "last_active", "version", "xmpp_jid",
        "owner", "participants", "statistics", "delegate_admin_visibility", "links",
    }  # fmt: skip
    assert room["guest_access_url"] is None
    assert room["last_active"] is None
    assert room["created"] == "2023-11-14T22:13:20+00:00"
    assert set(room["owner"]) == {"id", "name", "mention_name", "version", "links"}
    assert room["statistics"] == {"links": {"self": f"{LINKS}/statistics"}}
    assert set(room["links"]) == {"self", "webhooks", "participants"}


def test_a_listed_room_is_short(site: Site) -> None:
    site.post("/v2/room", {"name": "Dev Ops", "privacy": "private"})

    (room,) = site.get("/v2/room").json["items"]

    assert set(room) == {"id", "name", "privacy", "is_archived", "version", "links"}
    assert room["links"]["members"] == f"{LINKS}/member"


def test_a_page_tells_where_its_neighbours_are(site: Site) -> None:
    for number in range(5):
        site.add_room(f"Room {number}")

    page = site.get("/v2/room?start-index=2&max-results=2").json

    assert [room["id"] for room in page["items"]] == [3, 4]
    assert (page["startIndex"], page["maxResults"]) == (2, 2)
    assert "start-index=0" in page["links"]["prev"]
    assert page["links"]["next"].startswith("http://chat.test/v2/room?")
    assert "start-index=4" in page["links"]["next"]


def test_following_next_visits_each_room_once(site: Site) -> None:
    for number in range(7):
        site.add_room(f"Room {number}")
    target, seen = "/v2/room?max-results=3", []

    while target:
        page = site.get(target).json
        seen += [room["id"] for room in page["items"]]
        target = page["links"].get("next", "").removeprefix("http://chat.test")

    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_of_no_results_has_no_next(site: Site) -> None:
    site.add_room("Ops")

    page = site.get("/v2/room?max-results=0").json

    assert page["items"] == []
    assert "next" not in page["links"]


def test_archived_rooms_are_listed_only_on_request(site: Site) -> None:
    site.add_room("Ops")
    site.put("/v2/room/1", full_update(is_archived=True))

    assert site.get("/v2/room").json["items"] == []
    assert len(site.get("/v2/room?include-archived=True").json["items"]) == 1


def test_expand_gives_what_is_listed_in_full(site: Site) -> None:
    site.add_room("Ops")

    (room,) = site.get("/v2/room?expand=items.owner").json["items"]

    assert room["owner"]["email"] == "admin@example.com"


def test_a_taken_name_is_refused_in_any_case(site: Site) -> None:
    site.post("/v2/room", {"name": "STRASSE"})

    reply = site.post("/v2/room", {"name": "straße"})

    assert reply.status == 400
    assert reply.error["message"] == "Another room exists with that name."


def test_rooms_are_found_by_name_in_any_script_and_encoding(site: Site) -> None:
    for name in ("Dev/Ops", "100%", "..", "a b", "Größe", "運用", "#?&"):
        site.add_room(name)

    for target, name in (
        ("/v2/room/Dev%2FOps", "Dev/Ops"),
        ("/v2/room/dev%2fops", "Dev/Ops"),
        ("/v2/room/100%25", "100%"),
        ("/v2/room/..", ".."),
        ("/v2/room/%2e%2e", ".."),
        ("/v2/room/a%20b", "a b"),
        ("/v2/room/Gr%C3%B6%C3%9Fe", "Größe"),
        ("/v2/room/%E9%81%8B%E7%94%A8", "運用"),
        ("/v2/room/%23%3F%26", "#?&"),
    ):
        reply = site.get(target)
        assert reply.status == 200, target
        assert reply.json["name"] == name


def test_a_name_of_digits_is_an_id(site: Site) -> None:
    site.add_room("77")

    assert site.get("/v2/room/77").error["message"] == "Room 77 not found"
    assert site.get("/v2/room/1").json["name"] == "77"


def test_an_id_beyond_every_number_is_not_found(site: Site) -> None:
    assert site.get("/v2/room/" + "9" * 90).status == 404


def test_an_update_replaces_every_setting(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")

    update = full_update(
        name="Operations", topic="new", owner={"id": "@Ann"}, is_guest_accessible=True
    )
    assert site.put("/v2/room/Ops", update).status == 204

    room = site.get("/v2/room/Operations").json
    assert room["topic"] == "new"
    assert room["owner"]["mention_name"] == "Ann"
    assert room["guest_access_url"].startswith("http://chat.test/guest/")


def test_an_update_that_lacks_a_setting_is_refused(site: Site) -> None:
    site.add_room("Ops")
    update = full_update()
    del update["topic"]

    reply = site.put("/v2/room/Ops", update)

    assert reply.status == 400
    assert (reply.error["field"], reply.error["validation"]) == ("topic", "required")


def test_changes_that_people_notice_become_messages(site: Site) -> None:
    site.add_room("Ops")

    site.put("/v2/room/Ops", full_update(topic="t", is_guest_accessible=True))
    site.put("/v2/room/Ops/topic", {"topic": "u"})

    kinds = [(item["type"], item["message"]) for item in site.messages("Ops")]
    assert kinds == [
        ("topic", "t"),
        ("guest_access", "Guest access is on"),
        ("topic", "u"),
    ]


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


def test_statistics_count_messages(site: Site) -> None:
    site.add_room("Ops")
    before = site.get("/v2/room/Ops/statistics").json
    site.post("/v2/room/Ops/message", {"message": "hello"})

    after = site.get("/v2/room/Ops/statistics").json

    assert (before["messages_sent"], before["last_active"]) == (0, None)
    assert after["messages_sent"] == 1
    assert after["last_active"] == "2023-11-14T22:13:20+00:00"
    assert site.get("/v2/room/Ops?expand=statistics").json["statistics"] == after


def test_who_speaks_is_in_the_room(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"}, token=site.add_token(user=ann))

    people = site.get("/v2/room/Ops/participant").json["items"]

    assert [person["name"] for person in people] == ["Administrator", "Ann"]


@pytest.mark.parametrize("query", ["", "?expand=items"])
@pytest.mark.parametrize("is_private", [False, True])
def test_who_is_in_a_room_has_roles_there(
    site: Site, query: str, is_private: bool
) -> None:
    site.add_room("Ops", is_private=is_private)
    for name, roles in (("Ann", ["room_admin"]), ("Bob", [])):
        user_id = site.add_user(name)
        if roles or is_private:
            body = {"room_roles": roles}
            assert site.put(f"/v2/room/Ops/member/{user_id}", body).status == 204
        token = site.add_token(user=user_id)
        site.post("/v2/room/Ops/message", {"message": "hi"}, token=token)

    people = site.get(f"/v2/room/Ops/participant{query}").json["items"]

    assert {person["name"]: person["room_roles"] for person in people} == {
        "Administrator": ["room_admin", "room_member"],
        "Ann": ["room_admin"],
        "Bob": ["room_member"],
    }


def test_a_notification_puts_nobody_into_the_room(site: Site) -> None:
    ann = site.add_user("Ann")
    site.add_room("Ops")
    token = site.add_token(user=ann)
    site.post("/v2/room/Ops/notification", {"message": "hi"}, token=token)

    assert len(site.get("/v2/room/Ops/participant").json["items"]) == 1


def test_members_have_roles(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)

    body = {"room_roles": ["room_admin"]}
    assert site.put("/v2/room/Secret/member/@Ann", body).status == 204

    items = site.get("/v2/room/Secret/member").json["items"]
    assert [item["room_roles"] for item in items] == [
        ["room_admin", "room_member"],
        ["room_admin"],
    ]
    everybody = site.get("/v2/room/Secret/participant?include-offline=true").json[
        "items"
    ]
    assert len(everybody) == 2
    assert len(site.get("/v2/room/Secret/participant").json["items"]) == 1


def test_a_member_can_be_added_without_a_body(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)

    assert site.put("/v2/room/Secret/member/ann@example.com").status == 204

    assert site.get("/v2/room/Secret/member").json["items"][1]["room_roles"] == [
        "room_member"
    ]


def test_an_unknown_role_is_refused(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)

    reply = site.put("/v2/room/Secret/member/@Ann", {"room_roles": ["king"]})

    assert reply.status == 400
    assert reply.error["validation"] == "enum"


def test_a_membership_ends_and_the_owners_does_not(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Secret", is_private=True)
    site.put("/v2/room/Secret/member/@Ann")

    assert site.delete("/v2/room/Secret/member/@Ann").status == 204
    assert site.delete("/v2/room/Secret/member/@Ann").status == 404
    assert site.delete("/v2/room/Secret/member/1").status == 403


def test_who_is_in_a_room_that_turns_private_stays(site: Site) -> None:
    ann = site.add_user("Ann")
    token = site.add_token(user=ann)
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "hi"}, token=token)

    site.put("/v2/room/Ops", full_update(privacy="private"))

    assert site.get("/v2/room/Ops", token=token).status == 200
    assert len(site.get("/v2/room/Ops/member").json["items"]) == 2


def test_people_are_invited_into_rooms_that_they_may_enter(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")
    site.add_room("Secret", is_private=True)

    assert site.post("/v2/room/Ops/invite/@Ann").status == 204
    assert site.post("/v2/room/Ops/invite/@Ann", {"reason": "come"}).status == 204
    assert site.post("/v2/room/Secret/invite/@Ann").status == 400
    assert site.post("/v2/room/Ops/invite/@Nobody").status == 404


def test_a_blank_or_crooked_name_is_refused(site: Site) -> None:
    for name in ("", "   ", "a\nb", "a\x00b", "x" * 51):
        assert site.post("/v2/room", {"name": name}).status == 400, name


def test_a_room_is_found_by_its_name_with_spaces_around_it(site: Site) -> None:
    assert site.post("/v2/room", {"name": " lead"}).status == 201

    assert site.get("/v2/room/%20lead").json["name"] == "lead"
    assert site.get("/v2/room/lead%20").json["name"] == "lead"
    assert site.get("/v2/room/%20").status == 404


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Ops", "1_ops@conf.chat.test"),
        ("Dev Ops 2", "1_dev_ops_2@conf.chat.test"),
        ("Größe", "1_größe@conf.chat.test"),
        ("dev_ops", "1_dev_ops-1@conf.chat.test"),
        ("***", "1____-1@conf.chat.test"),
    ],
)
def test_the_xmpp_address_of_a_room_is_made_of_its_name(
    site: Site, name: str, address: str
) -> None:
    room = site.add_room(name)

    assert site.get(f"/v2/room/{room}").json["xmpp_jid"] == address


def test_no_two_rooms_have_one_xmpp_address(site: Site) -> None:
    names = ["a b", "a_b", "a-b", "a.b", "***", "+++", "a b 4", "a-b-2", "a_b-3"]

    rooms = [site.add_room(name) for name in names]

    found = {site.get(f"/v2/room/{room}").json["xmpp_jid"] for room in rooms}
    assert len(found) == len(names)
