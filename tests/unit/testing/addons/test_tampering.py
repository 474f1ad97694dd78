"""Changes of what a server sends; `test_network.py` shows what an add-on makes of them."""

from __future__ import annotations

import json

import jwt
import pytest

from hipkit.testing.addons.tampering import Tampering, signature_in, tampered
from hipkit.transports.protocol import Request

SECRET = "s" * 40
CLAIMS = {"iss": "1", "sub": "41", "iat": 1_000_000, "exp": 1_003_600}


def signed(body: bytes = b'{"item": {"room": {"id": 7}}}') -> Request:
    token = jwt.encode(CLAIMS, SECRET, "HS256")
    headers = (("X-Other", "kept"), ("authorization", f"JWT {token}"))
    return Request("POST", "https", "addons.test", 443, "/x", headers, body)


def change(request: Request, how: Tampering, earlier: str | None = None) -> Request:
    return tampered(
        request, how, secret=SECRET, earlier=earlier, wrong_host="https://wrong.test"
    )


def token_of(request: Request) -> str:
    token = signature_in(request)
    assert token is not None
    return token


def test_a_signature_is_left_out_and_the_rest_stays() -> None:
    changed = change(signed(), "unsigned")
    assert changed.headers == (("X-Other", "kept"),)
    assert changed.content == signed().content


def test_a_signature_is_forged() -> None:
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token_of(change(signed(), "forged")), SECRET, algorithms=["HS256"])


def test_a_signature_says_that_it_needs_none() -> None:
    token = token_of(change(signed(), "alg_none"))
    assert jwt.get_unverified_header(token)["alg"] == "none"
    assert token.endswith(".")
    assert jwt.decode(token, options={"verify_signature": False}) == CLAIMS


@pytest.mark.parametrize(
    ("how", "changes"),
    [
        ("expired", {"iat": 992_800, "exp": 996_400}),
        ("stranger", {"iss": "00000000-0000-4000-8000-000000000000"}),
    ],
)
def test_claims_are_changed_with_a_good_signature(
    how: Tampering, changes: dict[str, object]
) -> None:
    token = token_of(change(signed(), how))
    claims = jwt.decode(
        token, SECRET, algorithms=["HS256"], options={"verify_exp": False}
    )
    assert claims == {**CLAIMS, **changes}


def test_a_signature_is_that_of_an_earlier_request() -> None:
    assert token_of(change(signed(), "replayed", "a.b.c")) == "a.b.c"
    assert change(signed(), "replayed").content == signed().content


def test_a_body_is_about_another_room() -> None:
    changed = change(signed(), "other_body")
    assert token_of(changed) == token_of(signed())
    assert isinstance(changed.content, bytes)
    assert json.loads(changed.content)["item"]["room"]["id"] != 7


def test_an_installation_names_another_host_and_an_event_stays() -> None:
    changed = change(signed(b'{"oauthId": "1"}'), "wrong_host")
    assert isinstance(changed.content, bytes)
    assert json.loads(changed.content) == {
        "oauthId": "1",
        "capabilitiesUrl": "https://wrong.test/v2/capabilities",
    }
    assert change(signed(), "wrong_host") == signed()


def test_what_is_not_signed_stays() -> None:
    plain = Request("GET", "https", "addons.test", 443, "/capabilities")
    assert change(plain, "forged") == plain
