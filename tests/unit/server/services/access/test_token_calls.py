"""API calls: who may see which, and what of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import browser_actor
from hipkit.server.services.access.token_calls import (
    WITHHELD,
    SeenCall,
    WantedCalls,
    count_calls,
    list_callers,
    list_calls,
    list_quiet_tokens,
    may_see_strangers,
)
from hipkit.server.services.access.tokens import revoke_token
from hipkit.server.services.context import Context
from tests.unit.server.asgi import FORM, Site, basic
from tests.unit.server.two_groups import World

EVERYTHING = WantedCalls()


def seen(
    context: Context, wanted: WantedCalls = EVERYTHING, **part: Any
) -> list[SeenCall]:
    """Return calls as the page lists them; the counts have to agree with them."""
    part.setdefault("count", 1000)

    async def work() -> list[SeenCall]:
        found = await list_calls(context, wanted, **part)
        if part.keys() == {"count"} and part["count"] == 1000:
            counts = await count_calls(context, wanted)
            failed = sum(one.call.is_failed for one in found)
            assert counts.failed == failed
            assert wanted.only_failed or counts.all == len(found)
        return found

    return asyncio.run(work())


def targets(context: Context, wanted: WantedCalls = EVERYTHING) -> list[str]:
    return [one.call.target for one in seen(context, wanted)]


@pytest.fixture
def people(site: Site) -> dict[str, str]:
    """Tokens of Ann, who owns a private room; of Bob; of a room of each, and of an add-on."""
    for name in ("ann", "bob"):
        site.add_user(name, mention_name=name, password=None)
    site.add_user("boss", mention_name="boss", password=None, is_group_admin=True)
    site.add_room("Open", owner="@bob")
    site.add_room("Hidden", owner="@ann", is_private=True)
    return {
        "admin": site.token,
        "ann": site.add_token(user="@ann"),
        "bob": site.add_token(user="@bob"),
        "open": site.add_room_token("Open", name="Builds"),
        "hidden": site.add_room_token("Hidden", name="Alerts"),
        "add-on": site.client_token(["send_notification", "view_room"]),
        "unknown": "x" * 40,
    }


SEEN_BY = {
    "ann": {"ann", "hidden"},
    "bob": {"bob", "open"},
    "boss": {"admin", "ann", "bob", "open", "hidden", "add-on", "unknown"},
}


@pytest.mark.parametrize("viewer", SEEN_BY)
def test_everybody_sees_the_calls_of_the_tokens_that_they_manage(
    site: Site, people: dict[str, str], viewer: str
) -> None:
    for name, token in people.items():
        site.get(f"/v2/room/Nowhere?by={name}", token=token)
        site.get(f"/v2/capabilities?by={name}", token=token)
    context = site.context_of(viewer)

    found = targets(context)

    by = {target.rpartition("=")[2] for target in found if "by=" in target}
    assert by == SEEN_BY[viewer]
    # Whoever sees the one call without a token that made the add-on's.
    others = [target for target in found if "by=" not in target]
    assert others == (["/v2/oauth/token"] if viewer == "boss" else [])
    assert len(found) == 2 * len(by) + len(others)


@pytest.mark.parametrize("viewer", SEEN_BY)
def test_no_filter_shows_more_than_without_it(
    site: Site, people: dict[str, str], viewer: str
) -> None:
    for token in people.values():
        site.get("/v2/room", token=token, headers=[("X-Request-Id", "deploy-7")])
        site.get("/v2/room/Nowhere", token=token)
    context = site.context_of(viewer)
    own = {one.call.number for one in seen(context)}

    for wanted in (
        WantedCalls(only_failed=True),
        WantedCalls(operation_id="get_room"),
        WantedCalls(peer="127.0.0.1"),
        WantedCalls(request_id="deploy-7"),
    ):
        assert {one.call.number for one in seen(context, wanted)} <= own
        assert {
            one.call.number
            for after in range(20)
            for one in seen(context, wanted, after=after, count=100)
        } <= own


@pytest.mark.parametrize("viewer", ["ann", "bob"])
def test_a_token_of_somebody_else_is_not_found(
    site: Site, people: dict[str, str], viewer: str
) -> None:
    for value in people.values():
        site.get("/v2/room", token=value)
    boss, context = site.context_of("boss"), site.context_of(viewer)
    own = {one.token.id for one in seen(context) if one.token}

    for token in [one.token for one in asyncio.run(list_callers(boss))]:
        wanted = WantedCalls(token_id=token.id)
        assert {one.token for one in seen(boss, wanted)} == {token}
        if token.id in own:
            assert {one.token for one in seen(context, wanted)} == {token}
            continue
        for ask in (list_calls(context, wanted, count=1), count_calls(context, wanted)):
            with pytest.raises(NotFoundError):
                asyncio.run(ask)


def test_callers_are_the_tokens_whose_calls_one_sees_the_latest_first(
    site: Site, people: dict[str, str]
) -> None:
    for name in ("bob", "ann", "hidden"):
        site.get("/v2/room", token=people[name])

    callers = asyncio.run(list_callers(site.context_of("ann")))

    assert [one.token.name for one in callers] == ["Alerts", ""]


@pytest.mark.parametrize("viewer", SEEN_BY)
def test_calls_of_a_revoked_token_stay_for_those_who_managed_it(
    site: Site, people: dict[str, str], viewer: str
) -> None:
    revoked = ("ann", "bob", "open", "hidden")
    for name in revoked:
        site.get(f"/v2/capabilities?by={name}", token=people[name])
    context = site.context_of(viewer)
    own = SEEN_BY[viewer] & {*revoked}
    before = {one.token.id for one in seen(context) if one.token}

    operator = site.operator_context()
    for one in asyncio.run(list_callers(site.context_of("boss"))):
        asyncio.run(revoke_token(operator, one.token.id))

    # Without the add-on's request for its token.
    after = [one for one in seen(context) if one.token]
    assert {one.call.target.rpartition("=")[2] for one in after} == own
    assert {one.token.id for one in after if one.token} == before
    assert all(one.is_revoked for one in after)
    assert all(one.is_revoked for one in asyncio.run(list_callers(context)))
    for token_id in {*site.server.runtime.recent_calls.tokens()} - {None}:
        wanted = WantedCalls(token_id=token_id)
        if token_id in before:
            assert len(seen(context, wanted)) == 1
            continue
        with pytest.raises(NotFoundError):
            seen(context, wanted)


def test_a_private_chat_stays_its_owners_when_the_token_is_revoked(
    site: Site, people: dict[str, str]
) -> None:
    site.post("/v2/user/@bob/message", {"message": "between us"}, token=people["ann"])
    site.delete(f"/v2/oauth/token/{people['ann']}", token=people["ann"])

    of_ann, of_boss = (
        [one for one in seen(site.context_of(name)) if "/@bob/" in one.call.target]
        for name in ("ann", "boss")
    )

    assert "between us" in of_ann[0].call.request_body
    assert [one.call.request_body for one in of_boss] == [WITHHELD]


def test_calls_without_a_token_are_for_administrators(
    site: Site, people: dict[str, str]
) -> None:
    site.get("/v2/room", token=None)
    wanted = WantedCalls(has_no_token=True)
    ann, boss = site.context_of("ann"), site.context_of("boss")

    for ask in (list_calls(ann, wanted, count=1), count_calls(ann, wanted)):
        with pytest.raises(ForbiddenError):
            asyncio.run(ask)
    found = seen(boss, wanted)
    assert [one.token for one in found] == [None, None]
    assert not asyncio.run(may_see_strangers(ann))
    assert asyncio.run(may_see_strangers(boss))


def second_owner(world: World) -> Context:
    stores = world.site.server.database.stores
    group = asyncio.run(stores.groups.get(world.second.number))
    assert group is not None
    owner = asyncio.run(stores.users.get(group.owner_id or 0))
    assert owner is not None
    assert owner.is_group_admin
    return world.site.context(browser_actor(owner))


def test_no_call_of_another_group_is_seen(world: World) -> None:
    site = world.site
    site.get("/v2/room?of=first")
    site.get("/v2/room?of=second", token=world.second.tokens["admin"])
    site.get("/v2/room?of=nobody", token=None)
    context = second_owner(world)

    found = targets(context)

    assert "/v2/room?of=second" in found
    assert not {"/v2/room?of=first", "/v2/room?of=nobody"} & {*found}
    assert {one.token and one.token.group_id for one in seen(context)} == {2}
    with pytest.raises(ForbiddenError):
        seen(context, WantedCalls(has_no_token=True))
    with pytest.raises(NotFoundError):
        seen(context, WantedCalls(token_id=1))


SECRET = "between us"
PRIVATE_CALLS = [
    ("POST", "/v2/user/@bob/message", {"message": SECRET}),
    ("POST", "/v2/user/@bob/message?message=between+us", None),
    ("POST", "/v2/user/@bob/message", {"message": SECRET, "notify": "perhaps"}),
    ("POST", "/v2/user/@nobody/message", {"message": SECRET}),
    ("POST", "/v2/user/@bob/share/link", {"link": "https://a.test", "message": SECRET}),
    ("POST", "/v2/user/@bob/share/link", {"link": SECRET}),
    ("GET", "/v2/user/@bob/history", None),
    ("GET", "/v2/user/@bob/history/latest", None),
    ("PUT", "/v2/user/@bob/message?message=between+us", None),
    ("POST", "/v2/user/@bob/mesage?message=between+us", None),
    ("POST", "/user/@bob/message?message=between+us", None),
    ("POST", "/v1/user/@bob/message?message=between+us", {"message": SECRET}),
    ("POST", "/v2/%75ser/@bob/mesage?message=between+us", None),
]


@pytest.mark.parametrize("whose", ["ann", "add-on", "unknown", None])
def test_of_a_private_chat_others_see_nothing(
    site: Site, people: dict[str, str], whose: str | None
) -> None:
    token = None if whose is None else people[whose]
    for method, target, body in PRIVATE_CALLS:
        site.send(method, target, json_body=body, token=token)

    found = seen(site.context_of("boss"))
    shown = [
        repr(one.call).replace("+", " ") + repr(one.message)
        for one in found
        if "ser/" in one.call.target
    ]

    assert len(shown) == len(PRIVATE_CALLS)
    assert [text for text in shown if SECRET in text] == []
    assert all(WITHHELD in text for text in shown)
    # A failed call says why its reason is not shown.
    assert {one.call.problem for one in found if one.call.is_failed} <= {WITHHELD}


def test_the_file_of_a_private_chat_is_shown_to_the_tokens_owner(world: World) -> None:
    site, file_id = world.site, world.first.files["chat"]
    site.get(f"/v2/file/{file_id}", token=world.first.tokens["ann"])

    async def viewers() -> list[Context]:
        users = site.server.database.stores.users
        found = [await users.get(one) for one in (1, world.first.ids["ann"])]
        return [site.context(browser_actor(one)) for one in found if one is not None]

    boss, ann = asyncio.run(viewers())

    assert boss.actor.is_group_admin
    assert seen(boss)[0].call.answer == WITHHELD
    assert "name" in seen(ann)[0].call.answer or "url" in seen(ann)[0].call.answer


def test_a_private_chat_is_shown_to_the_tokens_owner(
    site: Site, people: dict[str, str]
) -> None:
    for method, target, body in PRIVATE_CALLS[:1] + PRIVATE_CALLS[6:7]:
        site.send(method, target, json_body=body, token=people["ann"])

    answered, sent = seen(site.context_of("ann"))

    assert json.loads(sent.call.request_body) == {"message": SECRET}
    assert SECRET in answered.call.answer
    assert (sent.message, sent.room) == (None, None)


def test_an_empty_body_stays_visible_as_what_went_wrong(
    site: Site, people: dict[str, str]
) -> None:
    site.post("/v2/user/@bob/message", token=people["ann"])

    (call,) = (one.call for one in seen(site.context_of("boss")) if one.token)

    assert (call.status, call.request_body) == (400, "")


POSTS = [
    ("POST", "/v2/room/{}/message", {"message": "hello"}),
    ("POST", "/v2/room/{}/notification", {"message": "hello"}),
    ("PUT", "/v2/room/{}/topic", {"topic": "hello"}),
    ("POST", "/v2/room/{}/share/link", {"link": "https://a.test", "message": "hello"}),
    ("POST", "/v1/rooms/message?room_id={}&from=Bot&message=hello", None),
]


@pytest.mark.parametrize(("method", "target", "body"), POSTS)
def test_a_call_leads_to_its_room_and_message(
    site: Site, people: dict[str, str], method: str, target: str, body: object
) -> None:
    reply = site.send(
        method, target.format("Hidden"), json_body=body, token=people["ann"]
    )
    assert reply.status < 300, reply.body

    (call,) = seen(site.context_of("ann"))

    assert call.room is not None
    assert call.room.name == "Hidden"
    assert call.message is not None
    assert "hello" in call.message.body


def test_a_call_that_created_no_message_leads_to_its_room_only(
    site: Site, people: dict[str, str]
) -> None:
    site.post("/v2/room/Open/message", {"message": ""}, token=people["bob"])
    site.get("/v2/room/Open/history", token=people["bob"])

    found = seen(site.context_of("bob"))

    assert [one.call.status for one in found] == [200, 400]
    assert [one.room.name for one in found if one.room] == ["Open", "Open"]
    assert [one.message for one in found] == [None, None]


def test_a_room_that_the_viewer_may_no_longer_read_is_not_shown(
    site: Site, people: dict[str, str]
) -> None:
    bob = site.context_of("bob")
    member = "/v2/room/Hidden/member/@bob"
    site.put(member, {"room_roles": ["room_member"]})
    site.post("/v2/room/Hidden/message", {"message": "hello"}, token=people["bob"])
    (before,) = seen(bob)
    site.delete(member)

    (after,) = seen(bob)

    assert before.message is not None
    assert (after.room, after.message) == (None, None)


def test_a_deleted_room_and_a_deleted_message_are_not_shown(
    site: Site, people: dict[str, str]
) -> None:
    site.post("/v2/room/Open/message", {"message": "hello"}, token=people["bob"])
    site.delete("/v2/room/Open")

    (call, *_) = seen(site.context_of("bob"))

    assert (call.room, call.message) == (None, None)


def test_a_room_of_the_same_name_in_another_group_is_not_shown(world: World) -> None:
    site = world.site
    name = "open"
    site.get(f"/v2/room/{world.first.ids[name]}", token=world.second.tokens["admin"])

    newest = seen(second_owner(world))[0]

    assert newest.call.status == 404
    assert newest.room is None


def test_parts_adjoin(site: Site, people: dict[str, str]) -> None:
    for number in range(5):
        site.get(f"/v2/room?n={number}", token=people["ann"])
    ann = site.context_of("ann")
    newest, second = seen(ann, count=2)

    older = seen(ann, before=second.call.number)
    newer = seen(ann, after=second.call.number)

    assert [one.call.target[-1] for one in older] == ["2", "1", "0"]
    assert newer == [newest]


def test_no_secret_of_a_call_is_seen_by_anybody(
    site: Site, people: dict[str, str]
) -> None:
    client = site.add_client(["send_notification"])
    site.token_of(client)
    site.send("GET", f"/v1/rooms/list?auth_token={people['ann']}", token=None)
    site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=password&username=ann&password=correct horse",
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    )

    shown = repr(seen(site.context_of("boss"))) + repr(seen(site.context_of("ann")))

    assert client.secret not in shown
    assert "correct horse" not in shown
    assert people["ann"] not in shown


def test_tokens_are_split_into_called_and_quiet_the_latest_call_first(
    site: Site, people: dict[str, str]
) -> None:
    site.get("/v2/room", token=people["ann"])
    site.get("/v2/room", token=people["open"])

    boss = site.context_of("boss")
    called, others = (
        asyncio.run(list_callers(boss)),
        asyncio.run(list_quiet_tokens(boss)),
    )

    assert [one.token.name for one in called] == ["Builds", ""]
    assert "Alerts" in [token.name for token in others]
    assert not {one.token.id for one in called} & {token.id for token in others}
