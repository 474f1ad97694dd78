"""What is read of a call is shown without its secrets, however broken it is."""

from __future__ import annotations

import json

import pytest

from hipkit.server.shared.masking import (
    mask_addresses,
    mask_body,
    mask_header,
    mask_target,
)

SECRET = "s3cr3t-v4lue"


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
    assert mask_header(b"user-agent", b"curl/8.5.0") == "curl/8.5.0"
    assert mask_header(b"user-agent", b"bot/1 password: y") == "bot/1 passw***"
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


def test_no_more_is_hidden_of_an_address_than_who_signs_in() -> None:
    for text in (
        "https://h.example/@ann",
        "at 10://x",
        "mail ann@h.example: https://h",
    ):
        assert mask_addresses(text) == text
    assert mask_addresses("see ftp://a:b@h/x@y") == "see ftp://***@h/x@y"
