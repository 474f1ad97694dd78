from __future__ import annotations

import re
import shlex

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor

YEAR = 365 * 24 * 60 * 60


def made_token(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    token: str = re.findall(r"<code>(\w{40})</code>", answer.text)[0]
    return token


def make(visitor: Visitor, *scopes: str, name: str = "Alerting", room: str = "") -> str:
    answer = visitor.fill(
        "/tokens", "/tokens", name=name, scope=list(scopes), room=room
    )
    return made_token(answer)


def test_a_personal_token_acts_for_its_owner_for_a_year(
    site: Site, ann: Visitor
) -> None:
    token = make(ann, "view_group", "send_message")

    session = site.get(f"/v2/oauth/token/{token}?expand=owner", token=token).json

    assert session["owner"]["mention_name"] == "ann"
    assert session["scopes"] == ["send_message", "view_group"]
    assert YEAR - 60 < session["expires_in"] <= YEAR


@pytest.mark.parametrize("scopes", [["admin_group"], ["no_scope"], []])
def test_scopes_that_the_user_lacks_are_rejected(
    ann: Visitor, scopes: list[str]
) -> None:
    answer = ann.fill("/tokens", "/tokens", name="Mine", scope=scopes)

    assert answer.status == 400
    assert 'role="alert"' in answer.text


def test_a_new_token_is_shown_once(ann: Visitor) -> None:
    token = make(ann, "view_group")

    assert token not in ann.get("/tokens").text
    assert "Alerting" in ann.get("/tokens").text


def test_a_name_of_which_nothing_shows_is_replaced_by_words(ann: Visitor) -> None:
    make(ann, "view_group", name="\u200b\u200e")

    assert "<bdi>Unnamed token</bdi>" in ann.get("/tokens").text


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("send_notification", "/notification"),
        ("send_message", "/message"),
        ("view_room", ""),
        ("view_messages", "/history/latest"),
    ],
)
def test_the_example_command_uses_a_scope_of_the_token(
    site: Site, ann: Visitor, scope: str, path: str
) -> None:
    room = site.add_room("Ops")

    answer = ann.fill("/tokens", "/tokens", name="Mine", scope=[scope], room=str(room))
    found = re.findall(r"<code>(curl .*?)</code>", answer.text)[0]
    words = shlex.split(found.replace("&#39;", "'").replace("&#34;", '"'))

    assert words[-1] == f"http://chat.test/v2/room/{room}{path}"
    token = words[2].removeprefix("Authorization: Bearer ")
    body = words[words.index("-d") + 1].encode() if "-d" in words else b""
    headers = [("Content-Type", "application/json")] if body else []
    target = words[-1].removeprefix("http://chat.test")
    method = "POST" if body else "GET"
    status = site.send(method, target, body=body, token=token, headers=headers).status
    assert status in (200, 201, 204)


def test_room_administrators_create_notification_tokens(
    site: Site, ann: Visitor
) -> None:
    mine = site.add_room("Mine", owner="@ann")
    site.add_room("Not mine")

    page = ann.get("/tokens").text
    answer = ann.fill("/tokens", "/tokens/room", name="Builds", room=str(mine))
    token = made_token(answer)

    assert ">Mine</option>" in page.split("room-token-room")[2]
    assert ">Not mine</option>" not in page.split("room-token-room")[2]
    path = "/v2/room/Mine/notification"
    assert site.post(path, {"message": "hi"}, token=token).status == 204


def test_users_cannot_create_tokens_for_rooms_of_others(
    site: Site, ann: Visitor
) -> None:
    site.add_room("Mine", owner="@ann")
    other = site.add_room("Not mine")

    answer = ann.fill("/tokens", "/tokens/room", name="Builds", room=str(other))

    assert answer.status == 403


def revoke(visitor: Visitor, number: int) -> int:
    return visitor.send(f"/tokens/{number}/revoke", {}).status


def token_number(visitor: Visitor, name: str) -> int:
    row = next(row for row in visitor.get("/tokens").text.split("<tr>") if name in row)
    return int(re.findall(r"/tokens/(\d+)/revoke", row)[0])


def test_a_revoked_token_is_rejected(site: Site, ann: Visitor) -> None:
    token = make(ann, "view_group")

    assert revoke(ann, token_number(ann, "Alerting")) == 303

    assert site.get("/v2/room", token=token).status == 401


def test_users_cannot_revoke_tokens_of_others(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    token = make(ann, "view_group")
    number = token_number(ann, "Alerting")

    assert revoke(sign_in("bob"), number) == 404
    assert site.get("/v2/room", token=token).status == 200
    assert revoke(sign_in("boss", is_group_admin=True), number) == 303
    assert site.get("/v2/room", token=token).status == 401


def test_only_administrators_see_the_tokens_of_the_group(
    ann: Visitor, root: Visitor
) -> None:
    make(ann, "view_group", name="Of Ann alone")

    assert "Of Ann alone" in root.get("/tokens/group").text
    assert ann.get("/tokens/group").status == 403


def test_an_expired_token_is_not_listed(site: Site, ann: Visitor) -> None:
    make(ann, "view_group")

    site.clock[0] += YEAR + 1
    ann.take_session("ann")

    assert "Alerting" not in ann.get("/tokens").text
