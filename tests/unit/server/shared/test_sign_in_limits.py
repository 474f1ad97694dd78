"""Nobody finds a password by trying, and nobody is locked out by others who try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.app import open_server
from hipkit.server.services.access import password_links, passwords
from hipkit.server.shared.sign_in_limits import Attempt, MemorySignInLimits
from hipkit.server.storage.protocol import Stores
from tests.unit.server.asgi import FORM, PASSWORD, Site, basic
from tests.unit.server.page.visitor import Visitor

HERE, THERE = "192.0.2.1", "198.51.100.7"

ANN = Attempt(
    group_id=1, name="ann", user_id=7, network=HERE, is_known=False, is_open=True
)
NOBODY = replace(ANN, name="nobody", user_id=None)


def test_a_flood_of_names_takes_little_memory() -> None:
    limits = MemorySignInLimits(lambda: 0.0)

    for number in range(100_000):
        name, network = f"name{number}", f"n{number % 40_000}"
        limits.count_failure(replace(NOBODY, name=name, network=network))

    assert len(limits._of_nobody.of_place._windows) <= 1 << 16
    assert len(limits._of_nobody.of_name._windows) <= 1 << 16
    assert len(limits._of_network._windows) <= 20_000


def attempt_of(user_id: int, network: str = HERE) -> Attempt:
    return replace(ANN, user_id=user_id, network=network)


def fail(site: Site, user_id: int, network: str, times: int) -> None:
    for _ in range(times):
        site.server.runtime.sign_ins.count_failure(attempt_of(user_id, network))


def fail_from_everywhere(site: Site, user_id: int) -> None:
    for number in range(200):
        fail(site, user_id, f"203.0.113.{number}", 1)


def grant(site: Site, password: str, peer: str, *, with_client: bool = False) -> int:
    form = {"grant_type": "password", "username": "@ann", "password": password}
    headers, token = [FORM], site.token
    if with_client:
        client = site.add_client(["send_message"])
        headers.append(basic(client.id, client.secret))
    return site.send(
        "POST",
        "/v2/oauth/token",
        body=urlencode(form).encode(),
        headers=headers,
        token=None if with_client else token,
        peer=peer,
    ).status


def grant_to_client(site: Site, password: str, peer: str) -> int:
    return grant(site, password, peer, with_client=True)


def page_sign_in(site: Site, password: str, peer: str) -> int:
    status = Visitor(site, peer=peer).sign_in("ann", password).status
    return 200 if status == 303 else status


def page_change(site: Site, password: str, peer: str) -> int:
    visitor = Visitor(site, peer=peer)
    visitor.take_session("ann")
    answer = visitor.fill(
        "/account",
        "/account/password",
        present=password,
        password=PASSWORD,
        again=PASSWORD,
    )
    return {303: 200, 400: 401}.get(answer.status, answer.status)


Way = Callable[[Site, str, str], int]


@pytest.fixture
def ann(site: Site) -> int:
    return site.add_user("ann", mention_name="ann")


@pytest.mark.parametrize("way", [grant, grant_to_client, page_sign_in, page_change])
class TestEveryWayIn:
    def test_is_closed_by_failures_where_they_came_from_alone(
        self, site: Site, ann: int, way: Way
    ) -> None:
        fail(site, ann, HERE, 19)
        assert way(site, "wrong horse", HERE) == 401

        assert way(site, PASSWORD, HERE) == 429
        assert way(site, PASSWORD, THERE) == 200
        site.clock[0] += 301
        assert way(site, PASSWORD, HERE) == 200

    def test_counts_no_success(self, site: Site, ann: int, way: Way) -> None:
        fail(site, ann, HERE, 19)

        assert [way(site, PASSWORD, HERE) for _ in range(3)] == [200] * 3
        assert way(site, "wrong horse", HERE) == 401
        assert way(site, PASSWORD, HERE) == 429

    def test_is_slow_where_nobody_signed_in_while_many_try(
        self, site: Site, ann: int, way: Way
    ) -> None:
        assert page_sign_in(site, PASSWORD, HERE) == 200
        fail_from_everywhere(site, ann)

        assert way(site, "wrong horse", THERE) == 401
        assert way(site, PASSWORD, THERE) == 429
        assert way(site, PASSWORD, HERE) == 200
        site.clock[0] += 31
        assert way(site, PASSWORD, THERE) == 200
        assert way(site, PASSWORD, THERE) == 200


def test_networks_are_known_after_a_start_too(site: Site, ann: int) -> None:
    assert grant(site, PASSWORD, HERE) == 200
    site.server.close()
    site.server = asyncio.run(open_server(site.server.settings))
    fail_from_everywhere(site, ann)

    assert grant(site, "wrong horse", THERE) == 401
    assert grant(site, PASSWORD, THERE) == 429
    assert grant(site, PASSWORD, HERE) == 200
    site.server.close()


def test_a_link_leads_in_from_anywhere_and_makes_the_network_known(
    site: Site, ann: int
) -> None:
    fail_from_everywhere(site, ann)
    context = site.operator_context()
    key = asyncio.run(password_links.create_password_link(context, ann))
    visitor = Visitor(site, peer=THERE)

    path = f"/set-password?key={key}"
    answer = visitor.fill(path, "/set-password", password=PASSWORD, again=PASSWORD)

    assert answer.status == 303
    assert [page_sign_in(site, PASSWORD, THERE) for _ in range(2)] == [200, 200]


def test_the_networks_of_a_person_are_few_and_end_with_them(
    site: Site, ann: int
) -> None:
    sessions = site.server.database.stores.web_sessions

    async def add(stores: Stores) -> None:
        for number in range(30):
            network = f"10.0.0.{number}"
            await stores.web_sessions.add_network(ann, network, site.now_us)

    asyncio.run(site.server.database.write(add))

    known = [asyncio.run(sessions.knows_network(ann, f"10.0.0.{n}")) for n in range(30)]
    assert known == [False] * 10 + [True] * 20
    site.delete(f"/v2/user/{ann}")
    assert site.sql("SELECT id FROM known_networks") == []


def try_at_once(
    site: Site, password: str, times: int, name: str = "@ann", peer: str = HERE
) -> list[bool | None]:
    """Return for each try whether it was right; `None` where it was refused."""

    async def one() -> bool | None:
        context = replace(site.context(), peer=peer)
        try:
            await passwords.user_with_password(context, 1, name, password)
        except UnauthorizedError:
            return False
        except RateLimitError:
            return None
        return True

    async def work() -> list[bool | None]:
        return list(await asyncio.gather(*(one() for _ in range(times))))

    return asyncio.run(work())


def test_who_is_right_many_times_at_once_gets_in_every_time(
    site: Site, ann: int
) -> None:
    assert try_at_once(site, PASSWORD, 25) == [True] * 25


def test_what_is_sent_at_once_gets_no_more_tries(site: Site, ann: int) -> None:
    found = try_at_once(site, "wrong horse", 60)

    # One more may be looked at in the other thread while the last one fails.
    assert found.count(False) in (20, 20 + passwords.AT_ONCE - 1)
    assert found.count(None) == 60 - found.count(False)


def test_a_crowd_of_strangers_leaves_place_for_those_who_are_known(
    site: Site, ann: int
) -> None:
    assert grant(site, PASSWORD, HERE) == 200
    taken = 0
    while passwords.places_for_unknown.acquire(blocking=False):
        taken += 1
    try:
        assert grant(site, PASSWORD, THERE) == 429
        assert grant(site, PASSWORD, HERE) == 200
    finally:
        passwords.places_for_unknown.release(taken)
    assert taken < passwords.MOST_WAITING


@pytest.mark.parametrize("name", ["@ann", "nobody"])
def test_a_refused_try_does_not_count(site: Site, ann: int, name: str) -> None:
    found = try_at_once(site, "", 300, name)

    # In any order: which of them is looked at first is the database's to say.
    assert (found.count(False), found.count(None)) == (20, 280)
    assert try_at_once(site, "", 2, name, THERE) == [False, False]
