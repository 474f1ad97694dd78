"""What searching promises, whichever database is below it."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from hipkit.server.storage.protocol import Database, ScanTooLongError, Stores
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.tokenizer import tokenize
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
    conversation_of,
    message,
)

FAR_US = 1 << 62


@dataclasses.dataclass
class Talk:
    """A room's messages, and a way to look for them."""

    database: Database
    room_id: int
    conversation_id: int
    said: int = 0

    async def say(self, body: str, **members: object) -> None:
        self.said += 1
        number = self.said + 1000 * self.conversation_id
        said = msgspec.structs.replace(message(number), body=body, **members)
        await self.database.write(
            lambda stores: stores.messages.add(self.conversation_id, said, NOW)
        )

    async def find(
        self,
        *texts: str,
        is_prefix: bool = False,
        before_us: int = FAR_US,
        most: int = 9,
    ) -> list[str]:
        phrases = [Phrase(tokenize(text), is_prefix=is_prefix) for text in texts]
        found = await self.database.stores.search.page(
            self.conversation_id, phrases, before_us=before_us, count=most
        )
        return [one.body for one in found]


@pytest.fixture
async def talk(database: Database) -> Talk:
    return await begin_talk(database)


async def begin_talk(database: Database, name: str = "ops") -> Talk:
    group_id = await add_group(database)
    owner_id = await add_user(database, group_id, f"owner of {name}")
    room_id = await add_room(database, group_id, owner_id, name)
    conversation_id = await conversation_of(database.stores, room_id)
    return Talk(database, room_id, conversation_id)


async def test_every_word_is_needed_in_any_order(talk: Talk) -> None:
    await talk.say("Deploy failed on web-1")
    await talk.say("Deploy done on web-2")

    assert await talk.find("web", "DEPLOY") == [
        "Deploy done on web-2",
        "Deploy failed on web-1",
    ]
    assert await talk.find("failed", "deploy") == ["Deploy failed on web-1"]
    assert await talk.find("failed", "2") == []


async def test_a_phrase_stands_together(talk: Talk) -> None:
    await talk.say("disk is full")
    await talk.say("full disk")

    assert await talk.find("full disk") == ["full disk"]
    assert await talk.find("is full") == ["disk is full"]


async def test_a_phrase_is_found_wherever_it_stands(talk: Talk) -> None:
    # Indexes bound how many places they keep: of all words, and of one that comes often.
    text = "a " * 30_000 + "far end"
    await talk.say(text)

    assert await talk.find("far end") == [text]
    assert await talk.find("a far") == [text]
    assert await talk.find("a fa", is_prefix=True) == [text]
    assert await talk.find("end far") == []
    assert await talk.find("a end") == []


async def test_only_a_begun_word_goes_on(talk: Talk) -> None:
    await talk.say("deployment of café")

    assert await talk.find("deploy") == []
    assert await talk.find("deploy", is_prefix=True) == ["deployment of café"]
    assert await talk.find("of caf", is_prefix=True) == ["deployment of café"]
    assert await talk.find("CAFE") == ["deployment of café"]


async def test_a_conversation_finds_its_own_messages_only(database: Database) -> None:
    one, other = await begin_talk(database, "one"), await begin_talk(database, "other")
    await one.say("secret plan")

    assert await one.find("plan") == ["secret plan"]
    assert await other.find("plan") == []
    # What stands for the conversation in an index is no word that could be looked for.
    for talk in (one, other):
        assert await talk.find(f"c{one.conversation_id}") == []


async def test_pages_go_back_from_a_timestamp(talk: Talk) -> None:
    for number in range(5):
        await talk.say(f"alert {number}")

    assert await talk.find("alert", most=2) == ["alert 4", "alert 3"]
    # The first message has the moment NOW, and each later one a microsecond more.
    assert await talk.find("alert", before_us=NOW + 3, most=2) == ["alert 2", "alert 1"]
    assert await talk.find("alert", before_us=NOW) == []


async def test_files_and_cards_are_found_and_empty_messages_are_not(talk: Talk) -> None:
    async def add_file(stores: Stores) -> int:
        return await stores.files.add(
            group_id=1,
            key="k",
            name="Report.pdf",
            size_bytes=1,
            content_type="application/pdf",
            now_us=NOW,
        )

    file_id = await talk.database.write(add_file)
    await talk.say("", file_id=file_id)
    await talk.say("<b>x</b>", format="html", card='{"title": "Pull request"}')
    await talk.say("...")

    assert await talk.find("report", "pdf") == [""]
    assert await talk.find("pull request") == ["<b>x</b>"]
    assert await talk.find("b") == []


async def test_removed_messages_are_not_found(talk: Talk) -> None:
    await talk.say("alert before")
    await talk.database.write(lambda stores: stores.rooms.delete(talk.room_id))

    async def sweep(stores: Stores) -> None:
        # One that this very command adds goes with the rest.
        late = msgspec.structs.replace(message(7), body="alert after")
        await stores.messages.add(talk.conversation_id, late, NOW)
        doomed = await stores.messages.doomed(100)
        await stores.messages.remove(one.sequence for one in doomed)

    await talk.database.write(sweep)
    assert await talk.find("alert") == []
    await talk.say("alert again")
    assert await talk.find("alert") == ["alert again"]


async def test_a_failed_command_leaves_nothing_to_find(talk: Talk) -> None:
    async def fail(stores: Stores) -> None:
        await stores.messages.add(talk.conversation_id, message(1), NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await talk.database.write(fail)
    await talk.say("message here")
    assert await talk.find("message") == ["message here"]


async def test_tokenize_any_number_are_no_mistake(talk: Talk) -> None:
    await talk.say("and or not near")

    assert await talk.find("AND", "OR", "NOT", "NEAR") == ["and or not near"]
    assert await talk.find(*["near"] * 32) == ["and or not near"]


async def test_a_read_without_time_is_broken_off(database: Database) -> None:
    async def count(stores: Stores) -> object:
        return await stores.groups.get(1)

    with pytest.raises(ScanTooLongError):
        await database.scan(count, seconds=0)
    assert await database.scan(count) is None


def test_a_search_shows_no_text() -> None:
    assert NewMessage.__repr__(message(1)) == "<NewMessage>"
