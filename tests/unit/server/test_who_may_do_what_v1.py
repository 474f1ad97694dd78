"""Who may do what by API v1: rooms stand among the arguments, and 403 means too many calls."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from hipkit.api.catalog import Entry
from hipkit.server.services.access.scopes import SCOPES
from hipkit.v1.catalog import OPERATIONS
from tests.unit.server.asgi import FORM, RawResponse
from tests.unit.server.two_groups import KINDS, Part, World, name_of, token_of

OF_A_ROOM = [
    entry for entry in OPERATIONS if "room_id" in entry.load().__struct_fields__
]

every = pytest.mark.parametrize


def ask(
    world: World,
    entry: Entry,
    token: str | None,
    *,
    room: str | int = "open",
    part: Part | None = None,
    query: dict[str, object] | None = None,
) -> RawResponse:
    """Make a call that would succeed for somebody who may make it."""
    found = part or world.first
    fields: dict[str, object] = {
        "room_id": found.ids.get(str(room), room),
        "user_id": found.ids["ann"],
        "name": "New room",
        "email": "new@example.com",
        "owner_user_id": found.ids["carol"],
        "from": "Program",
        "message": "x",
        "topic": "Another",
        "date": "recent",
    }
    if token is not None:
        fields["auth_token"] = token
    path, extra = f"/v1{entry.path}", urlencode(query or {})
    if entry.method == "GET":
        return world.site.get(f"{path}?{urlencode(fields)}&{extra}", token=None)
    return world.site.send(
        "POST",
        f"{path}?{extra}",
        body=urlencode(fields).encode(),
        headers=[FORM],
        token=None,
    )


@every("entry", OPERATIONS, ids=name_of)
def test_without_a_good_token_nothing_is_told(shared: World, entry: Entry) -> None:
    with shared.stays_as_it_is():
        for token in (None, "x" * 40, "ж"):
            reply = ask(shared, entry, token)
            assert reply.status == 401
            assert b"of group" not in reply.body


@every("entry", OPERATIONS, ids=name_of)
def test_a_token_of_the_wrong_kind_or_without_the_scope_is_refused(
    shared: World, entry: Entry
) -> None:
    operation = entry.load()
    poor = token_of(shared, SCOPES.keys() - set(operation.scopes))
    refused = [
        shared.first.tokens[name]
        for kind, name in KINDS.items()
        if kind not in operation.token_types
    ]

    with shared.stays_as_it_is():
        for token in (poor, *refused):
            reply = ask(shared, entry, token)
            assert reply.status == 401
            assert b"of group" not in reply.body


@every("room", ["other", "private", "archived", 987654, "other of group 1"])
@every("entry", OF_A_ROOM, ids=name_of)
def test_a_token_of_one_room_never_reaches_another(
    shared: World, entry: Entry, room: str | int
) -> None:
    first = shared.first
    own: dict[str, object] = {"room_id": first.ids["open"]}
    with shared.stays_as_it_is():
        for name in ("room client", "notifier", "ann in open"):
            for query in (None, own) if entry.method == "POST" else (None,):
                reply = ask(shared, entry, first.tokens[name], room=room, query=query)
                assert reply.status == 401, reply.body
                assert b"of group" not in reply.body


@every("entry", OF_A_ROOM, ids=name_of)
def test_a_token_of_one_group_never_reaches_another(
    shared: World, entry: Entry
) -> None:
    with shared.stays_as_it_is():
        for room in ("open", "open of group 2"):
            reply = ask(shared, entry, shared.site.token, part=shared.second, room=room)
            assert reply.status == 404, reply.body
            assert b"of group 2" not in reply.body.replace(b"open of group 2", b"")


@every("entry", OPERATIONS, ids=name_of)
def test_answers_hold_nothing_of_another_group(world: World, entry: Entry) -> None:
    reply = ask(world, entry, world.site.token)

    assert reply.status == 200, reply.body
    assert b"of group 2" not in reply.body
    assert b"second.test" not in reply.body


@every("entry", OF_A_ROOM, ids=name_of)
def test_people_may_in_a_private_room_what_their_place_in_it_allows(
    copy_of: Callable[[], World], entry: Entry
) -> None:
    is_administering = not {"admin_room", "manage_rooms"}.isdisjoint(
        entry.load().scopes
    )
    for person in ("dan", "gil", "ann", "bob", "carol"):
        world = copy_of()
        is_allowed = person in ("bob", "carol") or (
            person == "ann" and not is_administering
        )
        before = world.digest()

        reply = ask(world, entry, world.first.tokens[person], room="private")

        if is_allowed:
            assert reply.status == 200, (person, reply.body)
        else:
            assert reply.status in (401, 404), (person, reply.body)
            assert b"of group" not in reply.body
            assert world.digest() == before


@every("entry", OF_A_ROOM, ids=name_of)
def test_in_an_archived_room_nothing_is_said(world: World, entry: Entry) -> None:
    before = world.digest()

    reply = ask(world, entry, world.site.token, room="archived")

    if entry.operation_id in (
        "rooms_message",
        "rooms_message_by_get",
        "rooms_topic",
    ):
        assert reply.status == 401
        assert world.digest() == before
    else:
        assert reply.status == 200


def test_a_person_of_another_group_owns_no_room_here(shared: World) -> None:
    owner = shared.second.ids["carol"]
    fields = {"name": "New", "owner_user_id": owner, "auth_token": shared.site.token}

    with shared.stays_as_it_is():
        reply = shared.site.send(
            "POST",
            "/v1/rooms/create",
            body=urlencode(fields).encode(),
            headers=[FORM],
            token=None,
        )

    assert reply.status == 400
