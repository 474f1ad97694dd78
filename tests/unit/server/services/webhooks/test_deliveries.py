"""Bodies and signatures of deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import jwt
import pytest

from hipkit.server.services.webhooks.management import list_webhooks
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.receiving import Answer, Posted, Receiver, json_answer
from tests.unit.server.services.webhooks.delivering import (
    create_webhook,
    deliveries,
    say,
    signing_site,
)


@pytest.fixture
def site(receiving_site: Site) -> Site:
    return receiving_site


def test_events_are_signed_for_clients_with_authentication_jwt(
    site: Site, receiver: Receiver
) -> None:
    client = site.add_client(["admin_room"])
    token = site.token_of(client)
    person = {"name": "Ann Lee", "email": "a@example.com", "timezone": "Europe/Berlin"}
    user_id = site.post("/v2/user", person).json["id"]
    create_webhook(site, receiver, token=token, authentication="jwt")

    say(site, "x", token=site.add_token(user=user_id))
    site.post("/v2/room/Ops/notification", {"message": "not waited for"})
    site.deliver()

    (posted,) = receiver.all()
    scheme, _, signed = posted.headers["Authorization"].partition(" ")
    assert scheme == "JWT"
    assert signed.startswith("eyJhbGciOiAiSFMyNTYiLCAi")
    claims = jwt.decode(
        signed,
        client.secret,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == client.id == posted.json["oauth_client_id"]
    assert claims["sub"] == str(user_id)
    assert claims["exp"] - claims["iat"] == 3600
    assert len(claims["jti"]) == 20
    room_id = posted.json["item"]["room"]["id"]
    assert claims["context"] == {"room_id": room_id, "user_tz": "Europe/Berlin"}
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(signed, "another" * 6, algorithms=["HS256"])


@pytest.mark.parametrize("path", ["/hook", "/hook?a=b%20c", "/hook?a=b#part", ""])
def test_the_query_is_signed_too_where_the_setting_says_so(
    make_site: Callable[..., Site], receiver: Receiver, path: str
) -> None:
    site = signing_site(make_site)
    client = site.add_client(["admin_room"])
    hook = {"url": receiver.url + path, "event": "room_message"}
    for authentication, token in (("jwt", site.token_of(client)), ("none", "")):
        body = {**hook, "authentication": authentication}
        assert site.post("/v2/room/Ops/webhook", body, token=token).status == 201

    say(site, "x")
    site.deliver()

    signed, plain = sorted(receiver.all(), key=lambda each: -len(each.path))
    before, _, token = signed.path.partition("signed_request=")
    assert before[:-1] == plain.path
    assert before[-1] == ("&" if "?" in plain.path else "?")
    claims = [
        jwt.decode(
            each,
            client.secret,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
        for each in (token, signed.headers["Authorization"].removeprefix("JWT "))
    ]
    assert [each["exp"] - each["iat"] for each in claims] == [300, 3600]
    assert claims[0]["iss"] == client.id
    assert claims[0]["jti"] != claims[1]["jti"]


def test_the_query_is_not_signed_by_default(site: Site, receiver: Receiver) -> None:
    client = site.add_client(["admin_room"])
    create_webhook(site, receiver, token=site.token_of(client), authentication="jwt")

    say(site, "x")
    site.deliver()

    (posted,) = receiver.all()
    assert "signed_request" not in posted.path


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("part", ["whole", "signature", "cut"])
def test_a_signature_that_a_receiver_repeats_is_shown_nowhere(
    make_site: Callable[..., Site],
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    status: int,
    part: str,
) -> None:
    caplog.set_level("DEBUG")
    site = signing_site(make_site)
    client = site.add_client(["admin_room"])
    webhook_id = create_webhook(
        site, receiver, token=site.token_of(client), authentication="jwt"
    )
    sent: list[str] = []

    def repeat(posted: Posted) -> Answer:
        tokens = [posted.path.partition("signed_request=")[2]]
        tokens.append(posted.headers["Authorization"].removeprefix("JWT "))
        sent.extend(tokens)
        report = {
            "whole": f"Cannot POST {posted.path} {tokens[1]}",
            "signature": " ".join(each.rpartition(".")[2] for each in tokens),
            "cut": " ".join(each.rpartition(".")[0] for each in tokens),
        }[part]
        return json_answer({"message": report}, status)

    receiver.answer = repeat
    say(site, "x")
    site.deliver()

    (delivery,) = deliveries(site, webhook_id)
    visitor = Visitor(site)
    visitor.take_session("Administrator")
    page = visitor.client.get(f"/webhooks/{webhook_id}").text
    assert "***" in page
    shown = "".join(
        (
            page,
            caplog.text,
            repr(delivery),
            str(delivery.answer),
            str(delivery.problem),
            str(site.messages("Ops")),
            repr(asyncio.run(list_webhooks(site.operator_context()))),
        )
    )
    assert len(sent) == 2
    for token in sent:
        for secret in (token, *token.rpartition(".")[::2]):
            assert secret not in shown
