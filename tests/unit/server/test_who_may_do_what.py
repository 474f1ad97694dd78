"""Who may do what: every operation of the catalogue, with every kind of caller.

The expectations come from the spec (scopes, kinds of token) and from a few declared rules. What
is refused must leave the database as it was, and must show nothing of what it was about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hipkit.api.catalog import Entry
from hipkit.server.http.authorization import ROOM_ARGUMENT
from hipkit.server.services.access.scopes import (
    GROUP_SCOPES,
    GUEST_SCOPES,
    SCOPES,
    TokenKind,
)
from hipkit.server.services.registry import load_services
from hipkit.server.storage.protocol import Stores
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import RawResponse
from tests.unit.server.two_groups import (
    KINDS,
    ROOM_SCOPES,
    World,
    client_token,
    name_of,
    token_of,
)

HANDLERS = load_services()

OWN_SESSION = frozenset({"get_session", "delete_session"})
"""Calls about the token itself."""

WITH_TOKEN = [entry for entry in OPERATIONS if entry.load().auth == "bearer"]
WITH_SCOPES = [entry for entry in WITH_TOKEN if entry.load().scopes]
OF_A_ROOM = [entry for entry in WITH_TOKEN if f"{{{ROOM_ARGUMENT}}}" in entry.path]
SERVED = [entry for entry in WITH_TOKEN if entry.load() in HANDLERS]
BY_PEOPLE = [
    entry for entry in SERVED if "user" in (entry.load().token_types or ("user",))
]
ROOMS_BY_PEOPLE = [entry for entry in BY_PEOPLE if entry in OF_A_ROOM]
IN_ARCHIVED_ROOMS_REFUSED = {
    "invite_user",
    "reply_to_message",
    "send_message",
    "send_room_notification",
    "set_topic",
    "share_file_with_room",
    "share_link_with_room",
}
NAMING = [
    entry
    for entry in WITH_TOKEN
    if "{" in entry.path.replace("{size}", "").replace("{key}", "")
]
"""Operations that name something; a key of the group's is anyway the caller's own."""


every = pytest.mark.parametrize


def is_administering(entry: Entry) -> bool:
    """Say whether an operation is for whoever administers its room."""
    scopes = entry.load().scopes
    return (
        entry in OF_A_ROOM
        and not {"admin_room", "manage_rooms"}.isdisjoint(scopes)
        and entry.operation_id != "invite_user"
    )


def is_success(reply: RawResponse) -> bool:
    return reply.status // 100 in (2, 3)


def is_hidden(entry: Entry, reply: RawResponse, is_person: bool) -> bool:
    """Say whether it is one that an add-on may not see: it did not make it itself."""
    is_of_addon = entry.operation_id.endswith("webhook") or "/extension/" in entry.path
    names_one = is_of_addon and entry.method != "POST"
    if entry.operation_id.endswith("addon_ui_update"):
        return not is_person and reply.status == 400
    return names_one and not is_person and reply.status == 404


# The token itself.


@every("entry", WITH_TOKEN, ids=name_of)
def test_without_a_good_token_nothing_is_told(shared: World, entry: Entry) -> None:
    with shared.stays_as_it_is():
        for token in (None, "x" * 40, "ж" * 8):
            target = f"?auth_token={token}" if token == "ж" * 8 else ""
            reply = shared.ask(
                entry, None if target else token, query=target.replace("ж", "%D0%B6")
            )
            assert reply.status == 401
            assert b"of group" not in reply.body


@every("entry", WITH_TOKEN, ids=name_of)
def test_a_token_that_ended_is_good_for_nothing(world: World, entry: Entry) -> None:
    people = {name: token_of(world, SCOPES, name) for name in ("ann", "dan")}
    stores = world.site.server.database

    async def end_all(stores: Stores) -> None:
        for token in await stores.tokens.of_group(1):
            if token.user_id == world.first.ids["ann"]:
                await stores.tokens.revoke(token)

    asyncio.run(stores.write(end_all))
    boss = world.site.token
    gone = world.site.delete(f"/v2/user/{world.first.ids['dan']}", token=boss)
    assert gone.status == 204
    # Clients' tokens are good for an hour.
    world.site.clock[0] += 60 * 60

    with world.stays_as_it_is():
        for token in (
            people["ann"],
            people["dan"],
            world.first.tokens["client"],
            world.first.tokens["room client"],
        ):
            reply = world.ask(entry, token)
            assert reply.status == 401, reply.body
            assert reply.error["message"] == "Invalid OAuth session"


@every(
    ("entry", "kind"),
    [
        pytest.param(entry, kind, id=f"{entry.operation_id}-{kind}")
        for entry in WITH_TOKEN
        for kind in KINDS
        if kind not in (entry.load().token_types or KINDS)
        and entry.load() in HANDLERS
        # A token of any kind may ask about itself.
        and entry.operation_id not in OWN_SESSION
    ],
)
def test_kinds_that_the_reference_does_not_list_are_refused(
    shared: World, entry: Entry, kind: TokenKind
) -> None:
    with shared.stays_as_it_is():
        reply = shared.ask(entry, shared.first.tokens[KINDS[kind]])

    assert reply.status == 403


@every("entry", WITH_SCOPES, ids=name_of)
def test_every_scope_but_the_needed_ones_is_not_enough(
    shared: World, entry: Entry
) -> None:
    needed = entry.load().scopes
    others = SCOPES.keys() - set(needed)
    person = token_of(shared, others)
    program = client_token(shared.site, shared.first, entry.operation_id, None, others)
    listed = ", ".join(f"u'{scope}'" for scope in needed)

    with shared.stays_as_it_is():
        for token in (person, program):
            reply = shared.ask(entry, token)
            assert reply.status == 403
            assert reply.error["message"] == (
                f"This action requires one of the following scopes: [{listed}]"
            )


@every("entry", WITH_SCOPES, ids=name_of)
def test_one_of_the_needed_scopes_is_enough(
    copy_of: Callable[[], World], entry: Entry
) -> None:
    operation = entry.load()
    for scope in operation.scopes:
        world = copy_of()
        if "user" in (operation.token_types or ("user",)):
            token = token_of(world, {scope})
        else:
            token = client_token(world.site, world.first, "one", None, {scope})
        reply = world.ask(entry, token)
        is_person = "user" in (operation.token_types or ("user",))
        assert is_success(reply) or is_hidden(entry, reply, is_person), reply.body


def test_every_operation_is_served() -> None:
    assert [
        entry.operation_id for entry in OPERATIONS if entry.load() not in HANDLERS
    ] == []


# One room, one group.


@every(
    "room",
    ["other", "private", "archived", 987654, "other of group 1", "PRIVATE OF GROUP 1"],
)
@every("entry", OF_A_ROOM, ids=name_of)
def test_a_token_of_one_room_never_reaches_another(
    shared: World, entry: Entry, room: str | int
) -> None:
    first = shared.first
    with shared.stays_as_it_is():
        for name in ("room client", "notifier", "ann in open"):
            for query in ("", "?auth_test=true", "?expand=items,owner,participants"):
                reply = shared.ask(entry, first.tokens[name], room=room, query=query)
                assert reply.status == 403, (name, reply.body)
                assert b"of group" not in reply.body.lower()


@every("entry", OF_A_ROOM, ids=name_of)
def test_a_token_of_one_room_is_good_for_that_room(
    copy_of: Callable[[], World], entry: Entry
) -> None:
    operation = entry.load()
    for kind, name in (("room client", "room client"), ("user", "ann in open")):
        if operation.token_types and kind not in operation.token_types:
            continue
        world = copy_of()
        reply = world.ask(entry, world.first.tokens[name])
        is_beyond = ROOM_SCOPES.isdisjoint(operation.scopes)
        if is_beyond or (kind == "user" and is_administering(entry)):
            assert reply.status == 403, reply.body
        elif operation in HANDLERS:
            is_person = kind == "user"
            assert is_success(reply) or is_hidden(entry, reply, is_person), reply.body


@every("entry", NAMING, ids=name_of)
def test_a_token_of_one_group_never_reaches_another(
    shared: World, entry: Entry
) -> None:
    operation = entry.load()
    with shared.stays_as_it_is():
        for name, kind in (("admin", "user"), ("client", "group client")):
            is_listed = kind in (operation.token_types or KINDS)
            for room, person in (("open", "ann"), ("open of group 2", "@ann2")):
                reply = shared.ask(
                    entry,
                    shared.first.tokens[name],
                    part=shared.second,
                    room=room,
                    person=person,
                )
                assert reply.status == (404 if is_listed else 403), reply.body
                assert b"of group 2" not in reply.body.replace(room.encode(), b"")


@every("entry", SERVED, ids=name_of)
def test_lists_hold_nothing_of_another_group(world: World, entry: Entry) -> None:
    operation = entry.load()
    kinds = operation.token_types or ("user",)
    name = "admin" if "user" in kinds else "client"

    reply = world.ask(
        entry,
        world.first.tokens[name],
        query="?expand=items,items.owner,owner,creator,participants"
        "&include-deleted=true&include-guests=true&include-archived=true",
    )

    assert b"of group 2" not in reply.body
    assert b"second.test" not in reply.body


@every(
    ("method", "path", "body"),
    [
        ("POST", "/v2/room", {"name": "New", "owner_user_id": "{carol}"}),
        (
            "PUT",
            "/v2/room/{open of 1}",
            {
                "name": "New",
                "privacy": "public",
                "is_archived": False,
                "is_guest_accessible": False,
                "topic": "",
                "owner": {"id": "{carol}"},
            },
        ),
        (
            "POST",
            "/v2/room/{open of 1}/reply",
            {"message": "x", "parentMessageId": "{message}"},
        ),
        (
            "POST",
            "/v2/room/{open of 1}/notification",
            {"message": "x", "attach_to": "{message}"},
        ),
        ("GET", "/v2/room/{open of 1}/history/latest?not-before={message}", None),
        ("GET", "/v2/room/{open of 1}/history/{message}", None),
        ("PUT", "/v2/room/{open of 1}/member/{carol}", {}),
        ("DELETE", "/v2/room/{open of 1}/member/{carol}", None),
        ("POST", "/v2/room/{open of 1}/invite/{carol}", {}),
        ("GET", "/v2/room/{open of 1}/webhook/{webhook}", None),
        ("DELETE", "/v2/room/{open of 1}/webhook/{webhook}", None),
        ("GET", "/v2/user/{ann of 1}/history/{message}", None),
        ("GET", "/v2/user/{ann of 1}/history/{chat}", None),
    ],
)
def test_nothing_of_another_group_can_be_named_beside_what_is_one_s_own(
    shared: World, method: str, path: str, body: dict[str, object] | None
) -> None:
    first, second = shared.first, shared.second
    values = {
        "{open of 1}": str(first.ids["open"]),
        "{ann of 1}": str(first.ids["ann"]),
        "{carol}": str(second.ids["carol"]),
        "{message}": second.messages["open"],
        "{chat}": second.messages["chat"],
        "{webhook}": str(second.webhooks.get("open", 2)),
    }

    def filled(value: object) -> object:
        if isinstance(value, dict):
            return {name: filled(member) for name, member in value.items()}
        if isinstance(value, str):
            for name, text in values.items():
                value = value.replace(name, text)
        return value

    with shared.stays_as_it_is():
        target = filled(path)
        assert isinstance(target, str)
        reply = shared.site.send(method, target, json_body=filled(body))

    assert reply.status in (400, 404, 501), reply.body
    assert b"of group 2" not in reply.body


def test_a_message_of_another_room_is_not_read_through_one_s_own(
    shared: World,
) -> None:
    first, token = shared.first, shared.first.tokens["dan"]
    hidden = first.messages["private"]
    path = f"/v2/room/{first.ids['open']}"

    assert shared.site.get(f"{path}/history/{hidden}", token=token).status == 404
    assert (
        shared.site.get(
            f"{path}/history/latest?not-before={hidden}", token=token
        ).status
        == 404
    )
    with shared.stays_as_it_is():
        for call, body in (
            ("reply", {"message": "x", "parentMessageId": hidden}),
            ("notification", {"message": "x", "attach_to": hidden}),
        ):
            reply = shared.site.post(f"{path}/{call}", body, token=token)
            assert reply.status in (400, 404)


def test_the_chat_of_two_people_is_nobody_else_s(shared: World) -> None:
    first = shared.first
    chat, ann = first.messages["chat"], first.ids["ann"]

    for name in ("dan", "bob", "carol"):
        token = first.tokens[name]
        for path in (f"/v2/user/{ann}/history", f"/v2/user/{ann}/history/latest"):
            assert shared.site.get(path, token=token).json["items"] == []
        path = f"/v2/user/{ann}/history/{chat}"
        assert shared.site.get(path, token=token).status == 404
    assert (
        shared.site.get(f"/v2/user/1/history/{chat}", token=first.tokens["ann"]).status
        == 200
    )


def test_a_file_is_for_who_may_read_the_message_that_has_it(shared: World) -> None:
    first, second = shared.first, shared.second
    readers = {
        "open": {"admin", "ann", "dan", "client", "room client", "ann in open"},
        "private": {"admin", "ann", "client"},
        "archived": {"admin", "ann", "dan", "client"},
        "chat": {"admin", "ann"},
    }
    for place, allowed in readers.items():
        for name in (
            "admin",
            "ann",
            "dan",
            "gil",
            "client",
            "room client",
            "ann in open",
        ):
            reply = shared.site.get(
                f"/v2/file/{first.files[place]}", token=first.tokens[name]
            )
            expected = 200 if name in allowed else 404
            assert reply.status == expected, (place, name, reply.body)
            stranger = shared.site.get(
                f"/v2/file/{first.files[place]}", token=second.tokens["admin"]
            )
            assert stranger.status == 404


# Rooms: private, archived, and who administers them.


@every("room", ["open", "private"])
@every("person", ["dan", "ann", "bob", "carol", "admin"])
@every("entry", ROOMS_BY_PEOPLE, ids=name_of)
def test_people_may_in_a_room_what_their_place_in_it_allows(
    world: World, entry: Entry, person: str, room: str
) -> None:
    is_member = person != "dan"
    administers = person in ("bob", "carol", "admin")
    allowed = (is_member or room == "open") and (
        administers or not is_administering(entry)
    )
    before = world.digest()

    reply = world.ask(entry, world.first.tokens[person], room=room, person="ann")

    if allowed:
        assert is_success(reply), reply.body
    else:
        assert reply.status == 403, reply.body
        assert world.digest() == before


@every("person", ["ann", "admin"])
@every("entry", ROOMS_BY_PEOPLE, ids=name_of)
def test_in_an_archived_room_nothing_is_said(
    world: World, entry: Entry, person: str
) -> None:
    before = world.digest()

    reply = world.ask(entry, world.first.tokens[person], room="archived")

    if entry.operation_id in IN_ARCHIVED_ROOMS_REFUSED or (
        person == "ann" and is_administering(entry)
    ):
        assert reply.status == 403, reply.body
        assert world.digest() == before
    else:
        assert is_success(reply), reply.body


def test_the_topic_of_an_archived_room_stays_as_it_is(world: World) -> None:
    path = f"/v2/room/{world.first.ids['archived']}"
    room = world.site.get(path).json
    settings = {
        "name": "Renamed",
        "privacy": "public",
        "is_archived": True,
        "is_guest_accessible": False,
        "topic": room["topic"],
        "owner": {"id": room["owner"]["id"]},
    }

    assert world.site.put(path, settings).status == 204
    changed = {**settings, "topic": "Another"}
    assert world.site.put(path, changed).status == 403
    assert world.site.put(path, {**changed, "is_archived": False}).status == 204


# Guests.


@every("entry", BY_PEOPLE, ids=name_of)
def test_a_guest_reaches_nothing_but_their_rooms(shared: World, entry: Entry) -> None:
    scopes = entry.load().scopes
    token = shared.first.tokens["gil"]
    if entry.operation_id == "get_all_rooms":
        assert shared.ask(entry, token).json["items"] == []
        return

    with shared.stays_as_it_is():
        replies = {
            room: shared.ask(entry, token, room=room)
            for room in ("open", "private", "archived", 987654)
        }

    for room, reply in replies.items():
        if scopes and GUEST_SCOPES.isdisjoint(scopes):
            assert reply.status == 403
        elif entry in OF_A_ROOM or entry.operation_id in (*OWN_SESSION, "get_file"):
            assert reply.status == 404, (room, reply.body)
        else:
            assert reply.status == 403, reply.body


@every("is_invited", [True, False])
def test_a_guest_who_is_let_in_may_read_and_talk(
    world: World, *, is_invited: bool
) -> None:
    first, site, token = world.first, world.site, world.first.tokens["gil"]
    path, guest = f"/v2/room/{first.ids['open']}", first.ids["gil"]
    let_in = (
        site.post(f"{path}/invite/{guest}", {})
        if is_invited
        else site.put(f"{path}/member/{guest}", {})
    )
    assert let_in.status == 204

    assert [one["id"] for one in site.get("/v2/room", token=token).json["items"]] == [
        first.ids["open"]
    ]
    for part in ("", "/history", "/history/latest", "/participant", "/member"):
        assert site.get(path + part, token=token).status == 200, part
    assert site.post(f"{path}/message", {"message": "x"}, token=token).status == 201
    other = f"/v2/room/{first.ids['other']}"
    assert site.get(other, token=token).status == 404
    assert site.post(f"{other}/message", {"message": "x"}, token=token).status == 404

    assert site.delete(f"{path}/member/{guest}").status == 204
    assert site.get(path, token=token).status == 404


def test_a_guest_sees_nobody_s_address(world: World) -> None:
    first, site, token = world.first, world.site, world.first.tokens["gil"]
    path = f"/v2/room/{first.ids['open']}"
    site.put(f"{path}/member/{first.ids['gil']}", {})

    reply = site.get(f"{path}/member?expand=items", token=token)

    assert reply.status == 200
    assert b"@example.com" not in reply.body.replace(b"gil1@example.com", b"")


def test_guests_are_listed_on_request_and_deleted_like_others(world: World) -> None:
    site, guest = world.site, world.first.ids["gil"]

    def listed(query: str) -> set[int]:
        return {one["id"] for one in site.get(f"/v2/user{query}").json["items"]}

    assert guest not in listed("")
    assert guest in listed("?include-guests=true")
    assert site.delete(f"/v2/user/{guest}").status == 204
    assert guest not in listed("?include-guests=true")
    assert site.get("/v2/room", token=world.first.tokens["gil"]).status == 401


# Rights that change.


@every(
    "entry",
    [e for e in SERVED if set(e.load().scopes) <= {"admin_group"} and e.load().scopes],
    ids=name_of,
)
def test_who_is_an_administrator_no_longer_may_not_go_on(
    world: World, entry: Entry
) -> None:
    first, site = world.first, world.site
    token = token_of(world, SCOPES, "bob")

    with world.stays_as_it_is():
        assert world.ask(entry, token).status == 403

    person = {
        "name": "Bob",
        "email": "bob1@example.com",
        "mention_name": "bob1",
        "is_group_admin": True,
    }
    path = f"/v2/user/{first.ids['bob']}"
    assert site.put(path, person).status == 204
    assert site.get("/v2/user/1", token=token).json["email"] is not None
    session = f"/v2/oauth/token/{token}"
    assert "admin_group" in site.get(session, token=token).json["scopes"]
    assert site.put(path, {**person, "is_group_admin": False}).status == 204
    assert "admin_group" not in site.get(session, token=token).json["scopes"]

    with world.stays_as_it_is():
        assert world.ask(entry, token).status == 403
    assert site.get("/v2/user/1", token=token).json["email"] is None


def test_group_scopes_never_stay_with_what_is_bound_to_a_room(shared: World) -> None:
    token = shared.first.tokens["ann in open"]

    reply = shared.site.get("/v2/room", token=token)

    assert reply.status == 403
    for scope in GROUP_SCOPES:
        with shared.stays_as_it_is():
            for entry in WITH_SCOPES:
                if set(entry.load().scopes) == {scope}:
                    assert shared.ask(entry, token).status == 403
