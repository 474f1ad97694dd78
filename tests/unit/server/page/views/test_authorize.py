from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hipkit.server.services.access.clients import AddedClient
from tests.unit.server.asgi import FORM, Site, basic
from tests.unit.server.page.visitor import Answer, Visitor

BACK = "https://app.test/back?keep=this%20one"
PATH = "/users/authorize"


@pytest.fixture
def client(site: Site) -> AddedClient:
    return site.add_client(["view_room", "send_message"], redirect_uris=[BACK])


def question(client: AddedClient, **changes: str | None) -> str:
    values = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": BACK,
        "state": "a state&x=1",
        **changes,
    }
    sent = {name: value for name, value in values.items() if value is not None}
    return f"{PATH}?{urlencode(sent)}"


def shown(answer: Answer) -> dict[str, str]:
    """Return what the program is told, by way of the browser."""
    assert answer.status == 303, answer.text
    location = answer.location or ""
    assert location.startswith(BACK + "&")
    return {
        name: values[0] for name, values in parse_qs(urlsplit(location).query).items()
    }


def exchange(site: Site, client: AddedClient, code: str, back: str = BACK) -> int:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    return site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(fields).encode(),
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).status


def test_a_code_is_exchanged_for_a_token_once(
    site: Site, ann: Visitor, client: AddedClient
) -> None:
    answer = ann.fill(question(client), PATH, answer="allow")
    values = shown(answer)

    assert values["state"] == "a state&x=1"
    assert values["keep"] == "this one"
    assert exchange(site, client, values["code"]) == 200
    assert exchange(site, client, values["code"]) == 400


def test_a_code_is_valid_for_ten_minutes_and_its_redirect_uri(
    site: Site, ann: Visitor, client: AddedClient
) -> None:
    first = shown(ann.fill(question(client), PATH, answer="allow"))["code"]
    second = shown(ann.fill(question(client), PATH, answer="allow"))["code"]

    assert exchange(site, client, first, "https://other.test/") == 400
    site.clock[0] += 601
    assert exchange(site, client, second) == 400


def test_a_denial_is_sent_to_the_program(ann: Visitor, client: AddedClient) -> None:
    values = shown(ann.fill(question(client), PATH, answer="deny"))

    assert values == {
        "keep": "this one",
        "error": "access_denied",
        "state": "a state&x=1",
    }


def test_other_parameters_are_ignored(ann: Visitor, client: AddedClient) -> None:
    assert ann.get(question(client, signup="0", utm="x")).status == 200


def test_signing_in_leads_back_to_the_consent_page(
    site: Site, visitor: Visitor, client: AddedClient
) -> None:
    address = question(client)

    answer = visitor.get(address)

    wanted = parse_qs(urlsplit(answer.location or "").query)["next"][0]
    assert wanted == address


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.test/"},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": BACK.upper()},
    ],
    ids=str,
)
def test_an_unregistered_redirect_uri_gets_no_redirect(
    visitor: Visitor, ann: Visitor, client: AddedClient, changes: dict[str, str | None]
) -> None:
    for somebody in (visitor, ann):
        answer = somebody.get(question(client, **changes))
        assert answer.status in (400, 404)
        assert answer.location is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "admin_group"}, "invalid_scope"),
        ({"scope": "no_scope"}, "invalid_scope"),
    ],
    ids=str,
)
def test_an_invalid_request_is_reported_to_a_registered_redirect_uri(
    visitor: Visitor, client: AddedClient, changes: dict[str, str | None], error: str
) -> None:
    assert shown(visitor.get(question(client, **changes)))["error"] == error


def test_the_token_has_only_the_requested_scopes(
    site: Site, ann: Visitor, client: AddedClient
) -> None:
    address = question(client, scope="view_room")

    code = shown(ann.fill(address, PATH, answer="allow"))["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    token = site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(fields).encode(),
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).json

    assert token["scope"] == "view_room"
    assert token["refresh_token"]


def test_scopes_that_the_user_lacks_are_left_out(site: Site, ann: Visitor) -> None:
    client = site.add_client(["admin_group"], redirect_uris=[BACK])

    page = ann.get(question(client))

    assert page.status == 200
    assert "you do not have this scope" in page.text
    assert 'value="allow"' not in page.text


def test_a_form_with_another_redirect_uri_gets_no_redirect(
    ann: Visitor, client: AddedClient
) -> None:
    answer = ann.fill(
        question(client), PATH, answer="allow", redirect_uri="https://evil.test/"
    )

    assert answer.status == 400
    assert answer.location is None


def test_access_can_be_revoked(site: Site, ann: Visitor, client: AddedClient) -> None:
    code = shown(ann.fill(question(client), PATH, answer="allow"))["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    headers = [basic(client.id, client.secret), FORM]
    granted = site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(fields).encode(),
        token=None,
        headers=headers,
    ).json

    page = ann.get("/tokens")
    assert "Build bot" in page.text
    action = next(
        part.split('"')[0]
        for part in page.text.split('action="')
        if part.startswith("/tokens/programs/")
    )
    assert ann.send(action, page.form(action)).status == 303

    renewal = {
        "grant_type": "refresh_token",
        "refresh_token": granted["refresh_token"],
    }
    renewed = site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(renewal).encode(),
        token=None,
        headers=headers,
    )
    assert renewed.status == 401
    assert site.get("/v2/room/1", token=granted["access_token"]).status == 401


def test_the_policy_lets_the_form_lead_to_the_program(
    ann: Visitor, client: AddedClient
) -> None:
    policy = ann.get(question(client)).headers["content-security-policy"]

    assert "form-action 'self' https:;" in policy


def test_the_capabilities_name_the_page(site: Site) -> None:
    document = site.get("/v2/capabilities").json

    address = document["capabilities"]["oauth2Provider"]["authorizationUrl"]
    assert address == f"http://chat.test{PATH}"


def test_a_room_is_named_to_those_who_may_see_it(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    room = site.add_room("Board", is_private=True)
    client = site.add_client(["view_room"], room=room, redirect_uris=[BACK])

    assert "Board" in root.get(question(client)).text
    assert "Board" not in ann.get(question(client)).text

    code = shown(ann.fill(question(client), PATH, answer="allow"))["code"]
    assert exchange(site, client, code) == 200
    tokens = ann.get("/tokens").text
    assert "for a room that you cannot see" in tokens
    assert "Board" not in tokens
