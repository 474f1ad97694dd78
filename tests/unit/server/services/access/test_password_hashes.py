"""Hashes of passwords, and the passwords that match them."""

from __future__ import annotations

import base64
import hashlib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipkit.server.services.access.password_hashes import (
    check_password,
    hash_password,
    is_outdated,
    normalise_password,
)


def scrypt(password: str) -> str:
    """Hash a password as servers did before argon2id."""
    salt = b"0123456789abcdef"
    digest = hashlib.scrypt(
        password.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=2**26, dklen=32
    )
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", "16384:8:1", *encoded))


def test_a_hash_matches_its_password_only() -> None:
    stored = hash_password("pässword")

    assert stored.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert "pässword" not in stored
    assert stored != hash_password("pässword")
    assert check_password("pässword", stored)
    assert not check_password("password", stored)
    assert not is_outdated(stored)


@pytest.mark.parametrize(
    "stored",
    [None, "", "!", "x", "md5$1$2$3", "scrypt", "scrypt$$$", scrypt("horse")],
)
def test_a_hash_that_is_not_argon2_matches_no_password(stored: str | None) -> None:
    assert not check_password("horse", stored)
    assert not check_password("!", stored)


def test_without_a_stored_hash_checking_takes_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from argon2 import PasswordHasher

    hashed: list[bytes] = []

    def count(hasher: PasswordHasher, password: bytes) -> str:
        hashed.append(password)
        return "hash"

    monkeypatch.setattr(PasswordHasher, "hash", count)
    for stored in (None, scrypt("horse")):
        assert not check_password("horse", stored)

    assert hashed == [b"horse", b"horse"]


@pytest.mark.parametrize(
    ("set_as", "typed_as"),
    [
        ("pässword", unicodedata.normalize("NFD", "pässword")),
        ("two\u00a0words", "two words"),
        ("wide\u3000space", "wide space"),
    ],
)
def test_a_password_is_the_same_on_every_keyboard(set_as: str, typed_as: str) -> None:
    assert set_as != typed_as
    assert check_password(typed_as, hash_password(set_as))
    assert check_password(set_as, hash_password(typed_as))


def test_what_looks_alike_stays_another_password() -> None:
    stored = hash_password("ﬁle-A1")

    for other in ("file-A1", "ﬁle-a1", " ﬁle-A1", "ﬁle-A1 "):
        assert not check_password(other, stored)


@given(st.text(max_size=50))
def test_normalising_twice_changes_nothing_more(password: str) -> None:
    assert normalise_password(normalise_password(password)) == normalise_password(
        password
    )


@given(st.text(st.characters(categories=["Cs", "L"]), min_size=1, max_size=20))
@settings(max_examples=5, deadline=None)
def test_any_text_can_be_hashed(password: str) -> None:
    assert check_password(password, hash_password(password))
