"""People by API v1: listed, added, changed, deleted, and brought back."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from hipkit.v1.models import CreatedUser
from hipkit.v1.users import UsersCreate, UsersUpdate
from tests.unit.server.asgi import FORM, RawResponse, Site, basic
from tests.unit.server.http.dialects.test_v1 import form, get
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.two_groups import PNG

ANN = {"name": "Ann Example", "email": "ann@example.com"}
SHOWN = {
    "user_id", "name", "email", "title", "photo_url", "status", "status_message",
    "is_group_admin",
}  # fmt: skip
CALLS = ("create", "update", "delete", "undelete")


def login(site: Site) -> dict[str, object]:
    return {"auth_token": site.token}


def create(site: Site, **fields: object) -> dict[str, Any]:
    reply = form(site, "users/create", None, **{**login(site), **ANN, **fields})
    assert reply.status == 200, reply.body
    user: dict[str, Any] = reply.json["user"]
    return user


def update(site: Site, user_id: object, **fields: object) -> RawResponse:
    fields = {**login(site), "user_id": user_id, **fields}
    return form(site, "users/update", None, **fields)


def password_grant(site: Site, password: str) -> int:
    client = site.add_client(["view_room"])
    fields = {"grant_type": "password", "username": ANN["email"], "password": password}
    return site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(fields).encode(),
        headers=[FORM, basic(client.id, client.secret)],
        token=None,
    ).status


def test_users_are_listed_and_returned(site: Site) -> None:
    user_id = site.add_user("Jane Doe", email="jane@example.com", title="Dev")

    listed = get(site, "users/list").json["users"]
    shown = get(site, "users/show", user_id="jane@example.com").json["user"]

    assert listed[-1] == shown
    assert shown.pop("created") > 0
    assert shown == {
        "user_id": user_id,
        "name": "Jane Doe",
        "mention_name": shown["mention_name"],
        "email": "jane@example.com",
        "title": "Dev",
        "photo_url": None,
        "last_active": 0,
        "status": "offline",
        "status_message": "",
        "timezone": "UTC",
        "is_group_admin": 0,
        "is_deleted": 0,
    }
    assert get(site, "users/show", user_id=user_id).json["user"]["name"] == "Jane Doe"
    assert get(site, "users/show", user_id=999).status == 404


def test_deleted_users_are_listed_on_request(site: Site) -> None:
    user_id = site.add_user("Jane Doe")
    site.delete(f"/v2/user/{user_id}")

    assert len(get(site, "users/list").json["users"]) == 1
    listed = get(site, "users/list", include_deleted="1").json["users"]
    assert listed[-1]["is_deleted"] == 1


def test_only_the_response_to_a_creation_has_the_password(site: Site) -> None:
    made = create(site)

    assert made.keys() >= SHOWN | {"password"}
    assert (made["name"], made["email"]) == (ANN["name"], ANN["email"])
    assert (made["mention_name"], made["timezone"]) == ("AnnExample", "UTC")
    assert (made["is_group_admin"], made["title"]) == (0, "")
    assert re.fullmatch("[a-zA-Z0-9]{16}", made["password"])
    assert password_grant(site, made["password"]) == 200
    shown = get(site, "users/show", user_id=made["user_id"]).json["user"]
    assert "password" not in shown
    assert {name: made[name] for name in SHOWN} == {name: shown[name] for name in SHOWN}


def test_every_setting_of_a_new_user_may_be_sent(site: Site) -> None:
    made = create(
        site,
        mention_name="annie",
        title="Chef",
        is_group_admin="1",
        password="correct horse",
        timezone="Europe/Berlin",
    )

    assert (made["mention_name"], made["title"]) == ("annie", "Chef")
    assert (made["is_group_admin"], made["timezone"]) == (1, "Europe/Berlin")
    assert made["password"] is None
    assert password_grant(site, "correct horse") == 200


def test_settings_that_are_sent_empty_get_defaults(site: Site) -> None:
    # As PHP's arrays become forms.
    made = create(
        site, mention_name="", title="", is_group_admin="", password="", timezone=""
    )

    assert made["mention_name"] == "AnnExample"
    assert len(made["password"]) == 16
    reply = update(site, made["user_id"], mention_name="", email="", is_group_admin="")
    assert reply.json["user"]["mention_name"] == "AnnExample"
    assert reply.json["user"]["email"] == ANN["email"]


@pytest.mark.parametrize("way", ["form", "query", "JSON", "both", "header"])
def test_arguments_may_be_in_query_form_or_json(site: Site, way: str) -> None:
    own = login(site)
    path, fields = "/v1/users/create", {**ANN, "is_group_admin": "true"}
    match way:
        case "form":
            reply = form(site, "users/create", **fields)
        case "query":
            reply = site.post(f"{path}?{urlencode({**own, **fields})}", token=None)
        case "JSON":
            reply = site.post(path, {**own, **ANN, "is_group_admin": 1}, token=None)
        case "both":
            body = urlencode(fields).encode()
            query = urlencode({**own, "name": "Somebody Else", "format": "json"})
            reply = site.send(
                "POST", f"{path}?{query}", body=body, headers=[FORM], token=None
            )
        case _:
            reply = site.send(
                "POST", path, body=urlencode(fields).encode(), headers=[FORM]
            )

    assert reply.status == 200
    assert reply.json["user"]["name"] == ANN["name"]
    assert reply.json["user"]["is_group_admin"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "admin@example.com"},
        {"email": "ADMIN@example.com"},
        {"email": "nobody"},
        {"email": ""},
        {"name": ""},
        {"name": "x" * 51},
        {"mention_name": "Administrator"},
        {"mention_name": "two words"},
        {"timezone": "Mars/Olympus"},
        {"password": "short"},
        {"is_group_admin": "2"},
        {"format": "xml"},
    ],
    ids=repr,
)
def test_an_invalid_setting_creates_no_user(site: Site, fields: dict[str, str]) -> None:
    reply = form(site, "users/create", **{**ANN, **fields})

    assert reply.status == 400
    assert reply.error.keys() == {"code", "type", "message"}
    assert len(get(site, "users/list").json["users"]) == 1


def test_a_change_keeps_omitted_settings(site: Site) -> None:
    made = create(
        site, title="Chef", timezone="Europe/Berlin", password="correct horse"
    )
    before = get(site, "users/show", user_id=made["user_id"]).json["user"]

    for fields in (
        {"name": "Ann Other"},
        {"email": "other@example.com"},
        {"mention_name": "other"},
        {"title": ""},
        {"is_group_admin": 1},
        {"timezone": "Asia/Tokyo"},
    ):
        reply = update(site, made["user_id"], **fields)
        assert reply.status == 200
        before = {**before, **fields}
        assert reply.json["user"] == before
    for name in ("name", "email", "mention_name", "password", "timezone"):
        reply = update(site, made["user_id"], **{name: ""})
        assert (reply.status, reply.json["user"]) == (200, before), name
    assert password_grant(site, "correct horse") == 401
    assert update(site, "other@example.com", email=ANN["email"]).status == 200
    assert password_grant(site, "correct horse") == 200
    reply = update(site, ANN["email"], password="another horse")
    assert "password" not in reply.json["user"]
    assert password_grant(site, "another horse") == 200


def test_an_invalid_change_changes_nothing(site: Site) -> None:
    made = create(site)
    user_id = made["user_id"]

    for fields in (
        {"email": "admin@example.com"},
        {"name": "x" * 51},
        {"password": "x"},
    ):
        assert update(site, user_id, title="Chef", **fields).status == 400
    assert update(site, 99, title="Chef").status == 404
    assert form(site, "users/update", title="Chef").status == 400
    assert get(site, "users/show", user_id=user_id).json["user"]["title"] == ""


@pytest.mark.parametrize("by_email", [True, False])
def test_a_restored_user_has_its_settings_but_not_its_tokens(
    site: Site, by_email: bool
) -> None:
    made = create(site, title="Chef", password="correct horse")
    user_id = made["user_id"]
    reference = ANN["email"].upper() if by_email else user_id
    site.put(f"/v2/user/{user_id}/photo", {"photo": _base64(PNG)})
    token = site.add_token(user=user_id, scopes=["view_room"], name="x")
    visitor = Visitor(site)
    visitor.take_session("AnnExample")
    before = get(site, "users/show", user_id=user_id).json["user"]
    assert before["photo_url"] is not None

    deleted = form(site, "users/delete", user_id=reference)
    assert (deleted.status, deleted.json) == (200, {"deleted": True})
    assert form(site, "users/delete", user_id=reference).status == 404
    assert update(site, user_id, title="x").status == 404
    undeleted = form(site, "users/undelete", user_id=reference)
    assert (undeleted.status, undeleted.json) == (200, {"undeleted": True})

    after = get(site, "users/show", user_id=ANN["email"]).json["user"]
    assert after == {**before, "photo_url": None}
    assert site.get("/v2/user/@AnnExample").json["id"] == user_id
    assert site.get("/v2/room", token=token).status == 401
    assert visitor.client.get("/tokens").status_code != 200
    assert password_grant(site, "correct horse") == 401
    stores = site.server.database.stores
    user = asyncio.run(stores.users.by_email(1, ANN["email"]))
    assert user is not None
    assert not user.is_deleted
    # Twice does nothing.
    assert form(site, "users/undelete", user_id=reference).status == 200


@pytest.mark.parametrize(
    "taken",
    [
        {"email": ANN["email"], "mention_name": "other"},
        {"email": "other@example.com", "mention_name": "annexample"},
    ],
    ids=["address", "mention name"],
)
def test_a_user_whose_names_are_taken_is_not_restored(
    site: Site, taken: dict[str, str]
) -> None:
    user_id = create(site)["user_id"]
    form(site, "users/delete", user_id=user_id)
    other = create(site, name="Other", **taken)

    reply = form(site, "users/undelete", user_id=user_id)

    assert reply.status == 400
    assert reply.error["message"].startswith("Another user has that")
    assert get(site, "users/show", user_id=user_id).json["user"]["is_deleted"] == 1
    form(site, "users/delete", user_id=other["user_id"])
    assert form(site, "users/undelete", user_id=user_id).status == 200


def test_an_unknown_user_is_not_restored(site: Site) -> None:
    for reference in (99, "nobody@example.com", "", "0"):
        assert form(site, "users/undelete", user_id=reference).status in (400, 404)
    assert form(site, "users/undelete").status == 400


def test_an_administrator_stays_one_while_the_group_needs_them(site: Site) -> None:
    assert form(site, "users/delete", user_id=1).status == 401
    assert update(site, 1, is_group_admin=0).json["user"]["is_group_admin"] == 1


@pytest.mark.parametrize("call", CALLS)
def test_only_administrators_of_the_group_may(site: Site, call: str) -> None:
    site.add_room("Ops")
    bob = site.add_user("Bob")
    form(site, "users/delete", user_id=site.add_user("Gone"))
    fields = {"user_id": bob, **ANN} if call != "undelete" else {"user_id": 3}
    for token in (
        site.add_token(user=bob, name="x"),
        site.add_token(scopes=["view_group"], name="x"),
        site.client_token(["view_group"]),
        site.add_room_token("Ops"),
        "no token at all" + "x" * 30,
    ):
        reply = form(site, f"users/{call}", token=token, **fields)
        assert reply.status == 401, reply.body
    anonymous = form(site, f"users/{call}", token=None, **fields)
    assert (anonymous.status, anonymous.error["code"]) == (401, 401)
    assert get(site, f"users/{call}", **fields).status == 405
    assert site.get("/v2/user?include-deleted=true").json["items"][2]["id"] == 3
    assert len(site.get("/v2/user").json["items"]) == 2


def test_an_add_on_of_the_group_may(site: Site) -> None:
    token = site.client_token(["admin_group"])

    made = form(site, "users/create", token=token, **ANN)
    tested = form(site, "users/delete", token=token, user_id=1, auth_test="true")

    assert made.status == 200
    assert tested.status == 202


def test_passwords_are_nowhere_but_in_the_response(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        chosen = create(site)["password"]
        update(site, ANN["email"], password="s3cret horse")
        site.post(
            "/v1/users/update",
            {"user_id": ANN["email"], "password": "s3cret\thorse", "auth_token": "x"},
            token=None,
        )
        form(site, "users/create", email="x@example.com", name="x", password="s3cret")

    shown = repr(site.calls()) + repr(site.calls(None)) + caplog.text
    assert "users_create" in shown
    assert chosen not in shown
    assert "s3cret" not in shown
    for value in (
        UsersCreate(email="x@example.com", name="x", password="s3cret"),
        UsersUpdate(user_id=1, password="s3cret"),
        CreatedUser(user_id=1, name="x", password="s3cret"),
    ):
        assert "s3cret" not in repr(value)


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()
