from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.services.access import password_hashes, passwords
from hipkit.server.services.access.password_hashes import (
    is_outdated,
)
from hipkit.server.services.errors import InvalidValueError
from tests.unit.server.asgi import FORM, RawResponse, Site


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


def test_a_hash_is_not_renewed_if_the_password_changed_meanwhile(site: Site) -> None:
    ann = site.add_user("Ann")
    set_hash(site, ann, "newer")

    asyncio.run(
        site.server.database.write(
            lambda stores: stores.users.renew_password_hash(ann, "older", "renewed")
        )
    )

    assert hash_of(site, ann) == "newer"


@pytest.mark.usefixtures("without_argon2")
def test_without_argon2_users_can_be_added_but_not_sign_in(site: Site) -> None:
    site.add_user("Ann", password="correct horse")
    person = {"name": "Bob", "email": "bob@example.com", "password": "correct horse"}
    assert site.post("/v2/user", person).status == 201

    for name in ("bob@example.com", "@Ann", "@nobody"):
        reply = sign_in(site, name, "correct horse")
        assert reply.status == 501
        assert "Passwords need the extra server" in reply.error["message"]


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("seven77", "minLength"),
        ("x" * 1025, "maxLength"),
        ("line\nend-of-it", "pattern"),
        ("a\u0308" * 4, "minLength"),
    ],
)
def test_an_invalid_password_is_refused_by_the_rule_that_it_breaks(
    password: str, rule: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        asyncio.run(passwords.hash_new_password(password))

    assert (caught.value.field, caught.value.validation) == ("password", rule)
    assert password not in str(caught.value)


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1024, "📎" * 8])
def test_the_shortest_and_the_longest_password_are_valid(
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


def test_too_many_passwords_at_once_are_refused() -> None:
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


def test_members_sign_in_at_the_page_and_guests_get_the_error_of_a_wrong_password(
    site: Site,
) -> None:
    ann = site.add_user("ann", password="battery staple", mention_name="ann")
    joe = site.add_user("joe", mention_name="joe", is_guest=True)
    set_hash(site, joe, hash_of(site, ann))

    found = asyncio.run(passwords.sign_in(site.context(), "ann", "battery staple"))
    assert found.id == ann

    messages = set()
    for name, password in (("joe", "battery staple"), ("ann", "wrong")):
        with pytest.raises(UnauthorizedError) as caught:
            asyncio.run(passwords.sign_in(site.context(), name, password))
        messages.add(caught.value.message)
    assert len(messages) == 1
