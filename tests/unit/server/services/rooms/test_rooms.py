from __future__ import annotations

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


def test_archived_rooms_are_listed_only_on_request(site: Site) -> None:
    site.add_room("Ops")
    site.put("/v2/room/1", full_update(is_archived=True))

    assert site.get("/v2/room").json["items"] == []
    assert len(site.get("/v2/room?include-archived=True").json["items"]) == 1


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


def test_an_update_that_lacks_a_setting_is_rejected(site: Site) -> None:
    site.add_room("Ops")
    update = full_update()
    del update["topic"]

    reply = site.put("/v2/room/Ops", update)

    assert reply.status == 400
    assert (reply.error["field"], reply.error["validation"]) == ("topic", "required")


def test_a_new_topic_and_guest_access_become_messages(site: Site) -> None:
    site.add_room("Ops")

    site.put("/v2/room/Ops", full_update(topic="t", is_guest_accessible=True))
    site.put("/v2/room/Ops/topic", {"topic": "u"})

    kinds = [(item["type"], item["message"]) for item in site.messages("Ops")]
    assert kinds == [
        ("topic", "t"),
        ("guest_access", "Guest access is on"),
        ("topic", "u"),
    ]


def test_statistics_count_messages(site: Site) -> None:
    site.add_room("Ops")
    before = site.get("/v2/room/Ops/statistics").json
    site.post("/v2/room/Ops/message", {"message": "hello"})

    after = site.get("/v2/room/Ops/statistics").json

    assert (before["messages_sent"], before["last_active"]) == (0, None)
    assert after["messages_sent"] == 1
    assert after["last_active"] == "2023-11-14T22:13:20+00:00"
    assert site.get("/v2/room/Ops?expand=statistics").json["statistics"] == after


def test_a_room_is_found_by_its_name_with_spaces_around_it(site: Site) -> None:
    assert site.post("/v2/room", {"name": " lead"}).status == 201

    assert site.get("/v2/room/%20lead").json["name"] == "lead"
    assert site.get("/v2/room/lead%20").json["name"] == "lead"
    assert site.get("/v2/room/%20").status == 404
