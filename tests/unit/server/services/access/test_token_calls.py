"""Recent calls: who may see them, and what of them."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import browser_actor
from hipkit.server.services.access.token_calls import (
    WITHHELD,
    list_calls_without_token,
    list_token_calls,
    list_tokens_by_last_call,
)
from hipkit.server.storage.stores.tokens import TokenRecord
from tests.unit.server.asgi import Site
from tests.unit.server.two_groups import World


def newest_token(site: Site) -> TokenRecord:
    tokens = asyncio.run(
        site.server.database.stores.tokens.of_group(1, now_us=site.now_us)
    )
    return max(tokens, key=lambda token: token.id)


@pytest.fixture
def chat(site: Site) -> int:
    """The number of Ann's token, which sent a private message and made a room."""
    site.add_user("ann", mention_name="ann")
    site.add_user("bob", mention_name="bob")
    site.add_user("boss", mention_name="boss", is_group_admin=True)
    token = site.add_token(user="@ann")
    site.post("/v2/user/@bob/message", {"message": "between us"}, token=token)
    site.post("/v2/room", {"name": "Ops"}, token=token)
    return newest_token(site).id


def test_private_chats_are_shown_to_the_tokens_owner_only(
    site: Site, chat: int
) -> None:

    _, own = asyncio.run(list_token_calls(site.context_of("ann"), chat))
    token, seen = asyncio.run(list_token_calls(site.context_of("boss"), chat))

    assert token.id == chat
    assert ["between us" in call.request_body for call in own] == [False, True]
    assert [call.request_body for call in seen] == [own[0].request_body, WITHHELD]
    assert seen[1].answer == WITHHELD


def test_calls_after_a_number_are_the_newer_ones(site: Site, chat: int) -> None:
    ann = site.context_of("ann")
    _, (newer, older) = asyncio.run(list_token_calls(ann, chat))

    _, found = asyncio.run(list_token_calls(ann, chat, older.number))

    assert [call.number for call in found] == [newer.number]


def test_the_token_of_another_user_is_not_found(site: Site, chat: int) -> None:
    with pytest.raises(NotFoundError):
        asyncio.run(list_token_calls(site.context_of("bob"), chat))


def test_calls_without_a_token_are_for_administrators(site: Site, chat: int) -> None:
    site.get("/v2/room", token=None)

    with pytest.raises(ForbiddenError):
        asyncio.run(list_calls_without_token(site.context_of("ann")))

    found = asyncio.run(list_calls_without_token(site.context_of("boss")))
    assert [call.token_id for call in found] == [None]


def test_calls_without_a_token_are_for_the_first_group_only(world: World) -> None:
    site, stores = world.site, world.site.server.database.stores
    group = asyncio.run(stores.groups.get(world.second.number))
    assert group is not None
    owner = asyncio.run(stores.users.get(group.owner_id or 0))
    assert owner is not None
    assert owner.is_group_admin

    with pytest.raises(ForbiddenError):
        asyncio.run(list_calls_without_token(site.context(browser_actor(owner))))


def test_tokens_are_split_into_called_and_quiet_the_latest_call_first(
    site: Site, chat: int
) -> None:
    site.add_token(user="@bob")
    site.get("/v2/room", token=site.add_token(user="@bob"))

    called, others = asyncio.run(list_tokens_by_last_call(site.context_of("boss")))

    assert [token.id for token in called] == [chat + 2, chat]
    assert [token.id for token in others] == [chat + 1, 1]
