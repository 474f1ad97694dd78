"""Arguments of every source are read, tolerantly unless the server is strict; cards too."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.server.asgi import FORM, Site

JSON = ("Content-Type", "application/json")
CARD = {"style": "application", "id": "1", "title": "Build failed"}


@pytest.mark.parametrize("truth", ["true", "True", "TRUE", "1", True], ids=repr)
def test_booleans_are_read_as_text_by_default(site: Site, truth: object) -> None:
    site.add_room("Ops")

    body = {"message": "x", "notify": truth}
    assert site.post("/v2/room/Ops/notification", body).status == 204


def test_a_strict_server_rejects_booleans_of_a_form(strict_site: Site) -> None:
    strict_site.add_room("Ops")
    form = b"message=x&notify=true"

    reply = strict_site.send(
        "POST", "/v2/room/Ops/notification", body=form, headers=[FORM]
    )

    assert reply.status == 400


def test_a_strict_server_still_reads_the_query(strict_site: Site) -> None:
    assert strict_site.get("/v2/room?max-results=5&include-private=true").status == 200


def test_true_is_read_as_one_only_where_numbers_stand_for_truths(site: Site) -> None:
    site.add_room("Ops")

    assert site.get("/v1/users/list?include_deleted=true").status == 200
    assert site.post("/v2/room/Ops/message", {"message": "true"}).status == 201
    assert site.messages("Ops")[-1]["message"] == "true"


def test_the_last_value_of_a_repeated_argument_counts(site: Site) -> None:
    for name in ("One", "Two"):
        site.add_room(name)

    listed = site.get("/v2/room?max-results=2&max-results=1").json

    assert [room["name"] for room in listed["items"]] == ["One"]


def test_a_strict_server_rejects_a_null_for_what_may_be_left_out(
    strict_ops: Site,
) -> None:
    for color, status in (("red", 204), (None, 400)):
        body = {"message": "x", "color": color}
        assert strict_ops.post("/v2/room/Ops/notification", body).status == status


def test_a_name_of_a_member_in_another_spelling_is_read(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")

    body = {"roles": ["room_admin"]}
    assert site.put("/v2/room/Ops/member/@Ann", body).status == 204
    (member,) = site.get("/v2/room/Ops/member").json["items"]
    assert member["room_roles"] == ["room_admin"]


def card_of(site: Site) -> Any:
    message = site.messages("Ops")[-1]
    return json.loads(message["card"]) if message.get("card") else None


@pytest.mark.parametrize("text", [json.dumps(CARD), " " + json.dumps(CARD, indent=1)])
def test_a_card_that_is_json_in_a_text_is_read(ops: Site, text: str) -> None:
    as_json = ops.post("/v2/room/Ops/notification", {"message": "x", "card": text})
    assert as_json.status == 204
    assert card_of(ops)["title"] == CARD["title"]

    form = urlencode({"message": "y", "card": text}).encode()
    as_form = ops.send("POST", "/v2/room/Ops/notification", body=form, headers=[FORM])
    assert as_form.status == 204
    assert card_of(ops)["title"] == CARD["title"]


@pytest.mark.parametrize("is_form", [False, True], ids=["json", "form"])
def test_a_message_is_sent_without_a_card_that_is_another_text(
    ops: Site, is_form: bool
) -> None:
    for number, text in enumerate(
        (
            repr(CARD),
            "text",
            "None",
            "[object Object]",
            json.dumps([CARD]),
            json.dumps("text"),
            "5",
            '{"style": "application"',
            '{"style": NaN}',
            json.dumps({**CARD, "style": "poster"}),
            json.dumps({**CARD, "title": "t" * 501}),
            json.dumps({**CARD, "activity": {"html": "x", "more": 1}}),
            json.dumps({**CARD, "title": "a\0b"}),
            json.dumps({"style": "application"}),
            "[" * 5_000,
            '{"a":' * 5_000,
        )
    ):
        members = {"message": f"Number {number}", "card": text}
        reply = ops.send(
            "POST",
            "/v2/room/Ops/notification",
            body=(urlencode(members) if is_form else json.dumps(members)).encode(),
            headers=[FORM if is_form else JSON],
        )
        assert reply.status == 204, (text, reply.body)
        assert ops.messages("Ops")[-1]["message"] == f"Number {number}"
        assert card_of(ops) is None, text


def test_a_card_that_is_an_object_has_to_be_right(ops: Site) -> None:
    for card in (
        {**CARD, "style": "poster"},
        {"id": "1"},
        [1],
        5,
        {**CARD, "title": ""},
    ):
        reply = ops.post("/v2/room/Ops/notification", {"message": "x", "card": card})
        assert reply.status == 400, card
    assert ops.messages("Ops") == []


def test_a_strict_server_rejects_a_card_as_text(strict_ops: Site) -> None:
    for text in (repr(CARD), json.dumps(CARD)):
        body = {"message": "x", "card": text}
        reply = strict_ops.post("/v2/room/Ops/notification", body)
        assert (reply.status, reply.error["field"]) == (400, "card")


def test_half_of_a_character_in_a_card_that_is_text_is_read(ops: Site) -> None:
    text = json.dumps({**CARD, "title": "a\ud83d"})

    ops.post("/v2/room/Ops/notification", {"message": "x", "card": text})

    assert card_of(ops)["title"] == "a\ufffd"
