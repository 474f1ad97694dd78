"""Users: what may be set, and who may set it, by API, API v1 and `hipkit admin` alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.authentication import identify
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import (
    UserChanges,
    add_user,
    change_user,
    delete_account,
    list_users,
    set_admin,
    undelete_user,
)
from hipkit.v2.users import CreateUser
from tests.unit.server.asgi import FORM, Site

Act = Callable[[Context], Coroutine[Any, Any, object]]

NEW = CreateUser(name="New", email="new@example.com")


def test_a_mention_name_is_derived_from_the_name(site: Site) -> None:
    for number, name in enumerate(["Ann Lee", "Ann Lee", "!!!", "All", "Zoë O'Neil"]):
        site.post("/v2/user", {"name": name, "email": f"a{number}@example.com"})

    users = site.get("/v2/user").json["items"]

    names = [user["mention_name"] for user in users][1:]
    assert names == ["AnnLee", "AnnLee1", "User", "All1", "ZoëONeil"]


def test_invalid_and_taken_values_are_refused(site: Site) -> None:
    site.add_user("Ann")

    for body in (
        {"name": "B", "email": "ANN@example.com"},
        {"name": "B", "email": "b@example.com", "mention_name": "ann"},
        {"name": "B", "email": "no address"},
        {"name": "B", "email": "b@example.com", "mention_name": "with space"},
        {"name": "B", "email": "b@example.com", "mention_name": "here"},
        {"name": "B", "email": "b@example.com", "timezone": "Moon/Crater"},
        {"name": "x" * 51, "email": "b@example.com"},
        {"email": "b@example.com"},
    ):
        assert site.post("/v2/user", body).status == 400, body
    assert len(site.get("/v2/user").json["items"]) == 2


def test_the_owner_of_the_group_is_changed_only_by_themselves(site: Site) -> None:
    other = site.add_token(user=site.add_user("Ann", is_group_admin=True))
    body = {"name": "Owner", "email": "owner@example.com", "mention_name": "Owner"}

    assert site.put("/v2/user/1", body, token=other).status == 403
    assert site.delete("/v2/user/1", token=other).status == 403
    assert site.put("/v2/user/1", body).status == 204
    assert site.get("/v2/user/1").json["mention_name"] == "Owner"


def test_the_groups_owner_cannot_be_deleted(site: Site) -> None:
    """A group without an owner has nobody left who may administer it."""
    assert site.delete("/v2/user/1").status == 403

    assert site.get("/v2/user/1").json["is_deleted"] is False


def test_the_groups_owner_stays_administrator(site: Site) -> None:
    body = {
        "name": "Owner",
        "email": "owner@example.com",
        "mention_name": "Owner",
        "is_group_admin": False,
    }

    assert site.put("/v2/user/1", body).status == 204
    assert site.get("/v2/user/1").json["is_group_admin"] is True


def test_mention_names_are_the_same_however_their_accents_are_written(
    site: Site,
) -> None:
    composed, apart = "gr\u00f6\u00dfe", "gro\u0308\u00dfe"
    person = {"name": "A", "email": "a@example.com", "mention_name": apart}
    assert site.post("/v2/user", person).status == 201
    other = {"name": "B", "email": "b@example.com", "mention_name": composed}

    assert site.post("/v2/user", other).status == 400
    assert site.get("/v2/user/@gro%CC%88%C3%9Fe").json["mention_name"] == composed
    assert site.get("/v2/user/@gr%C3%B6%C3%9Fe").status == 200
    site.add_room("Ops")
    for text in (f"hi @{composed}", f"hi @{apart}"):
        site.post("/v2/room/Ops/message", {"message": text})
    for message in site.messages("Ops"):
        assert [one["mention_name"] for one in message["mentions"]] == [composed]


def test_a_changed_password_is_valid_at_once(site: Site) -> None:
    site.add_user("Ann")
    changes = UserChanges(password="another horse")
    asyncio.run(change_user(site.operator_context(), "@Ann", changes))

    reply = site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=password&username=@Ann&password=another+horse",
        headers=[FORM],
    )
    assert reply.status == 200


@pytest.fixture
def people(site: Site) -> Site:
    """A server with a user, another administrator than the group's owner, and a guest."""
    site.add_user("ann", mention_name="ann")
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    site.add_user("gil", mention_name="gil", is_guest=True)
    return site


ACTS: dict[str, Act] = {
    "add": lambda context: add_user(context, NEW),
    "list": list_users,
    "change": lambda context: change_user(context, "@gus", UserChanges(title="x")),
    "promote": lambda context: set_admin(context, "@gus", is_admin=True),
    "delete": lambda context: delete_account(context, "@gus"),
    "undelete": lambda context: undelete_user(context, "@gus"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_only_administrators_and_the_operator_manage_users(
    people: Site, act: Act
) -> None:
    people.add_user("gus", mention_name="gus")

    for name in ("ann", "gil"):
        with pytest.raises(ForbiddenError):
            asyncio.run(act(people.context_of(name)))

    asyncio.run(act(people.context_of("boss")))


@pytest.mark.parametrize(
    "chosen",
    [
        {"user_id": 1804513},
        {"is_guest": True},
    ],
    ids=["id", "guest"],
)
def test_only_the_operator_adds_guests_and_chooses_ids(
    people: Site, chosen: dict[str, Any]
) -> None:
    stores = people.server.database.stores
    token = people.client_token(["admin_group"])
    addon = people.context(asyncio.run(identify(stores, token, people.now_us)))
    for context in (people.context_of("boss"), addon):
        with pytest.raises(ForbiddenError, match="operator"):
            asyncio.run(add_user(context, NEW, **chosen))

    added = asyncio.run(add_user(people.operator_context(), NEW, **chosen))

    assert added.is_guest is chosen.get("is_guest", False)
    assert chosen.get("user_id") in (None, added.id)


def test_a_guest_is_neither_administrator_nor_has_a_password(people: Site) -> None:
    operator = people.operator_context()
    guest = CreateUser("New", "new@example.com", password="correct horse")
    admin = CreateUser("N", "n@x.test", is_group_admin=True)

    with pytest.raises(BadRequestError, match="cannot be an administrator"):
        asyncio.run(add_user(operator, admin, is_guest=True))
    with pytest.raises(BadRequestError, match="has no password"):
        asyncio.run(add_user(operator, guest, is_guest=True))
    for changes in (UserChanges(title="x"), UserChanges(password="correct horse")):
        with pytest.raises(ForbiddenError, match="Guests cannot be changed"):
            asyncio.run(change_user(operator, "@gil", changes))
    with pytest.raises(ForbiddenError, match="Guests cannot be changed"):
        asyncio.run(set_admin(operator, "@gil", is_admin=True))


def test_the_operator_changes_the_groups_owner_but_keeps_them_its_administrator(
    people: Site,
) -> None:
    operator, changes = people.operator_context(), UserChanges(title="Founder")

    with pytest.raises(ForbiddenError, match="only be changed by themselves"):
        asyncio.run(change_user(people.context_of("boss"), 1, changes))
    assert asyncio.run(change_user(operator, 1, changes)).title == "Founder"
    with pytest.raises(ForbiddenError, match="stays its administrator"):
        asyncio.run(set_admin(operator, 1, is_admin=False))
    with pytest.raises(ForbiddenError, match="cannot be deleted"):
        asyncio.run(delete_account(operator, 1))

    owner = asyncio.run(people.server.database.stores.users.get(1))
    assert owner is not None
    assert owner.is_group_admin


def test_promoting_and_demoting_changes_role_and_version(people: Site) -> None:
    boss = people.context_of("boss")

    promoted = asyncio.run(set_admin(boss, "@ann", is_admin=True))
    demoted = asyncio.run(set_admin(boss, "@ann", is_admin=False))

    assert (promoted.is_group_admin, promoted.roles) == (True, '["admin"]')
    assert (demoted.is_group_admin, demoted.roles) == (False, '["user"]')
    assert promoted.version != demoted.version


def test_deleted_users_are_neither_listed_nor_changed_until_restored(
    people: Site,
) -> None:
    boss = people.context_of("boss")
    deleted = asyncio.run(delete_account(boss, "@ann"))

    assert deleted.mention_name == "ann"
    assert "ann" not in [user.mention_name for user in asyncio.run(list_users(boss))]
    for act in (
        change_user(boss, deleted.id, UserChanges(title="x")),
        delete_account(boss, deleted.id),
    ):
        with pytest.raises(NotFoundError):
            asyncio.run(act)
    asyncio.run(undelete_user(boss, "ann@example.com"))
    assert "ann" in [user.mention_name for user in asyncio.run(list_users(boss))]


def test_a_name_that_was_taken_meanwhile_is_not_restored(people: Site) -> None:
    boss = people.context_of("boss")
    deleted = asyncio.run(delete_account(boss, "@ann"))
    people.add_user("Other", mention_name="ann")

    with pytest.raises(BadRequestError, match="mention name"):
        asyncio.run(undelete_user(boss, deleted.id))
