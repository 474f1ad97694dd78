"""OAuth sessions: what they show of a token, and who may see and delete them."""

from __future__ import annotations

from hipkit.server.services.access.introspection import NEVER_SECONDS
from tests.unit.server.asgi import FORM, Site, basic


def test_a_session_shows_scopes_lifetime_and_client_of_a_token(site: Site) -> None:
    site.add_room("Ops")
    client = site.add_client(["view_room", "send_notification"], room="Ops", name="Bot")
    token = site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials&scope=view_room",
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).json["access_token"]

    session = site.get(f"/v2/oauth/token/{token}", token=token).json

    assert session["access_token"] == token
    assert session["scopes"] == ["view_room"]
    assert session["owner_type"] == "client"
    assert 3590 < session["expires_in"] <= 3600
    assert session["client"]["id"] == client.id
    assert session["client"]["allowed_scopes"] == ["send_notification", "view_room"]
    assert session["client"]["room"]["name"] == "Ops"
    target = f"/v2/oauth/token/{token}?expand=client.room"
    assert "topic" in site.get(target, token=token).json["client"]["room"]


def test_a_room_notification_token_may_ask_about_itself(site: Site) -> None:
    site.add_room("Ops")
    token = site.add_room_token("Ops")

    session = site.get(f"/v2/oauth/token/{token}", token=token)

    assert session.status == 200
    assert session.json["client"]["room"]["id"] == 1


def test_a_deleted_session_is_invalid_at_once(site: Site) -> None:
    token = site.add_token(scopes=["view_group"])

    assert site.delete(f"/v2/oauth/token/{token}", token=token).status == 204
    assert site.get("/v2/room", token=token).status == 401


def test_sessions_of_other_owners_are_not_found(site: Site) -> None:
    site.add_room("Ops")
    anns = site.add_token(user=site.add_user("Ann"))
    rooms = site.add_room_token("Ops")

    assert site.get(f"/v2/oauth/token/{site.token}", token=anns).status == 404
    assert site.delete(f"/v2/oauth/token/{anns}").status == 404
    assert site.delete(f"/v2/oauth/token/{anns}", token=rooms).status == 404
    assert site.get("/v2/oauth/token/unknown").status == 404
    assert site.get("/v2/user/@Ann", token=anns).status == 200


def test_a_token_that_never_expires_shows_ten_years(site: Site) -> None:
    token = site.add_token(seconds=None)

    session = site.get(f"/v2/oauth/token/{token}", token=token).json

    assert session["expires_in"] == NEVER_SECONDS


def test_a_personal_token_is_shown_as_its_own_client(site: Site) -> None:
    token = site.add_token(scopes=["view_group"], name="Alerting")

    session = site.get(f"/v2/oauth/token/{token}?expand=owner", token=token).json

    assert session["client"]["name"] == session["name"] == "Alerting"
    assert session["client"]["id"].startswith("token-")
    assert session["client"]["allowed_scopes"] == ["view_group"]
    assert session["owner"]["email"] == "admin@example.com"


def test_a_token_of_one_room_does_not_see_its_users_other_tokens(site: Site) -> None:
    site.add_room("Ops")
    ann = site.add_user("Ann")
    client = site.add_client(["view_room"], room="Ops")
    bound = site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials&username=@Ann",
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).json["access_token"]
    other = site.add_token(user=ann)

    assert site.get(f"/v2/oauth/token/{other}", token=bound).status == 404
    assert site.get(f"/v2/oauth/token/{bound}", token=other).status == 200
