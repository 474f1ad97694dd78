from __future__ import annotations

from tests.unit.server.asgi import FORM, RawResponse, Site
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share

PLAIN = {"date", "from", "id", "mentions", "message", "type"}
CARD = {
    "style": "application",
    "id": "c1",
    "title": "Build 7",
    "description": {"value": "passed", "format": "text"},
    "attributes": [{"label": "branch", "value": {"label": "main"}}],
}


def test_a_posted_message_is_answered_with_its_id_and_timestamp(site: Site) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/message", {"message": "hello"})

    assert reply.status == 201
    assert set(reply.json) == {"id", "timestamp"}
    (message,) = site.messages("Ops")
    assert set(message) == PLAIN
    assert message["id"] == reply.json["id"]
    assert len(message["id"]) == 36
    assert message["date"] == reply.json["timestamp"]
    assert message["date"].endswith("+00:00")
    assert len(message["date"]) == len("2016-09-09T08:23:02.932694+00:00")
    assert set(message["from"]) == {"id", "name", "mention_name", "version", "links"}


def test_a_notification_is_an_empty_204(site: Site) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/notification", {"message": "<b>up</b>"})

    assert (reply.status, reply.body) == (204, b"")
    assert reply.header("Content-Type") is None
    assert reply.header("Content-Length") is None


def test_omitted_members_get_hipchats_defaults(site: Site) -> None:
    site.add_room("Ops")
    token = site.add_room_token("Ops", name="Alerts")

    site.post("/v2/room/Ops/notification", {"message": "x"}, token=token)

    (message,) = site.messages("Ops")
    assert set(message) == PLAIN | {"color", "message_format"}
    assert message["color"] == "yellow"
    assert message["message_format"] == "html"
    assert message["from"] == "Alerts"


def test_a_random_color_is_one_of_the_five(site: Site) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/notification", {"message": "x", "color": "random"})

    color = site.messages("Ops")[0]["color"]
    assert color in ("yellow", "green", "red", "purple", "gray")


def test_a_reply_is_attached_to_a_message_of_the_same_room(site: Site) -> None:
    site.add_room("Ops")
    site.add_room("Other")
    parent = site.post("/v2/room/Ops/message", {"message": "q"}).json["id"]
    body = {"parentMessageId": parent, "message": "a"}

    assert site.post("/v2/room/Ops/reply", body).status == 204
    assert site.post("/v2/room/Other/reply", body).status == 404
    assert site.messages("Ops")[1]["attach_to"] == parent


def test_a_reply_may_be_as_long_as_a_notification(site: Site) -> None:
    site.add_room("Ops")
    parent = site.post("/v2/room/Ops/message", {"message": "q"}).json["id"]

    for size, status in ((10_000, 204), (10_001, 400)):
        body = {"parent_message_id": parent, "message": "x" * size}
        assert site.post("/v2/room/Ops/reply", body).status == status


def test_a_notification_cannot_be_attached_to_another_rooms_message(site: Site) -> None:
    site.add_room("Ops")
    site.add_room("Other")
    parent = site.post("/v2/room/Ops/message", {"message": "q"}).json["id"]

    body = {"message": "a", "attach_to": parent}
    reply = site.post("/v2/room/Other/notification", body)

    assert reply.status == 400
    assert reply.error["field"] == "attach_to"


def test_messages_have_hipchats_limits(site: Site) -> None:
    site.add_room("Ops")

    for body, rule in (
        ({"message": ""}, "minLength"),
        ({"message": "x" * 10_001}, "maxLength"),
        ({"message": "x", "from": "y" * 65}, "maxLength"),
        ({"message": "x", "color": "blue"}, "enum"),
        ({"color": "red"}, "required"),
        ({"message": "x", "card": {**CARD, "style": "poster"}}, "enum"),
        ({"message": "x", "card": {**CARD, "title": "t" * 501}}, "maxLength"),
        ({"message": "x", "card": ["text"]}, "type"),
        ({"message": 7}, "type"),
    ):
        reply = site.post("/v2/room/Ops/notification", body)
        assert reply.status == 400, body
        assert reply.error["validation"] == rule, body
    assert site.messages("Ops") == []


def test_an_error_about_a_card_says_what_a_card_is(
    strict_site: Site,
) -> None:
    site = strict_site
    site.add_room("Ops")

    body = {"message": "x", "card": '{"style": "link"}'}
    error = site.post("/v2/room/Ops/notification", body).error

    assert (error["field"], error["validation"]) == ("card", "type")
    card, nothing = error["expected_type"]
    assert nothing == {"type": "null"}
    assert card["type"] == "object"
    assert card["properties"]["title"] == {
        "type": "string", "minLength": 1, "maxLength": 500,
    }  # fmt: skip
    assert card["properties"]["format"] == {
        "type": "string",
        "enum": ["compact", "medium"],
        "minLength": 1,
        "maxLength": 25,
        "optional": True,
    }
    assert [part["type"] for part in card["properties"]["icon"]["type"]] == [
        "string", "object",
    ]  # fmt: skip
    assert card["properties"]["attributes"]["items"]["type"] == "object"
    assert card["properties"]["activity"]["additionalProperties"] is False


def test_a_card_may_have_further_members_but_its_activity_not(site: Site) -> None:
    site.add_room("Ops")

    def send(card: dict[str, object]) -> RawResponse:
        body = {"message": "x", "card": {**CARD, **card}}
        return site.post("/v2/room/Ops/notification", body)

    assert send({"mood": "good"}).status == 204
    assert send({"activity": {"html": "<b>x</b>", "icon": "http://x/y"}}).status == 204
    refused = send({"activity": {"html": "x", "mood": "good"}})
    assert refused.status == 400
    assert refused.error["field"] == "card.activity.mood"
    assert refused.error["validation"] == "additionalProperties"


def test_a_card_that_clients_would_not_render_is_accepted(site: Site) -> None:
    site.add_room("Ops")
    card = {"style": "image", "id": "1", "title": "no address"}

    body = {"message": "x", "card": card}
    assert site.post("/v2/room/Ops/notification", body).status == 204


def test_a_card_may_be_null(site: Site) -> None:
    site.add_room("Ops")

    body = {"message": "x", "card": None}
    assert site.post("/v2/room/Ops/notification", body).status == 204
    assert "card" not in site.messages("Ops")[0]


def test_a_form_is_read_with_booleans_as_text(site: Site) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST",
        "/v2/room/Ops/notification",
        body=b"message=h%C3%A9&notify=True&color=red",
        headers=[FORM],
    )

    assert reply.status == 204
    assert site.messages("Ops")[0]["message"] == "hé"


def test_an_add_on_changes_the_topic_under_its_name(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(["admin_room"], name="Bot")

    assert site.put("/v2/room/Ops/topic", {"topic": "t"}, token=token).status == 204
    assert site.messages("Ops")[0]["from"] == {"name": "Bot"}


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
