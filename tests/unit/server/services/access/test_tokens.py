"""Token management: who may issue, see and revoke which tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.issuing import IssuedToken
from hipkit.server.services.access.tokens import (
    issue_personal_token,
    issue_room_token,
    issue_user_token,
    list_authorizations,
    list_group_tokens,
    list_managed_tokens,
    list_own_tokens,
    list_room_tokens,
    list_rooms_to_administer,
    revoke_authorization,
    revoke_token,
)
from hipkit.server.services.context import Context
from tests.unit.server.asgi import FORM, Site, basic
from tests.unit.server.two_groups import World

REDIRECT = "https://app.example.com/back"

Issue = Callable[[Context], Coroutine[Any, Any, object]]


@pytest.fixture
def people(site: Site) -> Site:
    """A server with two users, an administrator, and a room of one of the users."""
    for name in ("ann", "bob", "boss"):
        site.add_user(name, mention_name=name, is_group_admin=name == "boss")
    site.add_room("Mine", owner="@ann")
    return site


def personal(context: Context, *scopes: str) -> IssuedToken:
    chosen = scopes or ("view_group",)
    return asyncio.run(issue_personal_token(context, name="Mine", scopes=chosen))


def is_valid(site: Site, token: str) -> bool:
    return site.get(f"/v2/oauth/token/{token}", token=token).status == 200


def authorize(site: Site) -> tuple[str, str]:
    """Return the token and refresh token of a client that Ann allows to act for her."""
    client = site.add_client(["view_room"], redirect_uris=[REDIRECT], name="Bot")
    ann = site.context_of("ann").actor.user_id or 0
    code = site.authorization_code(client.id, ann, REDIRECT)
    form = f"grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}"
    issued = site.send(
        "POST",
        "/v2/oauth/token",
        body=form.encode(),
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    ).json
    return issued["access_token"], issued["refresh_token"]


@pytest.mark.parametrize(
    ("scopes", "problem"),
    [
        ((), "at least one scope"),
        (("admin_group",), "cannot have the scope admin_group"),
        (("everything",), "is not a scope"),
    ],
)
def test_a_personal_token_has_only_scopes_that_its_owner_may_have(
    people: Site, scopes: tuple[str, ...], problem: str
) -> None:
    ann = people.context_of("ann")

    with pytest.raises(BadRequestError, match=problem):
        asyncio.run(issue_personal_token(ann, name="Mine", scopes=scopes))

    assert asyncio.run(list_own_tokens(ann)) == []


def test_a_token_needs_a_name(people: Site) -> None:
    ann = people.context_of("ann")

    with pytest.raises(BadRequestError):
        asyncio.run(issue_personal_token(ann, name=" ", scopes=["view_group"]))
    with pytest.raises(BadRequestError):
        asyncio.run(issue_room_token(ann, name=" ", room="Mine"))


@pytest.mark.parametrize(
    "issue",
    [
        lambda context: issue_user_token(context, user="@ann"),
        lambda context: issue_user_token(context),
        lambda context: issue_room_token(context, room="Mine", name="x", seconds=None),
        lambda context: issue_room_token(context, room="Mine", name="x", value="x" * 8),
    ],
    ids=["of another user", "of the owner", "endless", "with a value"],
)
def test_only_the_operator_issues_for_others_or_chooses_value_and_lifetime(
    people: Site, issue: Issue
) -> None:
    for name in ("ann", "boss"):
        with pytest.raises(ForbiddenError, match="operator"):
            asyncio.run(issue(people.context_of(name)))

    asyncio.run(issue(people.operator_context()))


def test_the_operator_gives_no_user_a_scope_that_they_may_not_have(
    people: Site,
) -> None:
    operator = people.operator_context()

    with pytest.raises(BadRequestError, match="ann cannot have the scope admin_group"):
        asyncio.run(issue_user_token(operator, user="@ann", scopes=["admin_group"]))
    issued = asyncio.run(issue_user_token(operator, user="@ann"))

    assert "admin_group" not in issued.scopes
    assert "send_message" in issued.scopes


def test_a_room_token_is_issued_by_administrators_of_the_room(people: Site) -> None:
    with pytest.raises(ForbiddenError):
        asyncio.run(
            issue_room_token(people.context_of("bob"), room="Mine", name="Builds")
        )

    for context in (
        people.context_of("ann"),
        people.context_of("boss"),
        people.operator_context(),
    ):
        issued, room = asyncio.run(
            issue_room_token(context, room="Mine", name="Builds")
        )
        assert (issued.scopes, room.name) == (("send_notification",), "Mine")
    assert len(asyncio.run(list_room_tokens(people.context_of("ann")))) == 3
    assert asyncio.run(list_room_tokens(people.context_of("bob"))) == []


def test_rooms_to_administer_are_those_of_the_actor(people: Site) -> None:
    people.add_room("also mine", owner="@ann")
    people.add_room("Others")

    def names(name: str) -> list[str]:
        found = asyncio.run(list_rooms_to_administer(people.context_of(name)))
        return [room.name for room in found]

    assert names("ann") == ["also mine", "Mine"]
    assert names("bob") == []
    assert names("boss") == ["also mine", "Mine", "Others"]


def test_tokens_are_managed_by_their_owner_and_administrators(people: Site) -> None:
    ann, bob, boss = (people.context_of(name) for name in ("ann", "bob", "boss"))
    of_ann, of_room = personal(ann), issue_room_token(ann, room="Mine", name="Builds")
    in_room, _ = asyncio.run(of_room)

    for number in (of_ann.id, in_room.id, 99):
        with pytest.raises(NotFoundError):
            asyncio.run(revoke_token(bob, number))
    assert asyncio.run(list_managed_tokens(bob)) == []
    assert [token.id for token in asyncio.run(list_managed_tokens(ann))] == [
        of_ann.id,
        in_room.id,
    ]
    assert len(asyncio.run(list_managed_tokens(boss))) == 3

    asyncio.run(revoke_token(ann, in_room.id))
    asyncio.run(revoke_token(boss, of_ann.id))
    assert not is_valid(people, of_ann.token)
    assert not is_valid(people, in_room.token)


def test_all_tokens_of_the_group_are_listed_for_administrators(people: Site) -> None:
    newest = personal(people.context_of("ann"))

    with pytest.raises(ForbiddenError):
        asyncio.run(list_group_tokens(people.context_of("ann")))
    for context in (people.context_of("boss"), people.operator_context()):
        listed = [token.id for token in asyncio.run(list_group_tokens(context))]
        assert listed == [newest.id, 1]


def test_expired_tokens_are_not_listed(people: Site) -> None:
    operator = people.operator_context()
    asyncio.run(issue_user_token(operator, user="@ann", seconds=60))
    people.clock[0] += 61

    assert asyncio.run(list_own_tokens(people.context_of("ann"))) == []


def test_the_tokens_of_another_group_are_not_found(world: World) -> None:
    site = world.site
    boss = site.operator_context()
    stores = site.server.database.stores
    others = asyncio.run(stores.tokens.of_group(world.second.number))
    assert others

    for token in others:
        with pytest.raises(NotFoundError):
            asyncio.run(revoke_token(boss, token.id))

    assert asyncio.run(stores.tokens.of_group(world.second.number)) == others
    listed = {token.id for token in asyncio.run(list_group_tokens(boss))}
    assert not listed & {token.id for token in others}


def test_an_authorization_is_revoked_by_its_user_with_its_tokens(people: Site) -> None:
    token, _ = authorize(people)
    ann, bob = people.context_of("ann"), people.context_of("bob")
    (authorization,) = asyncio.run(list_authorizations(ann))

    assert (authorization.name, authorization.scopes) == ("Bot", "view_room")
    assert asyncio.run(list_authorizations(bob)) == []
    asyncio.run(revoke_authorization(bob, authorization.id))
    assert is_valid(people, token)

    asyncio.run(revoke_authorization(ann, authorization.id))

    assert not is_valid(people, token)
    assert asyncio.run(list_authorizations(ann)) == []


def test_an_expired_authorization_is_not_listed(people: Site) -> None:
    authorize(people)
    people.clock[0] += 366 * 24 * 60 * 60

    assert asyncio.run(list_authorizations(people.context_of("ann"))) == []
