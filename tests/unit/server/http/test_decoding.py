"""What comes in: content types, tolerance and its limits, and errors that name the member."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.server.asgi import FORM, Site


def test_a_wrong_type_is_told_in_hipchats_words(strict_site: Site) -> None:
    strict_site.add_room("Ops")

    body = {"message": "x", "notify": "true"}
    reply = strict_site.post("/v2/room/Ops/notification", body)

    assert reply.status == 400
    assert reply.error == {
        "code": 400,
        "type": "Bad Request",
        "message": "Value u'true' for field 'notify' is not of type 'boolean'",
        "field": "notify",
        "validation": "type",
        "value": "true",
        "expected_type": "boolean",
    }


def test_a_null_that_does_not_fit_is_a_value_too(site: Site) -> None:
    site.add_room("Ops")

    error = site.post("/v2/room/Ops/notification", {"message": None}).error

    assert (error["field"], error["validation"]) == ("message", "type")
    assert (error["value"], error["expected_type"]) == (None, "string")
    # Nothing was sent that could be shown.
    assert "value" not in site.post("/v2/room/Ops/notification", {}).error


@pytest.mark.parametrize("truth", ["true", "True", "TRUE", "1", True], ids=repr)
def test_truths_are_read_as_text_by_default(site: Site, truth: object) -> None:
    site.add_room("Ops")

    body = {"message": "x", "notify": truth}
    assert site.post("/v2/room/Ops/notification", body).status == 204


def test_a_strict_server_refuses_truths_of_a_form(strict_site: Site) -> None:
    strict_site.add_room("Ops")
    form = b"message=x&notify=true"

    reply = strict_site.send(
        "POST", "/v2/room/Ops/notification", body=form, headers=[FORM]
    )

    assert reply.status == 400


def test_a_strict_server_still_reads_the_query(strict_site: Site) -> None:
    assert strict_site.get("/v2/room?max-results=5&include-private=true").status == 200


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ((), "Invalid content type: None"),
        ((("Content-Type", "text/plain"),), "Invalid content type"),
        (
            (("Content-Type", "multipart/form-data; boundary=x"),),
            "Invalid content type",
        ),
    ],
)
def test_a_missing_or_odd_content_type_is_hipchats_400(
    site: Site, header: tuple[tuple[str, str], ...], told: str
) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST", "/v2/room/Ops/message", body=b'{"message": "x"}', headers=header
    )

    assert reply.status == 400
    assert reply.error["message"] == told


def test_a_call_without_a_body_says_what_is_missing(site: Site) -> None:
    site.add_room("Ops")

    bare = site.post("/v2/room/Ops/message")
    typed = site.send(
        "POST", "/v2/room/Ops/message", headers=[("Content-Type", "application/json")]
    )

    assert bare.error["message"] == "Invalid content type: None"
    assert typed.error["message"] == (
        "The request body cannot be parsed as valid JSON:"
        " Expecting value: line 1 column 1 (char 0)"
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/json",
    ],
)
def test_json_is_told_in_several_ways(site: Site, content_type: str) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=b'\xef\xbb\xbf{"message": "x"}',
        headers=[("Content-Type", content_type)],
    )

    assert reply.status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"message": "\xff"}',
        b'{"message": "a\\u0000b"}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"message": NaN}',
        b"\x00" * 1000,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(site: Site, body: bytes) -> None:
    site.add_room("Ops")

    reply = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=body,
        headers=[("Content-Type", "application/json")],
    )

    assert reply.status == 400
    assert reply.error["code"] == 400
    assert b"Traceback" not in reply.body


@pytest.mark.parametrize(
    ("target", "field", "rule"),
    [
        ("/v2/room?max-results=1001", "max-results", "maximum"),
        ("/v2/room?start-index=-1", "start-index", "minimum"),
        ("/v2/room?max-results=many", "max-results", "type"),
        ("/v2/room?include-private=perhaps", "include-private", "type"),
        ("/v2/emoticon?type=odd", "type", "enum"),
        (f"/v2/room/{'x' * 101}", "room_id_or_name", "maxLength"),
        ("/v2/user/1/photo/huge", "size", "enum"),
    ],
)
def test_limits_name_the_argument_as_it_was_sent(
    site: Site, target: str, field: str, rule: str
) -> None:
    reply = site.get(target)

    assert reply.status == 400
    assert (reply.error["field"], reply.error["validation"]) == (field, rule)


def test_a_mistake_inside_a_member_is_named_by_its_place(site: Site) -> None:
    site.add_room("Ops")
    card = {"style": "link", "id": "1", "title": "t", "attributes": [{"value": {}}]}

    body = {"message": "x", "card": card}
    missing = site.post("/v2/room/Ops/notification", body)
    card["attributes"] = [{"value": {"label": 7}}]
    wrong = site.post("/v2/room/Ops/notification", body)

    assert missing.error["field"] == "card.attributes[0].value.label"
    assert wrong.error["field"] == "card.attributes[0].value.label"
    assert wrong.error["expected_type"] == "string"


def test_a_password_is_not_repeated(site: Site) -> None:
    body = {"name": "Ann", "email": "a@b.c", "password": 12345678}

    reply = site.post("/v2/user", body)

    assert reply.error["field"] == "password"
    assert b"12345678" not in reply.body


def test_a_name_of_a_member_in_another_spelling_is_read(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")

    body = {"roles": ["room_admin"]}
    assert site.put("/v2/room/Ops/member/@Ann", body).status == 204
    (member,) = site.get("/v2/room/Ops/member").json["items"]
    assert member["room_roles"] == ["room_admin"]


def test_a_query_that_is_no_text_is_refused(site: Site) -> None:
    assert site.get("/v2/room?a=%ff").status == 400
    assert site.send("GET", b"/v2/room?a=\xff").status == 400
    assert site.get("/v2/room?" + "&".join("a=1" for _ in range(500))).status == 400
    assert site.get("/v2/room?max-results=%00").status == 400
    assert site.get("/v2/room?expand=items,%00").status == 400
    # Nobody reads that one.
    assert site.get("/v2/room?more=%00").status == 200


def test_a_large_body_is_refused_whether_or_not_it_says_so(site: Site) -> None:
    site.add_room("Ops")
    json = ("Content-Type", "application/json")
    pieces = [b"x" * 100_000] * 12

    told = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=b"{}",
        headers=[json, ("Content-Length", str(10**9))],
    )
    silent = site.send("POST", "/v2/room/Ops/message", body=pieces, headers=[json])

    assert (told.status, silent.status) == (413, 413)
    assert silent.error["code"] == 413


def test_a_client_that_hangs_up_breaks_nothing(site: Site) -> None:
    site.add_room("Ops")
    json = ("Content-Type", "application/json")

    reply = site.send(
        "POST",
        "/v2/room/Ops/message",
        body=[b'{"message":'],
        headers=[json],
        hangs_up=True,
    )

    assert reply.status == 0
    assert site.messages("Ops") == []


@pytest.mark.parametrize("host", ["evil.test/<script>", "a b", "", "[::1", "x\r\ny: z"])
def test_a_crooked_host_never_ends_up_in_a_link(site: Site, host: str) -> None:
    site.host = host

    reply = site.post("/v2/room", {"name": "Ops"})

    assert reply.json["links"]["self"] == "http://127.0.0.1:8070/v2/room/1"


def test_an_authorization_that_is_no_base64_is_refused(site: Site) -> None:
    header = ("Authorization", "Basic ???")

    reply = site.send("POST", "/v2/oauth/token", token=None, headers=[header])

    assert reply.status == 400
    assert reply.header("X-Ratelimit-Limit") is not None


@pytest.mark.parametrize("sent", ["???", "/zr/", "YTpi=", "bm9jb2xvbg==", ""])
def test_a_password_for_something_else_costs_no_message(site: Site, sent: str) -> None:
    room_id = site.add_room("Ops")
    header = ("Authorization", f"Basic {sent}")
    token = f"auth_token={site.token}"

    said = site.post(
        f"/v2/room/Ops/notification?{token}",
        {"message": "one"},
        token=None,
        headers=[header],
    )
    old = site.send(
        "POST",
        f"/v1/rooms/message?{token}&room_id={room_id}&from=x&message=two",
        token=None,
        headers=[header],
    )

    assert (said.status, old.status) == (204, 200), (said.body, old.body)
    assert site.send("GET", "/v2/room", token=None, headers=[header]).status == 401


def test_a_body_that_is_no_object_is_called_so(site: Site) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/message", [1])

    assert reply.error == {
        "code": 400,
        "type": "Bad Request",
        "message": "The body is not an object",
        "validation": "type",
        "expected_type": "object",
    }


@pytest.mark.parametrize(
    ("target", "body", "told"),
    [
        (
            "/v2/room/Ops/message",
            {"message": "a\0b"},
            "Field 'message' holds a NUL character",
        ),
        (
            "/v2/user",
            {"name": "Ann", "email": "a@b.c", "password": 12345678},
            "Field 'password' is not of type 'string'",
        ),
    ],
)
def test_a_value_that_is_not_repeated_is_not_called_none(
    site: Site, target: str, body: object, told: str
) -> None:
    site.add_room("Ops")

    reply = site.post(target, body)

    assert reply.status == 400
    assert reply.error["message"] == told
    assert "value" not in reply.error


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"message": ""}, "string"),
        ({"message": "x", "from": "x" * 65}, "string"),
        (
            {"message": "x", "card": {"style": "link", "id": "1", "title": "t" * 501}},
            "string",
        ),
        (
            {"message": "x", "card": {"style": "poster", "id": "1", "title": "t"}},
            ["file", "image", "application", "link", "media"],
        ),
    ],
    ids=["too short", "too long", "too long inside", "no such choice"],
)
def test_a_broken_limit_tells_what_was_wanted(
    site: Site, sent: dict[str, Any], expected: object
) -> None:
    site.add_room("Ops")

    error = site.post("/v2/room/Ops/notification", sent).error

    assert error["expected_type"] == expected
    assert {"field", "validation", "value"} <= error.keys()
