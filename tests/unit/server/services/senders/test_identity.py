from __future__ import annotations

import logging
from typing import Any

import pytest

from hipkit.server.senders import SenderSettings
from hipkit.server.services.senders.policy import SenderPolicy
from tests.unit.server.asgi import FORM, RawResponse, Site, basic
from tests.unit.server.services.senders.sending import (
    OLD,
    MakeSite,
    listed,
    notify,
    relay_site,
    said,
)

SECRET = "s3cret-of-ci"


def senders_of(site: Site, room: str) -> list[Any]:
    return [message["from"] for message in site.messages(room)]


def test_any_token_sends_as_one_identity(make_site: MakeSite) -> None:
    site = relay_site(make_site, name="Old programs")

    for token in (OLD, "another", "x" * 500, "caf%C3%A9"):
        assert notify(site, "Ops", token=token).status == 204

    assert senders_of(site, "Ops") == ["Old programs"] * 4


def test_a_listed_token_sends_as_its_own_identity(make_site: MakeSite) -> None:
    site = relay_site(make_site, token=(listed(SECRET, "Jenkins"),))

    notify(site, "Ops", token=SECRET)
    reply = site.post("/v2/room/Ops/message", {"message": "hi"}, token=SECRET)

    assert reply.status == 201
    notification, message = senders_of(site, "Ops")
    assert (notification, message["name"]) == ("Jenkins", "Jenkins")


def test_tokens_that_are_not_listed_are_refused_where_they_must_be(
    make_site: MakeSite,
) -> None:
    site = relay_site(make_site, any_token=False, token=(listed(SECRET, "CI"),))

    refused = notify(site, "Ops")

    assert refused.status == 401
    assert refused.error["message"] == "Invalid OAuth session"
    assert notify(site, "Ops", token=SECRET).status == 204


def test_a_call_without_a_token_is_refused_as_ever(make_site: MakeSite) -> None:
    site = relay_site(make_site)

    assert notify(site, "Ops", token=None).status == 401
    v1 = site.post("/v1/rooms/message?room_id=Ops&from=x&message=y", token=None)
    assert v1.status == 401
    assert site.post("/v2/room/Ops/notification?auth_token=", token=None).status == 401


def test_a_stored_token_still_acts_as_itself(make_site: MakeSite) -> None:
    site = relay_site(make_site)
    notify(site, "Ops")

    assert site.get("/v2/room/Ops/history").status == 200
    assert site.delete("/v2/room/Ops").status == 204


def test_from_another_network_a_program_is_refused_and_the_log_says_so(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    site = relay_site(make_site)

    with caplog.at_level(logging.WARNING, "hipkit.server"):
        refused = notify(site, "Ops", peer="192.0.2.9")
        v1 = site.post(
            f"/v1/rooms/message?room_id=Ops&from=x&message=y&auth_token={OLD}",
            token=None,
            peer="192.0.2.9",
        )

    assert refused.status == 403
    assert "accept" in refused.error["message"]
    assert v1.status == 401
    assert "192.0.2.9" in caplog.text
    assert OLD not in caplog.text
    assert site.get("/v2/room").json["items"] == []
    # Who has a token of this server comes from anywhere, as without relay mode.
    assert site.get("/v2/room", peer="192.0.2.9").status == 200


def test_a_forged_forwarded_address_lets_nobody_in(make_site: MakeSite) -> None:
    site = relay_site(make_site, accept=("10.0.0.0/8",))

    for address in ("127.0.0.1", "10.0.0.1"):
        headers = [("X-Forwarded-For", address)]
        assert notify(site, "Ops", peer="192.0.2.9", headers=headers).status == 403
        assert notify(site, "Ops", peer="127.0.0.1", headers=headers).status == 403


def test_a_page_in_a_browser_cannot_send(make_site: MakeSite) -> None:
    site = relay_site(make_site)
    target = f"/v1/rooms/message?room_id=Ops&from=x&message=y&auth_token={OLD}"

    for header in (("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")):
        assert site.get(target, token=None, headers=[header]).status == 401
    assert site.get(target, token=None).status == 200


def credentials(site: Site, secret: str, body: bytes = b"") -> RawResponse:
    return site.send(
        "POST",
        "/v2/oauth/token",
        body=body or b"grant_type=client_credentials&scope=send_notification",
        token=None,
        headers=[basic("old-client", secret), FORM],
    )


def test_an_oauth_client_that_is_not_stored_gets_a_token(make_site: MakeSite) -> None:
    site = relay_site(make_site, token=(listed(SECRET, "CI"),))

    for secret, name in ((SECRET, "CI"), ("other", "Relay"), ("sécret", "Relay")):
        got = credentials(site, secret)
        assert got.status == 200
        assert got.json["token_type"] == "bearer"
        room = f"Room%20of%20{name}"
        assert notify(site, room, token=got.json["access_token"]).status == 204
        assert name in senders_of(site, room)


def test_the_secret_of_a_client_is_not_shown_among_the_calls(
    make_site: MakeSite,
) -> None:
    site = relay_site(make_site, token=(listed(SECRET, "CI"),))

    credentials(site, SECRET)
    notify(site, "Ops", token=SECRET)

    shown = site.calls(None)
    assert [call.status for call in shown] == [204, 200]
    assert SECRET not in repr(shown)


def test_an_oauth_client_gets_nothing_else(make_site: MakeSite) -> None:
    site = relay_site(make_site)

    for grant in (b"personal", b"password", b"refresh_token", b"authorization_code"):
        assert credentials(site, "x", b"grant_type=" + grant).status == 401
    assert credentials(relay_site(make_site, any_token=False), "x").status == 401


def test_a_stored_client_stays_itself(make_site: MakeSite) -> None:
    site = relay_site(make_site)
    token = site.client_token(["send_notification", "view_messages"])
    notify(site, "Ops")

    assert site.get("/v2/room/Ops/history", token=token).status == 200


def test_a_check_of_the_token_stores_nothing(make_site: MakeSite) -> None:
    site = relay_site(make_site)

    checked = site.post("/v2/room/New/notification?auth_test=true", token=OLD)
    v1 = site.get(f"/v1/rooms/list?auth_test=true&auth_token={OLD}", token=None)

    assert (checked.status, v1.status) == (202, 202)
    assert site.get("/v2/room").json["items"] == []


def test_the_policy_may_be_replaced_while_it_runs(make_site: MakeSite) -> None:
    site = relay_site(make_site)
    assert notify(site, "Ops").status == 204

    site.server.runtime.senders = SenderPolicy(SenderSettings(any_token=False))

    assert notify(site, "Ops").status == 401
    assert said(site, "Ops") == ["up"]


def test_a_sender_who_was_renamed_or_deleted_is_seen_at_once(
    make_site: MakeSite,
) -> None:
    site = relay_site(make_site)
    notify(site, "Ops")
    sender = site.get("/v2/user/@Relay").json
    changes = {"name": "Old scripts", "mention_name": "Relay", "email": sender["email"]}

    assert site.put(f"/v2/user/{sender['id']}", changes).status == 204
    notify(site, "Ops")
    assert site.delete(f"/v2/user/{sender['id']}").status == 204
    notify(site, "Ops")

    assert senders_of(site, "Ops") == ["Relay", "Old scripts", "Relay"]
