"""What says nothing is left out, and what only decorates never costs the message."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.server.asgi import FORM, RawResponse, Site, basic

JSON = ("Content-Type", "application/json")
NOTHING = [
    b"",
    b" ",
    b"\r\n",
    b"{}",
    b"{ }",
    b"[]",
    b"[\n]",
    b"null",
    b'""',
    b"\xef\xbb\xbf{}",
]
CARD = {"style": "application", "id": "1", "title": "Build failed"}


@pytest.fixture
def ops(site: Site) -> Site:
    site.add_user("Ann")
    site.add_room("Ops")
    return site


@pytest.fixture
def strict_ops(strict_site: Site) -> Site:
    strict_site.add_user("Ann")
    strict_site.add_room("Ops")
    return strict_site


OPTIONAL = [("PUT", "/v2/room/Ops/member/@Ann"), ("POST", "/v2/room/Ops/invite/@Ann")]
TYPES = [(), (JSON,), (("Content-Type", "application/json; charset=utf-8"),), (FORM,)]


@pytest.mark.parametrize("headers", TYPES, ids=str)
def test_an_empty_body_in_any_spelling_gives_no_member(ops: Site, headers: Any) -> None:
    for method, target in OPTIONAL:
        for body in NOTHING:
            reply = ops.send(method, target, body=body, headers=headers)
            assert reply.status == 204, (body, reply.body)


def test_a_strict_server_refuses_other_spellings_of_an_empty_body(
    strict_ops: Site,
) -> None:
    for method, target in OPTIONAL:
        for body in (b"", b"{}"):
            reply = strict_ops.send(method, target, body=body, headers=[JSON])
            assert reply.status == 204, body
        for body in (b"[]", b"null", b'""', b" "):
            reply = strict_ops.send(method, target, body=body, headers=[JSON])
            assert reply.status == 400, body


def test_a_body_that_is_not_empty_has_to_be_an_object(ops: Site) -> None:
    for body in (b"[1]", b"[[]]", b'"x"', b"0", b"false"):
        reply = ops.send(*OPTIONAL[0], body=body, headers=[JSON])
        assert reply.error["message"] == "The body is not an object"


def test_a_token_may_be_asked_for_in_the_query_with_an_empty_body(ops: Site) -> None:
    for body in (b"null", b"[]", b'""'):
        target = "/v2/oauth/token?grant_type=personal"
        assert ops.send("POST", target, body=body, headers=[JSON]).status == 200


def put_user(site: Site, **members: object) -> RawResponse:
    body = {"name": "Ann", "email": "a@b.c", "mention_name": "Ann", **members}
    return site.put("/v2/user/@Ann", body)


def presence_of(site: Site) -> object:
    return site.get("/v2/user/@Ann").json["presence"]


SILENT: tuple[object, ...] = (
    None,
    {"status": None, "show": None},
    {"status": "", "show": ""},
    {"status": "", "show": None},
    {"show": ""},
    {"status": ""},
    {},
    [],
    "",
)
WRONG: tuple[object, ...] = (
    {"status": "Lunch"},
    {"status": "Lunch", "show": ""},
    {"status": "Lunch", "show": "asleep"},
    {"show": "dnd", "status": "x" * 51},
    {"show": 5},
    {"show": "dnd", "status": "a\0b"},
    "dnd",
    "{'show': 'dnd'}",
    5,
    [1],
)


@pytest.mark.parametrize(
    ("presences", "is_told"), [(SILENT, False), (WRONG, True)], ids=["silent", "wrong"]
)
def test_a_presence_that_says_nothing_or_is_wrong_costs_nothing_else(
    ops: Site, presences: tuple[object, ...], is_told: bool
) -> None:
    assert put_user(ops, presence={"show": "xa", "status": "away"}).status == 204

    for number, presence in enumerate(presences):
        reply = put_user(ops, presence=presence, title=f"Number {number}")
        assert reply.status == 204, (presence, reply.body)
        latest = ops.server.runtime.recent_calls.of_token(1)[0]
        assert (latest.note is not None) == is_told, presence
        user = ops.get("/v2/user/@Ann").json
        assert user["title"] == f"Number {number}"
        assert (user["presence"]["show"], user["presence"]["status"]) == ("xa", "away")


def test_a_presence_may_be_json_in_a_text(ops: Site) -> None:
    assert put_user(ops, presence='{"show": "dnd", "status": null}').status == 204

    shown = ops.get("/v2/user/@Ann").json["presence"]
    assert shown["show"] == "dnd"


def test_a_text_that_may_be_empty_clears(ops: Site) -> None:
    assert (
        put_user(ops, title="Boss", presence={"show": "xa", "status": "s"}).status
        == 204
    )
    assert put_user(ops, title="", presence={"show": "xa", "status": ""}).status == 204

    user = ops.get("/v2/user/@Ann").json
    assert user["title"] == ""
    assert not user["presence"].get("status")


ROOM = {
    "name": "Ops",
    "privacy": "public",
    "is_archived": False,
    "is_guest_accessible": False,
    "topic": "Alerts",
    "owner": {"id": "@Ann"},
}


def test_a_null_leaves_a_rooms_topic_and_owner_as_they_are(ops: Site) -> None:
    assert ops.put("/v2/room/Ops", ROOM).status == 204

    changes: tuple[dict[str, object], ...] = (
        {"topic": None},
        {"owner": None},
        {"owner": {}},
        {"owner": []},
        {"owner": ""},
        {"owner": {"id": ""}},
        {"owner": {"id": None}},
        {"owner": {"id": None, "name": "", "links": ""}},
        {"topic": None, "owner": {"id": ""}},
    )
    for members in changes:
        reply = ops.put("/v2/room/Ops", {**ROOM, **members})
        assert reply.status == 204, (members, reply.body)
        room = ops.get("/v2/room/Ops").json
        assert room["topic"] == "Alerts"
        assert room["owner"]["mention_name"] == "Ann"


def test_an_empty_topic_clears(ops: Site) -> None:
    assert ops.put("/v2/room/Ops", ROOM).status == 204
    assert ops.put("/v2/room/Ops", {**ROOM, "topic": ""}).status == 204

    assert ops.get("/v2/room/Ops").json["topic"] == ""


def test_what_is_needed_and_says_something_else_is_refused(ops: Site) -> None:
    for members, field in (
        ({"owner": {"id": "@Nobody"}}, "owner"),
        ({"owner": {"name": "Ann"}}, "owner.id"),
        ({"owner": {"id": "", "name": "Ann"}}, "owner"),
        ({"name": None}, "name"),
        ({"privacy": ""}, "privacy"),
    ):
        reply = ops.put("/v2/room/Ops", {**ROOM, **members})
        assert reply.status == 400, members
        assert reply.error["field"] == field


def test_a_rooms_topic_and_owner_have_to_be_sent_all_the_same(ops: Site) -> None:
    for left_out in ("topic", "owner"):
        body = {name: value for name, value in ROOM.items() if name != left_out}
        assert ops.put("/v2/room/Ops", body).error["validation"] == "required"


REFUSED_IF_STRICT = [
    ("POST", "/v2/room/Ops/notification", {"message": "x", "color": None}),
    (
        "POST",
        "/v2/room/Ops/notification",
        {"message": "x", "card": {**CARD, "icon": None}},
    ),
    ("PUT", "/v2/room/Ops", {**ROOM, "topic": None}),
    ("PUT", "/v2/room/Ops", {**ROOM, "owner": None}),
    ("PUT", "/v2/room/Ops", {**ROOM, "owner": {"id": None}}),
    ("POST", "/v2/room/Ops/notification", {"message": "x", "color": ""}),
    ("POST", "/v2/room/Ops/notification", {"message": "x", "notify": ""}),
    ("POST", "/v2/room/Ops/notification", {"message": "x", "card": {}}),
    ("POST", "/v2/room/Ops/notification", {"message": "x", "card": json.dumps(CARD)}),
    ("GET", "/v2/room?max-results=", None),
    ("GET", "/v2/room?include-private=", None),
    ("GET", "/v2/emoticon?type=", None),
    ("GET", "/v2/room/Ops/history?timezone=", None),
    # Text by nature, but no null and no number.
    ("GET", "/v2/room?start-index=null", None),
    ("GET", "/v2/emoticon?type=null", None),
    ("GET", "/v2/room?include-private=null", None),
    ("GET", "/v1/users/list?include_deleted=null", None),
]


def test_a_strict_server_refuses_what_says_nothing(strict_ops: Site) -> None:
    for method, target, body in REFUSED_IF_STRICT:
        reply = strict_ops.send(method, target, json_body=body)
        assert reply.status == 400, (target, body)


def test_a_strict_server_refuses_a_presence_that_says_nothing(
    strict_ops: Site,
) -> None:
    for presence in (*SILENT[1:], *WRONG):
        assert put_user(strict_ops, presence=presence).status == 400, presence


def test_choices_and_ids_that_are_empty_are_left_out(ops: Site) -> None:
    cases: tuple[dict[str, object], ...] = (
        {"color": ""},
        {"message_format": ""},
        {"notify": ""},
        {"attach_to": ""},
        {"card": ""},
        {"card": {}},
        {"card": []},
        {"card": "{}"},
        {"card": "null"},
        {"card": {"style": "", "id": None, "title": "", "icon": {"url": ""}}},
        {"card": {**CARD, "thumbnail": {"url": ""}, "format": "", "url": None}},
        {"color": None, "message_format": None, "notify": None, "from": None},
    )
    for members in cases:
        body = {"message": "x", **members}
        assert ops.post("/v2/room/Ops/notification", body).status == 204, members
        assert ops.server.runtime.recent_calls.of_token(1)[0].note is None
        message = ops.messages("Ops")[-1]
        assert (message["color"], message["message_format"]) == ("yellow", "html")


def test_an_empty_argument_of_a_query_is_left_out(ops: Site) -> None:
    for target in (
        "/v2/room?max-results=&start-index=&include-private=&include-archived=&expand=",
        "/v2/user?include-guests=&include-deleted=&max-results=",
        "/v2/emoticon?type=",
        "/v2/room/Ops/history?date=&end-date=&timezone=&reverse=&max-results=",
        "/v2/room/Ops/history/latest?not-before=&timezone=&include_deleted=",
        "/v2/capabilities/addon/schema?draft=",
        "/v1/users/list?include_deleted=",
        "/v1/rooms/history?room_id=1&date=recent&timezone=",
        "/v2/room?max-results=null",
    ):
        reply = ops.get(target)
        assert reply.status == 200, (target, reply.body)


def test_empty_arguments_of_a_form_are_left_out(ops: Site) -> None:
    fields = {"color": "", "notify": "", "message_format": "", "attach_to": ""}

    for path, more in (
        ("/v2/room/Ops/notification", {}),
        ("/v1/rooms/message", {"room_id": "Ops", "from": "x"}),
    ):
        form = urlencode({"message": "x", **fields, **more}).encode()
        reply = ops.send("POST", path, body=form, headers=[FORM])
        assert reply.status in (200, 204), reply.body


def test_an_empty_owner_of_a_new_room_is_the_caller(ops: Site) -> None:
    body = {"name": "New", "owner_user_id": "", "privacy": "", "guest_access": ""}

    assert ops.post("/v2/room", body).status == 201
    assert ops.get("/v2/room/New").json["privacy"] == "public"


def test_an_empty_choice_of_a_webhook_is_left_out(ops: Site) -> None:
    body = {
        "url": "https://hooks.example/",
        "event": "room_message",
        "authentication": "",
        "pattern": None,
        "key": None,
    }

    for _ in range(2):
        assert ops.post("/v2/room/Ops/webhook", body).status == 201
    for item in ops.get("/v2/room/Ops/webhook").json["items"]:
        assert item["authentication"] == "none"


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
def test_a_card_that_is_another_text_does_not_cost_the_message(
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


def test_a_strict_server_refuses_a_card_that_is_text(strict_ops: Site) -> None:
    for text in (repr(CARD), json.dumps(CARD)):
        body = {"message": "x", "card": text}
        reply = strict_ops.post("/v2/room/Ops/notification", body)
        assert (reply.status, reply.error["field"]) == (400, "card")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'{"message": "a\ud83d"}', "a\ufffd"),
        (rb'{"message": "\ude00b"}', "\ufffdb"),
        (rb'{"message": "\ud83d\ude00"}', "\U0001f600"),
        (rb'{"message": "c", "\ud83d": 1}', "c"),
        (rb'{"message": "d", "more": 1e999}', "d"),
        (rb'{"message": "e", "more": ' + b"9" * 4_400 + b"}", "e"),
    ],
    ids=repr,
)
def test_what_json_allows_is_read(ops: Site, body: bytes, text: str) -> None:
    reply = ops.send("POST", "/v2/room/Ops/message", body=body, headers=[JSON])

    assert reply.status == 201, reply.body
    assert ops.messages("Ops")[-1]["message"] == text


def test_half_of_a_character_in_a_card_that_is_text_is_read(ops: Site) -> None:
    text = json.dumps({**CARD, "title": "a\ud83d"})

    ops.post("/v2/room/Ops/notification", {"message": "x", "card": text})

    assert card_of(ops)["title"] == "a\ufffd"


def test_a_strict_server_refuses_half_of_a_character(strict_ops: Site) -> None:
    reply = strict_ops.send(
        "POST",
        "/v2/room/Ops/message",
        body=rb'{"message": "a\ud83d"}',
        headers=[JSON],
    )

    assert reply.status == 400
    assert "valid JSON" in reply.error["message"]


def test_an_empty_id_is_left_out_wherever_one_may_be(ops: Site) -> None:
    hook = {"url": "https://h.example/", "event": "room_message", "key": ""}
    reply = ops.post("/v2/room/Ops/webhook", hook)
    assert reply.status == 201, reply.body

    client = ops.add_client(scopes=["view_group"])
    reply = ops.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials&username=&scope=",
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    )
    assert reply.status == 200, reply.body


def test_an_empty_list_may_be_written_as_an_object(ops: Site) -> None:
    member = "/v2/room/Ops/member/@Ann"
    assert ops.put(member, {"room_roles": {}}).status == 204
    assert ops.put(member, {"room_roles": {"a": 1}}).status == 400


def test_a_strict_server_takes_no_object_for_a_list(strict_ops: Site) -> None:
    member = "/v2/room/Ops/member/@Ann"
    assert strict_ops.put(member, {"room_roles": {}}).status == 400
