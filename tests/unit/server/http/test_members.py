"""Members that say nothing are left out, unless the server is strict."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from hipkit.api.model import Model
from hipkit.server.http.members import odd_members
from tests.unit.server.asgi import FORM, RawResponse, Site, basic

JSON = ("Content-Type", "application/json")
CARD = {"style": "application", "id": "1", "title": "Build failed"}


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
    ("presences", "is_noted"), [(SILENT, False), (WRONG, True)], ids=["silent", "wrong"]
)
def test_an_empty_or_wrong_presence_leaves_the_other_changes_valid(
    ops: Site, presences: tuple[object, ...], is_noted: bool
) -> None:
    assert put_user(ops, presence={"show": "xa", "status": "away"}).status == 204

    for number, presence in enumerate(presences):
        reply = put_user(ops, presence=presence, title=f"Number {number}")
        assert reply.status == 204, (presence, reply.body)
        latest = ops.calls()[0]
        assert (latest.note is not None) == is_noted, presence
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


def test_required_members_that_are_empty_or_incomplete_are_400(ops: Site) -> None:
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


def test_a_strict_server_rejects_empty_members(strict_ops: Site) -> None:
    for method, target, body in REFUSED_IF_STRICT:
        reply = strict_ops.send(method, target, json_body=body)
        assert reply.status == 400, (target, body)


def test_a_strict_server_rejects_an_empty_presence(
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
        assert ops.calls()[0].note is None
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


def test_a_strict_server_rejects_an_object_for_a_list(strict_ops: Site) -> None:
    member = "/v2/room/Ops/member/@Ann"
    assert strict_ops.put(member, {"room_roles": {}}).status == 400


class Closed(Model, frozen=True):
    is_closed = True

    name: str | None = None
    label: str | None = None
    value: Closed | None = None


SENT = [{"name": None, "more": 1}, {"value": {"label": "x", "odd": 2}}]
READ = [Closed(), Closed(value=Closed(label="x"))]


def test_nulls_and_members_that_are_not_allowed_are_found_by_their_places() -> None:
    assert list(odd_members(SENT, READ, "a")) == [
        ("a[0].name", True),
        ("a[0].more", False),
        ("a[1].value.odd", False),
    ]


def test_a_members_name_of_any_length_is_cut_in_its_place() -> None:
    [(place, _)] = odd_members({"x" * 5_000: 1}, Closed(), "a")

    assert place == "a." + "x" * 100
