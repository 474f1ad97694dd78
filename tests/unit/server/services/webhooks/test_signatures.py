"""The JSON Web Tokens of events."""

from __future__ import annotations

import importlib.util

import jwt
import pytest

from hipkit.server.services.errors import NotImplementedHereError
from hipkit.server.services.webhooks.signatures import check_can_sign, sign_request

SECRET = "s" * 40


def sign(user_id: int | None) -> str:
    return sign_request(
        SECRET,
        client_id="client",
        user_id=user_id,
        room_id=7,
        timezone="Europe/Berlin",
        token_id="unique",
        now_seconds=1_000,
        good_seconds=60,
    )


def claims(token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(
        token,
        SECRET,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    return found


def test_the_claims_are_those_of_hipchat() -> None:
    assert claims(sign(5)) == {
        "iss": "client",
        "sub": "5",
        "prn": "5",
        "iat": 1_000,
        "exp": 1_060,
        "jti": "unique",
        "context": {"room_id": 7, "user_tz": "Europe/Berlin"},
    }


def test_an_event_that_no_user_caused_has_no_subject() -> None:
    assert claims(sign(None)).keys() & {"sub", "prn"} == set()


def test_signing_without_the_package_is_not_implemented(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_can_sign()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(NotImplementedHereError, match="server"):
        check_can_sign()
