from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hipkit.server.services.access import grants as module
from hipkit.server.services.access.clients import AddedClient, delete_client
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import delete_account
from hipkit.server.services.rooms.changes import remove_room
from tests.unit.server.asgi import FORM, RawResponse, Site, basic

YEAR = 365 * 24 * 60 * 60
REDIRECT = "https://app.example.com/back"


def ask(
    site: Site, form: str, *headers: tuple[str, str], token: str | None = None
) -> RawResponse:
    return site.send(
        "POST",
        "/v2/oauth/token",
        body=form.encode(),
        token=token,
        headers=[FORM, *headers],
    )


def test_an_add_on_gets_a_token_for_an_hour(site: Site) -> None:
    client = site.add_client(["send_notification", "view_room"])

    reply = ask(site, "grant_type=client_credentials", basic(client.id, client.secret))

    assert reply.status == 200
    assert set(reply.json) == {
        "access_token", "expires_in", "group_id", "group_name", "token_type", "scope",
    }  # fmt: skip
    assert len(reply.json["access_token"]) == 40
    assert reply.json["expires_in"] == 3600
    assert reply.json["scope"] == "send_notification view_room"
    assert reply.json["token_type"] == "bearer"
    assert reply.header("Cache-Control") == "no-store"


def test_auth_test_refuses_a_wrong_client(site: Site) -> None:
    client = site.add_client(["view_room"])

    def test(header: tuple[str, str]) -> RawResponse:
        return site.send(
            "POST", "/v2/oauth/token?auth_test=true", token=None, headers=[header]
        )

    good = test(basic(client.id, client.secret))
    assert (good.status, good.json["success"]["type"]) == (202, "Accepted")
    assert test(basic(client.id, "nope")).status == 401
    assert test(basic("nobody", "nope")).status == 401


def test_the_token_endpoint_reads_json_and_the_query_too(site: Site) -> None:
    client = site.add_client(["view_room"])
    login = basic(client.id, client.secret)

    as_json = site.send(
        "POST",
        "/v2/oauth/token",
        json_body={"grant_type": "client_credentials", "scope": "view_room"},
        token=None,
        headers=[login],
    )
    in_query = site.send(
        "POST",
        "/v2/oauth/token?grant_type=client_credentials&scope=view_room",
        token=None,
        headers=[login],
    )

    assert (as_json.status, in_query.status) == (200, 200)


def test_an_add_on_gets_no_more_scopes_than_it_has(site: Site) -> None:
    client = site.add_client(["view_room", "send_notification"])
    login = basic(client.id, client.secret)

    some = ask(site, "grant_type=client_credentials&scope=view_room", login)
    more = ask(site, "grant_type=client_credentials&scope=view_room+admin_group", login)
    odd = ask(site, "grant_type=client_credentials&scope=everything", login)

    assert some.json["scope"] == "view_room"
    assert (more.status, odd.status) == (400, 400)
    assert more.error["field"] == "scope"


def test_a_wrong_secret_and_an_unknown_client_get_the_same_error(site: Site) -> None:
    client = site.add_client(["view_room"])

    wrong = ask(site, "grant_type=client_credentials", basic(client.id, "nope"))
    unknown = ask(site, "grant_type=client_credentials", basic("nobody", "nope"))
    nothing = ask(site, "grant_type=client_credentials")

    assert (wrong.status, unknown.status, nothing.status) == (401, 401, 401)
    assert wrong.body == unknown.body


def test_a_removed_client_and_its_tokens_are_refused(site: Site) -> None:
    client = site.add_client(["view_room"])
    login = basic(client.id, client.secret)
    token = ask(site, "grant_type=client_credentials", login).json["access_token"]

    asyncio.run(delete_client(site.operator_context(), client.id))

    assert ask(site, "grant_type=client_credentials", login).status == 401
    assert site.get("/v2/room/1", token=token).status == 401


def test_a_token_is_invalid_after_its_lifetime(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(["view_room"])
    assert site.get("/v2/room/Ops", token=token).status == 200

    site.clock[0] += 3601

    reply = site.get("/v2/room/Ops", token=token)
    assert reply.status == 401
    assert reply.error["message"] == "Invalid OAuth session"


def test_an_add_on_may_act_for_a_user_within_the_rights_of_both(site: Site) -> None:
    ann = site.add_user("Ann")
    client = site.add_client(["send_message", "admin_group"])

    form = "grant_type=client_credentials&username=ann%40example.com"
    reply = ask(site, form, basic(client.id, client.secret))

    assert reply.json["scope"] == "send_message"
    session = site.get(
        f"/v2/oauth/token/{reply.json['access_token']}",
        token=reply.json["access_token"],
    )
    assert session.json["owner"]["id"] == ann


def test_a_code_is_exchanged_once_and_only_with_its_redirect_uri(site: Site) -> None:
    ann = site.add_user("Ann")
    client = site.add_client(
        ["send_message", "view_messages"], redirect_uris=[REDIRECT]
    )
    other = site.add_client(["send_message"], redirect_uris=[REDIRECT])
    form = "grant_type=authorization_code&code={}&redirect_ur{}=" + REDIRECT

    def redeem(code: str, name: str = "i", by: AddedClient = client) -> RawResponse:
        return ask(site, form.format(code, name), basic(by.id, by.secret))

    code = site.authorization_code(client.id, ann, REDIRECT)
    good = redeem(code)
    again = redeem(code)
    elsewhere = ask(
        site,
        f"grant_type=authorization_code&code={site.authorization_code(client.id, ann, REDIRECT)}"
        "&redirect_uri=https://evil.example.com",
        basic(client.id, client.secret),
    )
    stolen = redeem(site.authorization_code(client.id, ann, REDIRECT), by=other)
    spelt_otherwise = redeem(
        site.authorization_code(client.id, ann, REDIRECT), name="l"
    )
    late_code = site.authorization_code(client.id, ann, REDIRECT)
    site.clock[0] += 601
    late = redeem(late_code)

    assert good.status == 200
    assert "refresh_token" in good.json
    assert [again.status, elsewhere.status, stolen.status] == [400, 400, 400]
    assert spelt_otherwise.status == 200
    assert late.status == 400


def test_a_refresh_token_gives_new_tokens_until_it_is_revoked(site: Site) -> None:
    ann = site.add_user("Ann")
    client = site.add_client(
        ["send_message", "view_messages"], redirect_uris=[REDIRECT]
    )
    login = basic(client.id, client.secret)
    first = ask(
        site,
        f"grant_type=authorization_code&code={site.authorization_code(client.id, ann, REDIRECT)}"
        f"&redirect_uri={REDIRECT}",
        login,
    ).json
    form = f"grant_type=refresh_token&refresh_token={first['refresh_token']}"

    second = ask(site, form + "&scope=send_message", login)
    without_client = ask(site, form)
    other = site.add_client(["send_message"])
    by_another = ask(site, form, basic(other.id, other.secret))

    assert second.json["scope"] == "send_message"
    assert second.json["refresh_token"] == first["refresh_token"]
    assert second.json["access_token"] != first["access_token"]
    assert (without_client.status, by_another.status) == (401, 401)
    own = second.json["access_token"]
    assert site.delete(f"/v2/oauth/token/{own}", token=own).status == 204
    assert ask(site, form, login).status == 401


def test_a_password_needs_a_client_or_a_token(site: Site) -> None:
    site.add_user("Ann")
    client = site.add_client(["send_message"])
    form = "grant_type=password&username=ann%40example.com&password=correct+horse"

    by_client = ask(site, form, basic(client.id, client.secret))
    by_token = ask(site, form, token=site.token)
    by_nobody = ask(site, form)
    wrong = ask(site, form + "x", basic(client.id, client.secret))
    unknown = ask(site, form.replace("ann", "bob"), token=site.token)

    assert by_client.json["scope"] == "send_message"
    assert "admin_group" not in by_token.json["scope"]
    assert (by_nobody.status, wrong.status, unknown.status) == (401, 401, 401)
    assert wrong.body == unknown.body


def test_a_password_cannot_be_guessed_for_long(site: Site) -> None:
    site.add_user("Ann")
    client = site.add_client(["send_message"])
    form = "grant_type=password&username=@Ann&password=guess"

    statuses = {
        ask(site, form, basic(client.id, client.secret)).status for _ in range(22)
    }

    assert statuses == {401, 429}


def test_a_user_gets_a_personal_token_for_a_year(site: Site) -> None:
    ann = site.add_user("Ann")
    token = site.add_token(user=ann, scopes=["view_room", "send_message"])

    made = ask(site, "grant_type=personal&scope=view_room", token=token)
    more = ask(site, "grant_type=personal&scope=admin_group", token=token)

    assert made.json["expires_in"] == YEAR
    assert made.json["scope"] == "view_room"
    assert "refresh_token" not in made.json
    assert more.status == 400


def test_a_room_client_gets_room_notification_tokens(site: Site) -> None:
    site.add_room("Ops")
    site.add_room("Other")
    client = site.add_client(["send_notification", "view_room"], room="Ops")
    group_client = site.add_client(["send_notification"])
    form = "grant_type=room_notification"

    made = ask(site, form, basic(client.id, client.secret)).json
    refused = ask(site, form, basic(group_client.id, group_client.secret))

    token = made["access_token"]
    assert made["scope"] == "send_notification"
    assert refused.status == 400
    body = {"message": "x"}
    assert site.post("/v2/room/Ops/notification", body, token=token).status == 204
    assert site.post("/v2/room/Other/notification", body, token=token).status == 403
    assert site.get("/v2/room/Ops", token=token).status == 403


def test_an_unknown_grant_is_refused(site: Site) -> None:
    client = site.add_client(["view_room"])
    login = basic(client.id, client.secret)

    assert ask(site, "grant_type=internal", login).error["validation"] == "enum"
    assert ask(site, "scope=view_room", login).error["validation"] == "required"


def test_a_deleted_users_tokens_are_refused(site: Site) -> None:
    token = site.add_token(user=site.add_user("Ann"))

    assert site.delete("/v2/user/@Ann").status == 204

    assert site.get("/v2/room", token=token).status == 401


def test_a_room_notification_token_cannot_issue_its_replacement(site: Site) -> None:
    site.add_room("Ops")
    token = site.add_room_token("Ops")

    reply = ask(site, "grant_type=room_notification", token=token)

    assert reply.status == 401
    assert "access_token" not in reply.json


@pytest.mark.parametrize(
    "end",
    [
        lambda context, client: delete_client(context, client.id),
        lambda context, _: remove_room(context, "Ops"),
        lambda context, _: delete_account(context, "@Ann"),
    ],
    ids=["client", "room", "user"],
)
def test_no_token_is_issued_if_its_client_room_or_user_ended_in_the_meantime(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Context, AddedClient], Awaitable[object]],
) -> None:
    site.add_user("Ann")
    site.add_room("Ops")
    client = site.add_client(["send_message"], room="Ops")
    login = basic(client.id, client.secret)
    form = "grant_type=client_credentials&username=@Ann"
    operator, decide = site.operator_context(), module.GRANTS["client_credentials"]

    async def decide_and_end(context: Context, request: object) -> object:
        grant = await decide(context, request)  # type: ignore[arg-type]  # as it came
        await end(operator, client)
        return grant

    assert ask(site, form, login).status == 200
    monkeypatch.setitem(module.GRANTS, "client_credentials", decide_and_end)

    assert ask(site, form, login).status == 401
