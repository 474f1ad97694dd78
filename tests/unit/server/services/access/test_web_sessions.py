"""Web sessions: how long they last, and who may end them."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.server.services.access.web_sessions import (
    LONGEST_ADDRESS,
    LONGEST_SECONDS,
    WebSession,
    change_password,
    end_other_sessions,
    end_session,
    find_session,
    list_sessions,
    may_read,
    open_session,
    sweep_sessions,
    touch_session,
)
from hipkit.server.storage.stores.web_sessions import WebSessionRecord
from tests.unit.server.asgi import Site

DAY = 24 * 60 * 60


@pytest.fixture
def people(site: Site) -> Site:
    for name in ("ann", "bob"):
        site.add_user(name, mention_name=name)
    return site


def sign_in(site: Site, name: str) -> str:
    context = site.context_of(name)
    user = context.actor.user
    assert user is not None
    return asyncio.run(open_session(context, user, user_agent="x" * 500))


def find(site: Site, secret: str) -> WebSession | None:
    stores = site.server.database.stores
    return asyncio.run(find_session(stores, secret, site.now_us))


def record(site: Site, secret: str) -> WebSessionRecord:
    found = find(site, secret)
    assert found is not None
    return found.record


def touch(site: Site, secret: str, address: str = "") -> None:
    found = find(site, secret)
    assert found is not None
    context = site.server.runtime.context(peer=address)
    asyncio.run(touch_session(context, found))


def test_a_session_is_found_by_its_secret_only(people: Site) -> None:
    secret = sign_in(people, "ann")

    found = find(people, secret)

    assert found is not None
    assert found.user.mention_name == "ann"
    assert (found.actor.kind, found.actor.user_id) == ("browser", found.user.id)
    assert len(found.record.user_agent) == 300
    assert secret.encode() != found.record.hash
    assert find(people, secret[:-1]) is None


def test_an_unused_session_expires_after_two_weeks(people: Site) -> None:
    secret = sign_in(people, "ann")

    people.clock[0] += 14 * DAY - 1
    assert find(people, secret) is not None
    people.clock[0] += 2
    assert find(people, secret) is None
    assert asyncio.run(list_sessions(people.context_of("ann"))) == []


def test_a_session_in_use_expires_after_ninety_days(people: Site) -> None:
    secret = sign_in(people, "ann")
    for _ in range(8):
        people.clock[0] += 11 * DAY
        touch(people, secret)

    people.clock[0] += 2 * DAY + 1
    assert find(people, secret) is None


def test_a_deleted_user_has_no_session(people: Site) -> None:
    secret = sign_in(people, "ann")
    people.delete("/v2/user/@ann")

    assert find(people, secret) is None


def test_the_use_of_a_session_is_stored_once_a_minute_or_from_elsewhere(
    people: Site,
) -> None:
    secret = sign_in(people, "ann")
    first = record(people, secret)

    people.clock[0] += 30
    touch(people, secret)
    assert record(people, secret) == first
    touch(people, secret, "192.0.2.2")
    moved = record(people, secret)
    assert (moved.address, moved.last_seen_us > first.last_seen_us) == (
        "192.0.2.2",
        True,
    )
    people.clock[0] += 61
    touch(people, secret, "192.0.2.2")
    assert record(people, secret).last_seen_us > moved.last_seen_us


def test_users_end_their_own_sessions_only(people: Site) -> None:
    first, second, other = (
        sign_in(people, "ann"),
        sign_in(people, "ann"),
        sign_in(people, "bob"),
    )
    ann = people.context_of("ann")

    asyncio.run(end_session(ann, record(people, other).id))
    asyncio.run(end_other_sessions(ann, record(people, second).id))

    assert find(people, other) is not None
    assert find(people, first) is None
    asyncio.run(end_session(ann, record(people, second).id))
    assert find(people, second) is None


def test_a_new_password_ends_all_sessions_but_the_one_to_keep(people: Site) -> None:
    first, kept, other = (
        sign_in(people, "ann"),
        sign_in(people, "ann"),
        sign_in(people, "bob"),
    )
    found = record(people, kept)

    asyncio.run(
        people.server.database.write(
            lambda stores: change_password(stores, found.user_id, "hash", keep=found.id)
        )
    )

    assert find(people, first) is None
    assert find(people, kept) is not None
    assert find(people, other) is not None


def test_sweeping_deletes_expired_sessions_only(people: Site) -> None:
    old = record(people, sign_in(people, "ann"))
    people.clock[0] += 15 * DAY
    sign_in(people, "ann")
    database, now_us = people.server.database, people.now_us

    asyncio.run(database.write(lambda stores: sweep_sessions(stores, now_us)))

    left = asyncio.run(database.stores.web_sessions.of_user(old.user_id))
    assert old.id not in [one.id for one in left]
    assert len(left) == 1
    assert LONGEST_SECONDS == 90 * DAY


def test_the_stored_address_is_cut(people: Site) -> None:
    secret = sign_in(people, "ann")

    touch(people, secret, "x" * 1000)

    assert record(people, secret).address == "x" * LONGEST_ADDRESS


def test_a_session_may_read_what_its_user_may_at_the_present_time(
    people: Site,
) -> None:
    secret, context = sign_in(people, "ann"), people.context()
    stores = people.server.database.stores

    def conversation(room_id: int) -> int:
        room = asyncio.run(stores.rooms.get(room_id))
        assert room is not None
        return room.conversation_id

    ops = conversation(people.add_room("Ops"))
    board = conversation(people.add_room("Board", is_private=True))

    def allowed(secret: str, conversation_id: int) -> bool:
        return asyncio.run(may_read(context, secret, conversation_id))

    assert allowed(secret, ops)
    assert not allowed(secret, board)
    assert not allowed(secret, 999)
    assert not allowed("another secret", ops)
    people.clock[0] += 15 * DAY
    assert not allowed(secret, ops)
