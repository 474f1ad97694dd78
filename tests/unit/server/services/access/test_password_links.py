"""One-time links: who may create them, and when they are valid."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.password_links import (
    PasswordLinkError,
    create_password_link,
    find_link_user,
    password_link,
    use_password_link,
)
from tests.unit.server.asgi import Site
from tests.unit.server.services.access.test_password_hashes import scrypt
from tests.unit.server.services.access.test_passwords import hash_of, set_hash, sign_in

DAY = 24 * 60 * 60


def link(site: Site, user: str) -> str:
    return asyncio.run(create_password_link(site.operator_context(), user))


def use(site: Site, key: str, password: str = "battery staple") -> int:
    return asyncio.run(use_password_link(site.context(), key, password)).id


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


def test_a_link_works_once(site: Site) -> None:
    ann = site.add_user("Ann")
    key = link(site, "@Ann")

    assert use(site, key) == ann
    with pytest.raises(PasswordLinkError, match="was used already") as caught:
        use(site, key, "another horse")

    assert caught.value.status == 410
    assert sign_in(site, "@Ann", "battery staple").status == 200


def test_a_link_expires_after_a_day(site: Site) -> None:
    site.add_user("Ann")
    key = link(site, "@Ann")
    site.clock[0] += DAY

    with pytest.raises(PasswordLinkError, match="older than a day"):
        use(site, key)


def test_a_newer_link_replaces_the_one_before(site: Site) -> None:
    ann = site.add_user("Ann")
    first, second = link(site, "@Ann"), link(site, "@Ann")

    with pytest.raises(PasswordLinkError, match="replaced by a newer one"):
        use(site, first)
    assert use(site, second) == ann


def test_a_password_that_is_too_short_leaves_the_link_valid(site: Site) -> None:
    ann = site.add_user("Ann")
    key = link(site, "@Ann")

    with pytest.raises(BadRequestError, match="shorter than 8"):
        use(site, key, "short")

    assert use(site, key) == ann


def test_the_link_of_a_deleted_user_is_unknown(site: Site) -> None:
    site.add_user("Ann")
    key = link(site, "@Ann")
    site.delete("/v2/user/@Ann")

    with pytest.raises(PasswordLinkError):
        asyncio.run(find_link_user(site.server.database.stores, key, site.now_us))


def test_administrators_create_links_for_those_whom_they_may_change(
    site: Site,
) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    eve = site.add_user("eve", mention_name="eve")

    key = asyncio.run(create_password_link(site.context_of("boss"), "@eve"))

    assert use(site, key) == eve
    for name, other in (("eve", "@eve"), ("eve", "@boss"), ("boss", 1)):
        # Number 1 owns the group.
        with pytest.raises(ForbiddenError):
            asyncio.run(create_password_link(site.context_of(name), other))


def test_guests_and_unknown_users_get_no_link(site: Site) -> None:
    site.add_user("Gil", is_guest=True)

    with pytest.raises(BadRequestError, match="A guest has no password"):
        link(site, "@Gil")
    with pytest.raises(NotFoundError):
        link(site, "@Nobody")


def test_the_url_of_a_link_is_below_the_servers(site: Site) -> None:
    expected = "https://chat.example.com/set-password?key=abc"
    assert password_link("https://chat.example.com/", "abc") == expected
