from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
import threading
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipkit.api.errors import RateLimitError
from hipkit.server.services.access import password_hashes, passwords
from hipkit.server.services.access.password_hashes import (
    check_password,
    hash_password,
    is_outdated,
    normalise_password,
)
from hipkit.server.services.access.password_links import (
    create_password_link,
    use_password_link,
)
from hipkit.server.services.errors import InvalidValueError
from tests.unit.server.asgi import FORM, RawResponse, Site


def scrypt(password: str) -> str:
    """Hash a password as servers did before argon2id."""
    salt = b"0123456789abcdef"
    digest = hashlib.scrypt(
        password.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=2**26, dklen=32
    )
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", "16384:8:1", *encoded))


@pytest.fixture
def without_argon2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "argon2", None)
    password_hashes._argon2.cache_clear()
    yield
    password_hashes._argon2.cache_clear()


def set_hash(site: Site, user_id: int, stored: str) -> None:
    asyncio.run(
        site.server.database.write(
            lambda stores: stores.users.set_password(user_id, stored)
        )
    )


def hash_of(site: Site, user_id: int) -> str:
    found = asyncio.run(site.server.database.stores.users.password_hash(user_id))
    assert found is not None
    return found


def sign_in(site: Site, name: str, password: str) -> RawResponse:
    form = {"grant_type": "password", "username": name, "password": password}
    return site.send(
        "POST", "/v2/oauth/token", body=urlencode(form).encode(), headers=[FORM]
    )


def test_a_password_is_known_by_its_hash_alone() -> None:
    stored = hash_password("pässword")

    assert stored.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert "pässword" not in stored
    assert stored != hash_password("pässword")
    assert check_password("pässword", stored)
    assert not check_password("password", stored)
    assert not is_outdated(stored)


def test_a_hash_by_scrypt_matches_no_password_and_a_link_sets_a_new_one(
    site: Site,
) -> None:
    ann = site.add_user("Ann")
    set_hash(site, ann, scrypt("correct horse"))
    assert sign_in(site, "@Ann", "correct horse").status == 401

    key = asyncio.run(create_password_link(site.operator_context(), "@Ann"))
    asyncio.run(use_password_link(site.context(), key, "battery staple"))

    assert hash_of(site, ann).startswith("$argon2id$")
    assert sign_in(site, "@Ann", "battery staple").status == 200


def test_a_hash_with_another_cost_is_renewed_by_signing_in(site: Site) -> None:
    from argon2 import PasswordHasher

    ann = site.add_user("Ann")
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("horse")
    set_hash(site, ann, cheap)
    assert is_outdated(cheap)

    assert sign_in(site, "@Ann", "wrong").status == 401
    assert hash_of(site, ann) == cheap
    assert sign_in(site, "@Ann", "horse").status == 200
    newer = hash_of(site, ann)
    assert not is_outdated(newer)
    assert sign_in(site, "@Ann", "horse").status == 200
    assert hash_of(site, ann) == newer


def test_a_password_that_changed_meanwhile_is_not_put_back(site: Site) -> None:
    ann = site.add_user("Ann")
    set_hash(site, ann, "newer")

    asyncio.run(
        site.server.database.write(
            lambda stores: stores.users.renew_password_hash(ann, "older", "renewed")
        )
    )

    assert hash_of(site, ann) == "newer"


@pytest.mark.usefixtures("without_argon2")
def test_without_argon2_people_can_be_added_but_not_sign_in(site: Site) -> None:
    site.add_user("Ann")
    person = {"name": "Bob", "email": "bob@example.com", "password": "correct horse"}
    assert site.post("/v2/user", person).status == 201

    for name in ("bob@example.com", "@Ann", "@nobody"):
        reply = sign_in(site, name, "correct horse")
        assert reply.status == 501
        assert "Passwords need the extra server" in reply.error["message"]


@pytest.mark.parametrize(
    "stored",
    [None, "", "!", "x", "md5$1$2$3", "scrypt", "scrypt$$$", scrypt("horse")],
)
def test_what_argon2_did_not_make_matches_no_password(stored: str | None) -> None:
    assert not check_password("horse", stored)
    assert not check_password("!", stored)


def test_without_a_hash_a_password_is_hashed_all_the_same(
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
def test_a_password_is_settled_in_one_step(password: str) -> None:
    assert normalise_password(normalise_password(password)) == normalise_password(
        password
    )


@given(st.text(st.characters(categories=["Cs", "L"]), min_size=1, max_size=20))
@settings(max_examples=5, deadline=None)
def test_no_text_breaks_the_hashing(password: str) -> None:
    assert check_password(password, hash_password(password))


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("seven77", "minLength"),
        ("x" * 1025, "maxLength"),
        ("line\nend-of-it", "pattern"),
        ("a\u0308" * 4, "minLength"),
    ],
)
def test_a_password_that_is_not_taken_says_why(password: str, rule: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        asyncio.run(passwords.hash_new_password(password))

    assert (caught.value.field, caught.value.validation) == ("password", rule)
    assert password not in str(caught.value)


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1024, "📎" * 8])
def test_the_shortest_and_the_longest_password_are_taken(
    site: Site, password: str
) -> None:
    ann = site.add_user("Ann")
    set_hash(site, ann, asyncio.run(passwords.hash_new_password(password)))

    assert sign_in(site, "@Ann", password).status == 200
    assert sign_in(site, "@Ann", password * 100).status == 401


def test_the_api_refuses_a_short_password_without_repeating_it(site: Site) -> None:
    person = {"name": "Ann", "email": "ann@example.com", "password": "s3cret!"}

    reply = site.post("/v2/user", person)

    assert reply.status == 400
    assert (reply.error["field"], reply.error["validation"]) == (
        "password",
        "minLength",
    )
    assert b"s3cret!" not in reply.body
    assert site.get("/v2/user/@Ann").status == 404


def test_hashing_never_holds_the_event_loop_and_runs_twice_at_once_at_most() -> None:
    lock, both, enough = threading.Lock(), threading.Event(), threading.Event()
    names: set[str] = set()
    active, most = 0, 0

    def work() -> None:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
            names.add(threading.current_thread().name)
            if active == passwords.AT_ONCE:
                both.set()
        enough.wait(30)
        with lock:
            active -= 1

    async def main() -> None:
        tasks = [asyncio.ensure_future(passwords._in_thread(work)) for _ in range(6)]
        await asyncio.to_thread(both.wait, 30)
        enough.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())

    assert most == passwords.AT_ONCE
    assert all(name.startswith("hipkit-password") for name in names)


def test_too_many_passwords_at_once_are_told_to_come_later() -> None:
    async def ask() -> str:
        return await passwords.hash_new_password("correct horse")

    taken = 0
    while passwords.places.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(RateLimitError):
            asyncio.run(ask())
    finally:
        passwords.places.release(taken)

    assert taken == passwords.MOST_WAITING
    assert asyncio.run(ask())
