from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.authentication import identify
from hipkit.server.services.context import Context
from hipkit.server.services.messages import search as search_module
from hipkit.server.services.messages.search import (
    FoundInRooms,
    FoundMessages,
    read_phrases,
    search_messages,
    search_rooms,
)
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.tokenizer import tokenize
from tests.unit.server.asgi import Site


async def context_of(site: Site, token: str | None = None) -> Context:
    stores = site.server.database.stores
    return site.context(await identify(stores, token or site.token, site.now_us))


def find(
    site: Site,
    room: str,
    text: str,
    *,
    token: str | None = None,
    before_us: int | None = None,
    count: int = 50,
) -> FoundMessages:
    async def search() -> FoundMessages:
        context = await context_of(site, token)
        found = await context.stores.rooms.by_name(1, room)
        conversation_id = 999 if found is None else found.conversation_id
        return await search_messages(
            context, conversation_id, text, before_us=before_us, count=count
        )

    return asyncio.run(search())


def bodies(found: FoundMessages) -> list[str]:
    return [message.body for message in found.messages]


@pytest.fixture
def room(site: Site) -> str:
    site.add_room("Ops")
    for text in ("Disk full on db-1", "disk fine", "The disk on db-2 is full again"):
        assert site.post("/v2/room/Ops/message", {"message": text}).status == 201
    return "Ops"


def test_words_phrases_and_the_prefix_of_a_last_word_are_found(
    site: Site, room: str
) -> None:
    assert len(bodies(find(site, room, "disk full"))) == 2
    assert bodies(find(site, room, '"disk full" db')) == ["Disk full on db-1"]
    assert bodies(find(site, room, "dis fu")) == []
    assert bodies(find(site, room, "disk fi")) == ["disk fine"]
    assert bodies(find(site, room, "disk fi ")) == []
    assert bodies(find(site, room, '"disk fi"')) == []
    assert bodies(find(site, room, "db-2")) == ["The disk on db-2 is full again"]


def test_pages_visit_every_hit_once(site: Site, room: str) -> None:
    seen: list[str] = []
    before_us = None
    for _ in range(3):
        page = find(site, room, "disk", before_us=before_us, count=1)
        seen += bodies(page)
        before_us = page.next_before_us
    assert before_us is None
    assert seen == [message["message"] for message in reversed(site.messages(room))]


def test_no_words_find_nothing(site: Site, room: str) -> None:
    for text in ("", "   ", '"', '""', "(*) ^ - :", "\0"):
        assert find(site, room, text) == FoundMessages(messages=[], next_before_us=None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.text(max_size=80)
    | st.text(alphabet='"*^:()-+{}, disk AND OR NOT NEAR text place c1\0', max_size=60)
)
def test_any_text_finds_only_messages_with_its_words(site: Site, text: str) -> None:
    if asyncio.run(site.server.database.stores.rooms.by_name(1, "Ops")) is None:
        site.add_room("Ops")
        for body in ("disk AND text", "place OR NOT c1", "NEAR disk place"):
            site.post("/v2/room/Ops/message", {"message": body})
    phrases = read_phrases(text)

    for body in bodies(find(site, "Ops", text)):
        assert phrases
        assert all(holds(body, phrase) for phrase in phrases)


def holds(body: str, phrase: Phrase) -> bool:
    """Return whether a text has a phrase's tokens in a row."""
    wanted, tokens = " ".join(phrase.tokens), " ".join(tokenize(body))
    end = "" if phrase.is_prefix else " "
    return f" {wanted}{end}" in f" {tokens} "


def test_very_long_search_texts_are_cut(site: Site, room: str) -> None:
    assert find(site, room, "disk " * 10_000).messages
    assert sum(len(phrase.tokens) for phrase in read_phrases("a-b " * 500)) == 32


def test_only_actors_who_may_read_a_room_search_it(site: Site) -> None:
    site.add_room("Board", is_private=True)
    site.post("/v2/room/Board/message", {"message": "the plan"})
    site.add_user("Bob")
    stranger = site.add_token(user="bob@example.com", scopes=["view_messages"])
    site.add_room("Other")
    bound = site.add_room_token("Other")

    assert bodies(find(site, "Board", "plan")) == ["the plan"]
    for token in (stranger, bound):
        with pytest.raises(ForbiddenError):
            find(site, "Board", "plan", token=token)
    with pytest.raises(NotFoundError):
        find(site, "nowhere", "plan")


def test_a_deleted_room_cannot_be_searched(site: Site, room: str) -> None:
    program = site.client_token(["view_messages", "view_group"])

    async def search(token: str) -> None:
        context = await context_of(site, token)
        await search_messages(context, conversation_id, "disk")

    found = asyncio.run(site.server.database.stores.rooms.by_name(1, room))
    assert found is not None
    conversation_id = found.conversation_id
    asyncio.run(search(program))
    assert site.delete(f"/v2/room/{room}").status == 204
    for token in (program, site.token):
        with pytest.raises(NotFoundError):
            asyncio.run(search(token))


def test_only_its_two_users_search_a_private_chat(site: Site) -> None:
    bob = site.add_user("Bob")
    site.add_user("Eve")
    assert site.post(f"/v2/user/{bob}/message", {"message": "between us"}).status < 300
    tokens = {
        name: site.add_token(user=f"{name}@example.com", scopes=["view_messages"])
        for name in ("bob", "eve")
    }

    async def search(token: str) -> list[str]:
        context = await context_of(site, token)
        chat_id = await context.stores.messages.private_conversation(1, bob)
        assert chat_id is not None
        return bodies(await search_messages(context, chat_id, "between"))

    assert asyncio.run(search(tokens["bob"])) == ["between us"]
    assert asyncio.run(search(site.token)) == ["between us"]
    with pytest.raises(NotFoundError):
        asyncio.run(search(tokens["eve"]))


def test_rooms_are_searched_together_newest_first_as_far_as_the_actor_may_see(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("Ops", "Dev", "Board")):
        site.add_room(name, is_private=name == "Board")
        site.clock[0] += number
        site.post(f"/v2/room/{name}/message", {"message": f"disk in {name}"})
    site.add_room("Silent")
    site.add_user("Bob")
    token = site.add_token(user="bob@example.com", scopes=["view_messages"])

    async def search() -> FoundInRooms:
        return await search_rooms(await context_of(site, token), "disk", count=50)

    found = asyncio.run(search())
    assert [room.name for room, _ in found.messages] == ["Dev", "Ops"]
    assert found.is_complete

    monkeypatch.setattr(search_module, "MOST_ROOMS", 1)
    found = asyncio.run(search())
    assert [room.name for room, _ in found.messages] == ["Dev"]
    assert not found.is_complete
