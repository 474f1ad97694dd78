"""The latest calls: what is remembered, for how long, and what of it is shown."""

from __future__ import annotations

import gc
import json
import sys
from types import FunctionType, ModuleType

import pytest

from hipkit.server.shared.masking import (
    mask_addresses,
    mask_body,
    mask_header,
    mask_target,
)
from hipkit.server.shared.recent_calls import RecentCall, RecentCalls, RecordedCall
from tests.unit.server.asgi import FORM, Site, basic

SECRET = "s3cr3t-v4lue"


def heard(token_id: int | None = 1, **members: object) -> RecordedCall:
    values: dict[str, object] = {
        "at_us": 1,
        "group_id": 1,
        "peer": "127.0.0.1",
        "method": "POST",
        "target": b"/v2/room/Ops/notification",
        "operation_id": "send_room_notification",
        "headers": [(b"content-type", b"application/json")],
        "body": b"",
        "status": 204,
        "answer": b"",
        "problem": None,
        "milliseconds": 1.0,
    }
    return RecordedCall(token_id=token_id, **{**values, **members})  # type: ignore[arg-type]  # as the names say


def admin_calls(site: Site) -> list[RecentCall]:
    return site.server.runtime.recent_calls.of_token(1)


def test_a_call_is_remembered_with_what_was_asked_and_answered(site: Site) -> None:
    site.add_room("Ops")

    site.post("/v2/room/Ops/notification", {"message": "Hello", "color": "blue"})
    (call,) = admin_calls(site)

    assert (call.method, call.target) == ("POST", "/v2/room/Ops/notification")
    assert (call.operation_id, call.status) == ("send_room_notification", 400)
    assert json.loads(call.request_body) == {"message": "Hello", "color": "blue"}
    assert json.loads(call.answer)["error"]["code"] == 400
    assert "color" in (call.problem or "")
    assert (call.group_id, call.peer) == (1, "127.0.0.1")
    assert ("host", "chat.test") in call.headers


def bytes_of(root: object) -> int:
    """Return how much memory an object takes with all that it alone leads to."""
    seen = {id(type(root))}
    found = [root]
    total = 0
    while found:
        one = found.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        found += gc.get_referents(one)
    return total


BIG: dict[str, dict[str, object]] = {
    "many short headers": {
        "headers": [(b"%02x" % (at % 256), b"xy") for at in range(1400)]
    },
    "many empty headers": {
        "headers": [(b"%02x" % (at % 256), b"") for at in range(1400)]
    },
    "one long header": {"headers": [(b"x" * 30_000, b"y" * 30_000)]},
    "long headers": {"headers": [(b"x" * 100, b"y" * 100) for _ in range(300)]},
    "a long path": {"target": b"/v2/" + b"x" * 60_000},
    "a long query": {"target": b"/v2/room?" + b"a=b&" * 15_000},
    "a long body": {"body": b"x" * 60_000},
    "a long answer": {"answer": b"x" * 60_000},
    "a long problem": {"problem": "\N{SNOWMAN}" * 60_000},
    "a long address": {"peer": "\N{SNOWMAN}" * 60_000},
}


@pytest.mark.parametrize("members", BIG.values(), ids=BIG.keys())
def test_whatever_a_call_is_made_of_it_takes_a_few_kilobytes(
    members: dict[str, object],
) -> None:
    calls = RecentCalls()
    for number in range(1100):
        calls.add(
            heard(
                number % 100,
                **{name: copy_of(value) for name, value in members.items()},
            )
        )

    assert bytes_of(calls) < 1000 * 10_000


def copy_of(value: object) -> object:
    """Return an equal value that shares nothing with the first, as every request brings its own."""
    if isinstance(value, list):
        return [tuple(bytes(bytearray(part)) for part in pair) for pair in value]
    if isinstance(value, bytes):
        return bytes(bytearray(value))
    return str(value)[:1] + str(value)[1:]


def test_all_headers_of_an_ordinary_call_are_remembered() -> None:
    headers = [(b"x-browser-%d" % number, b"y" * 100) for number in range(20)]
    calls = RecentCalls()

    calls.add(heard(headers=headers))

    assert len(calls.of_token(1)[0].headers) == 20


def test_the_newest_call_comes_first(site: Site) -> None:
    site.get("/v2/room")
    site.get("/v2/user")

    assert [call.target for call in admin_calls(site)] == ["/v2/user", "/v2/room"]


def test_calls_without_a_good_token_are_remembered_apart(site: Site) -> None:
    site.get("/v2/room", token=None)
    site.get("/v2/room", token="x" * 40)

    bad, missing = site.server.runtime.recent_calls.without_token()
    assert (bad.status, missing.status) == (401, 401)
    assert None not in (bad.problem, missing.problem)
    assert dict(bad.headers)["authorization"] == "Bearer ***"
    assert admin_calls(site) == []


def test_calls_of_no_operation_are_remembered(site: Site) -> None:
    site.get("/v2/rooms")
    site.get("/room")
    site.get("/v2/room?a=%ff")
    site.send("PATCH", "/v2/room")

    calls = [*admin_calls(site), *site.server.runtime.recent_calls.without_token()]
    assert sorted(call.status for call in calls) == [400, 404, 404, 405]
    assert {call.operation_id for call in calls} == {"unknown"}


def test_a_client_that_hung_up_got_no_answer_to_remember(site: Site) -> None:
    site.add_room("Ops")

    site.post("/v2/room/Ops/message", body=b"{", hangs_up=True)

    assert admin_calls(site) == []


def test_a_token_is_shown_nowhere(site: Site) -> None:
    token = site.token
    site.post(f"/v2/room?auth_token={token}", {"name": token, token: 1})
    site.get(f"/v2/oauth/token/{token}")
    site.get(f"/v2/oauth//token/{token}/?access_token={token}")
    site.get(f"/v2/%6fauth/token/{token}/more")
    client = site.add_client(["send_notification"])
    site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials",
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    )
    calls = [*admin_calls(site), *site.server.runtime.recent_calls.without_token()]
    shown = repr(calls)

    assert len(calls) == 5
    assert token not in shown
    assert client.secret not in shown
    assert basic(client.id, client.secret)[1] not in shown
    assert '"access_token": "***"' in shown


@pytest.mark.parametrize(
    "address",
    [
        "https://ann:S3cr3tWord@h.example/",
        r"https:\/\/ann:S3cr3tWord@h.example\/",
        "https://S3cr3tWord@h.example",
        "HTTPS://ann:S3cr3tWord%21@h.example",
        "https%3A%2F%2Fann%3AS3cr3tWord%40h.example%2F",
        "https%3a//ann:S3cr3tWord@h.example",
    ],
)
def test_a_password_in_an_address_is_shown_nowhere(site: Site, address: str) -> None:
    site.add_room("Ops")
    form = f"url={address}&event=room_message&name=x".encode()
    json = b'{"url":"%b","event":"room_message"}' % address.encode()
    for body, headers in (
        (form, [FORM]),
        (json, [("Content-Type", "application/json")]),
    ):
        site.send("POST", "/v2/room/Ops/webhook", body=body, headers=headers)
    site.send("GET", f"/v2/room?page={address}", headers=[("Referer", address)])

    shown = repr(admin_calls(site))

    assert len(admin_calls(site)) == 3
    assert "S3cr3tWord" not in shown
    assert "h.example" in shown


def test_no_more_is_hidden_of_an_address_than_who_signs_in() -> None:
    for text in (
        "https://h.example/@ann",
        "at 10://x",
        "mail ann@h.example: https://h",
    ):
        assert mask_addresses(text) == text
    assert mask_addresses("see ftp://a:b@h/x@y") == "see ftp://***@h/x@y"


def test_one_token_keeps_fifty_calls_and_all_keep_a_thousand() -> None:
    calls = RecentCalls(most=100, most_of_token=5)
    for number in range(200):
        calls.add(heard(1, at_us=number))
        calls.add(heard(2 + number, at_us=number))

    assert [call.at_us for call in calls.of_token(1)] == [199, 198, 197, 196, 195]
    assert calls.of_token(2) == []
    assert len(calls.of_token(201)) == 1
    assert sum(len(calls.of_token(number)) for number in range(300)) == 100


def test_no_call_takes_more_than_a_few_kilobytes() -> None:
    calls = RecentCalls()
    large = b"x" * 1_000_000
    headers = [(b"x", large), *[(b"name", b"value")] * 10_000]
    call = heard(
        target=large, headers=headers, body=large, answer=large, peer=large.decode()
    )
    calls.add(call)

    assert len(call.peer) < 100
    kept = sum(len(name) + len(value) for name, value in call.headers)
    kept += len(call.target) + len(call.body) + len(call.answer)
    assert kept < 6_000


@pytest.mark.parametrize(
    "body",
    [
        f'{{"password": "{SECRET}", "name": "Ann"}}',
        f'{{"name": "Ann", "client_secret":"{SECRET}"}}',
        f'{{"name": "Ann", "pass\\u0077ord":"{SECRET}"}}',
        f'{{"name": "Ann", "a": [{{"accessToken" : ["{SECRET}", {{"a": 1}}]}}]}}',
        f'{{"name": "Ann", "refresh_token": {{"a": {{"b": "{SECRET}"}}}}}}',
        f'{{"name": "Ann", "code": "{SECRET}"}}',
    ],
)
def test_secrets_in_json_are_masked_and_the_rest_is_shown(body: str) -> None:
    for is_cut in (False, True):
        shown = mask_body(body, is_cut=is_cut)
        assert SECRET not in shown
        assert "Ann" in shown
        assert json.loads(shown)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"password": "{SECRET}',
        f'{{"password": "x\\"{SECRET}',
        f'{{"password" "{SECRET}"}}',
        f'{{"password"= "{SECRET}"}}',
        f"{{'password': '{SECRET}'}}",
        f"{{password: '{SECRET}'}}",
        f'{{"password": "x" {SECRET}"}}',
        f'{{"password": "x", "{SECRET}"}}',
        f'{{"pass\\u0077ord": "{SECRET}"',
        f'{{"password": [1, "{SECRET}"',
        f"<password>{SECRET}</password>",
        f"password: {SECRET}",
        f'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{SECRET}',
        f"a=1&p%61ssword={SECRET}",
        f"code={SECRET}&client_secret={SECRET}&refresh_token={SECRET}",
        f"a=1\npassword: {SECRET}",
        f"a b=1&p%61ssword={SECRET}",
        f'payload=%7B"password":"{SECRET}"%7D',
        f'"password", "{SECRET}"',
        f"a=b;password={SECRET}",
        f"auth_token[]={SECRET}&user[pwd]={SECRET}",
        f"%2570assword={SECRET}",
        f"payload=%257B%2522password%2522%253A%2522{SECRET}%2522%257D",
        f'{{"payload": "{{\\"password\\": \\"{SECRET}\\"}}"}}',
        f'{{"x": "\\u0070assword={SECRET}"}}',
        f'{{"x": "https://ci.test/?token={SECRET}"}}',
        f'{{"tokens": ["{SECRET}"], "pwd": "{SECRET}"}}',
    ],
)
def test_broken_bodies_leak_nothing(body: str) -> None:
    assert SECRET not in mask_body(body, is_cut=False)


@pytest.mark.parametrize("length", range(1, 90))
def test_a_body_that_is_cut_off_anywhere_leaks_nothing(length: int) -> None:
    body = (
        f'{{"a": ["b", 1, null], "password": "{SECRET}", "c": {{"token": "{SECRET}"}}}}'
    )

    assert SECRET[:5] not in mask_body(body[:length], is_cut=True)


def test_a_body_without_secrets_is_shown_as_it_came() -> None:
    broken = '{"message": "build "7" failed"'

    assert mask_body(broken, is_cut=False) == broken
    assert mask_body("message=a+b&notify=1", is_cut=False) == ("message=a+b&notify=1")
    error = '{"error": {"code": 400, "message": "no token"}}'
    assert mask_body(error, is_cut=False) == error
    link = '{"message": "see https://ci.test/?job=7;a=b", "token_type": "bearer"}'
    assert mask_body(link, is_cut=False) == link


def test_secrets_in_addresses_and_headers_are_masked() -> None:
    assert mask_target("/v2/addon/link/abc") == "/v2/addon/link/***"
    assert mask_target("/v2/room/a%2Fb?auth_token=x&a=1&%74oken=y") == (
        "/v2/room/a%2Fb?auth_token=***&a=1&%74oken=***"
    )
    assert mask_header(b"authorization", b"Basic abc") == "Basic ***"
    assert mask_header(b"authorization", b"abc") == "***"
    assert mask_header(b"cookie", b"a=b") == "***"
    assert mask_header(b"referer", b"http://x/?auth_token=y") == (
        "http://x/?auth_token=***"
    )
    assert mask_header(b"referer", b"http://x/v2/oauth/token/y") == (
        "http://x/v2/oauth/token/***"
    )


@pytest.mark.parametrize(
    "target",
    [
        f"/v2/room/Ops/notification&auth_token={SECRET}",
        f"/v2/room/Ops/auth_token={SECRET}",
        f"/v2/room/Ops?a=1;auth_token={SECRET}",
        f"/v2/room/Ops?auth%255Ftoken={SECRET}",
        f"/v2/room/Ops?auth_token[]={SECRET}",
        f"/v2/room?url=http%3A//x/%3Fauth_token%3D{SECRET}",
        f"/v2/oauth/./token//{SECRET}",
    ],
)
def test_a_crooked_address_shows_no_secret(target: str) -> None:
    assert SECRET not in mask_target(target)


def test_a_token_without_its_scheme_is_masked() -> None:
    for value in (f"{SECRET * 3} x", f"Bearer,{SECRET} x", f"Bearer {SECRET}"):
        assert SECRET not in mask_header(b"authorization", value.encode())
    assert mask_header(b"authorization", b"Token x") == "Token ***"


def test_a_token_that_an_address_names_is_masked_in_its_answer() -> None:
    calls = RecentCalls()
    path = f"/v2/oauth/token/{SECRET}"
    answer = json.dumps({"links": {"self": f"https://chat.test{path}"}})
    calls.add(heard(1, target=path.encode(), answer=answer.encode()))

    (call,) = calls.of_token(1)

    assert SECRET not in repr(call)
