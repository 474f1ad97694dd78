"""Errors about values name the argument, the rule and the value, in HipChat's words."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.server.http.value_errors import schemas_of
from hipkit.v2.models import PresenceUpdate
from tests.unit.server.asgi import Site


def test_a_wrong_type_is_reported_in_hipchats_words(strict_site: Site) -> None:
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


@pytest.mark.parametrize(
    ("target", "body", "message"),
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
    site: Site, target: str, body: object, message: str
) -> None:
    site.add_room("Ops")

    reply = site.post(target, body)

    assert reply.status == 400
    assert reply.error["message"] == message
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
def test_an_error_about_a_limit_holds_the_expected_type(
    site: Site, sent: dict[str, Any], expected: object
) -> None:
    site.add_room("Ops")

    error = site.post("/v2/room/Ops/notification", sent).error

    assert error["expected_type"] == expected
    assert {"field", "validation", "value"} <= error.keys()


def test_only_types_with_a_model_have_a_schema() -> None:
    assert schemas_of(str | int) is None
    (schema,) = schemas_of(PresenceUpdate) or ()
    assert schema["type"] == "object"
    assert schema["properties"] == {
        "show": {
            "type": "string",
            "enum": PresenceUpdate.rules["show"].enum,
        },
        "status": {
            "type": "string",
            "optional": True,
            "maxLength": PresenceUpdate.rules["status"].max_length,
        },
    }
