"""What windows are told of conversations that are not open in them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hipkit.server.page.streams import updates
from hipkit.server.page.streams.stream import FeedTiming
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage
from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.streams.test_feed import Browser
from tests.unit.server.page.streams.test_stream import Page, room_settings, secret_of
from tests.unit.server.page.visitor import Visitor

QUICK = FeedTiming(poll=3600, keep_alive=3600, check=3600, update=0.01)
LATER_US = 4_000_000_000_000_000


@pytest.fixture
def page(site: Site) -> Page:
    for name in ("Ops", "Dev"):
        site.add_room(name)
    site.add_room("Board", is_private=True)
    site.clock[0] += 60
    return Page(site, QUICK)


@pytest.fixture
def bob(sign_in: MakeVisitor) -> Visitor:
    return sign_in("bob")


@pytest.fixture
def anns_phone(ann: Visitor, sign_in: MakeVisitor) -> Visitor:
    return sign_in("ann")


@pytest.fixture
def gus(sign_in: MakeVisitor) -> Visitor:
    """A guest, who is a member of no room."""
    return sign_in("gus", is_guest=True)


@contextlib.asynccontextmanager
async def watching(
    page: Page, visitor: Visitor, path: str = "/feed"
) -> AsyncIterator[Browser]:
    """Open a stream, and wait until it knows the counts."""
    browser = page.stream(path, secret_of(visitor))
    async with browser.listening():
        await browser.until("event: unread")
        yield browser


def told(browser: Browser, event: str) -> list[Any]:
    """Return the data of the events of a kind."""
    text = browser.received.decode()
    return [
        json.loads(data) if data.startswith("{") else data
        for data in re.findall(rf"event: {event}\ndata: ([^\n]*)\n", text)
    ]


def counts(browser: Browser, path: str) -> list[list[int]]:
    """Return the counts of a conversation that were told, without timestamps."""
    events = told(browser, "unread") + told(browser, "counts")
    return [one[path][:2] for one in events if path in one]


async def notify(page: Page, room: str, **members: object) -> None:
    body = {"message": "secret words", **members}
    await page.call("POST", f"/v2/room/{room}/notification", body)


async def test_counts_of_other_rooms_are_told_without_their_messages(
    page: Page, ann: Visitor
) -> None:
    async with watching(page, ann, "/feed?room=1") as browser:
        await notify(page, "Dev")
        await browser.until('"/rooms/2":[1,0,')
        await notify(page, "Dev", notify=True)
        await browser.until('"/rooms/2":[2,1,')

    assert "secret words" not in browser.received.decode()


async def test_a_new_stream_is_told_what_is_unread(page: Page, ann: Visitor) -> None:
    await notify(page, "Dev")
    async with watching(page, ann) as browser:
        assert told(browser, "unread") == [{"/rooms/2": [1, 0, 0]}]


async def test_a_room_is_never_counted_for_who_may_not_read_it(
    page: Page, ann: Visitor, root: Visitor, gus: Visitor
) -> None:
    async with (
        watching(page, ann) as member,
        watching(page, root) as admin,
        watching(page, gus) as guest,
    ):
        await notify(page, "Board")
        await admin.until('"/rooms/3":[1,')
        await notify(page, "Ops")
        await member.until('"/rooms/1":[1,')

    assert b"/rooms/3" not in member.received
    assert b"/rooms/" not in guest.received


async def test_a_lost_membership_ends_counts_before_the_next_message(
    page: Page, ann: Visitor
) -> None:
    member = "/v2/room/Board/member/@ann"
    await page.call("PUT", member, {"room_roles": ["room_member"]})
    async with watching(page, ann) as browser:
        await notify(page, "Board")
        await browser.until('"/rooms/3":[1,')
        await page.call("DELETE", member)
        await notify(page, "Board")
        await notify(page, "Ops")
        await browser.until('"/rooms/1":[1,')
        await browser.until("event: changed\ndata: rooms")

    assert counts(browser, "/rooms/3") == [[1, 0]]


async def test_a_public_room_that_becomes_private_is_counted_no_more(
    page: Page, ann: Visitor
) -> None:
    async with watching(page, ann) as browser:
        await page.call("PUT", "/v2/room/Ops", room_settings(privacy="private"))
        await notify(page, "Ops")
        await notify(page, "Dev")
        await browser.until('"/rooms/2":[1,')

    assert b"/rooms/1" not in browser.received


async def test_an_ended_session_ends_a_stream_without_a_conversation(
    page: Page, ann: Visitor
) -> None:
    async def end(stores: Stores) -> None:
        user = await stores.users.by_mention(1, "ann")
        assert user is not None
        await stores.web_sessions.end_all(user.id)

    browser = page.stream("/feed", secret_of(ann))
    async with browser.listening():
        await page.site.server.database.write(end)
        await browser.end()


async def test_reading_on_one_device_is_told_to_the_others_at_once(
    page: Page, ann: Visitor, anns_phone: Visitor, bob: Visitor
) -> None:
    await notify(page, "Dev")
    async with (
        watching(page, ann) as laptop,
        watching(page, anns_phone, "/feed?room=2") as other,
        watching(page, bob) as stranger,
    ):
        # No round comes any more: what is told now is told by the mark alone.
        page.feeds.updates.timing = FeedTiming(update=3600)
        reply = await asyncio.to_thread(
            anns_phone.send, "/read", {"room": "2", "at": str(LATER_US), "quiet": "1"}
        )
        assert reply.status == 204
        await other_process_marks(page, "ann")
        await page.feeds.updates.apply_marks()
        for browser in (laptop, other):
            await browser.until('"/rooms/2":[0,0,0]')

    assert counts(stranger, "/rooms/2") == [[1, 0]]


async def other_process_marks(page: Page, name: str) -> None:
    """Mark everything in Dev as read, as another process does."""
    site = page.site
    stores = site.server.database.stores
    user, room = await stores.users.by_mention(1, name), await stores.rooms.get(2)
    assert user is not None
    assert room is not None
    with site.elsewhere() as other:
        await other.write(
            lambda stores: stores.read_marks.set(
                user.id, room.conversation_id, LATER_US
            )
        )


async def test_marks_and_messages_of_other_processes_are_told(
    page: Page, ann: Visitor
) -> None:
    new = NewMessage(
        id="m-other", kind="message", sender_id=None, sender_label="x", body="x"
    )
    async with watching(page, ann) as browser:
        with page.site.elsewhere() as other:
            await other.write(lambda stores: stores.messages.add(2, new, 1 << 51))
        await browser.until('"/rooms/2":[1,')
        await other_process_marks(page, "ann")
        await browser.until('"/rooms/2":[0,0,0]')


async def test_ones_own_messages_are_told_without_a_count(
    page: Page, ann: Visitor, bob: Visitor
) -> None:
    user = await page.site.server.database.stores.users.by_mention(1, "ann")
    assert user is not None
    new = NewMessage(
        id="m-own", kind="message", sender_id=user.id, sender_label="ann", body="x"
    )
    async with watching(page, ann) as own, watching(page, bob) as others:
        await page.site.server.database.write(
            lambda stores: stores.messages.add(2, new, page.site.now_us)
        )
        await others.until('"/rooms/2":[1,0,')
        await own.until('"/rooms/2":[')

    assert counts(own, "/rooms/2") == [[0, 0]]


async def test_a_room_of_the_open_conversation_is_not_counted_twice(
    page: Page, ann: Visitor
) -> None:
    async with watching(page, ann, "/feed?room=1") as browser:
        await notify(page, "Ops")
        await notify(page, "Dev")
        await browser.until("secret words")
        await browser.until('"/rooms/2":[1,')

    assert counts(browser, "/rooms/1") == []


async def test_a_busy_second_is_told_in_one_event(page: Page, ann: Visitor) -> None:
    async with watching(page, ann) as browser:
        rounds = page.feeds.updates
        assert rounds._task is not None
        rounds._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await rounds._task
        for _ in range(20):
            await notify(page, "Dev")
        await rounds._round()
        await browser.until('"/rooms/2":[20,')

    assert counts(browser, "/rooms/2") == [[20, 0]]


async def test_what_changed_is_named_to_those_whom_it_concerns(
    page: Page, ann: Visitor, root: Visitor
) -> None:
    async with (
        watching(page, ann, "/feed?room=1") as inside,
        watching(page, root, "/feed?room=2") as elsewhere,
    ):
        await page.site.server.database.write(
            lambda stores: stores.members.enter(1, 2, page.site.now_us)
        )
        await inside.until("event: changed\ndata: people")
        await page.call("PUT", "/v2/room/Ops", room_settings(topic="New"))
        await inside.until("event: changed\ndata: head")
        await page.call("PUT", "/v2/room/Dev", room_settings(name="Devs"))
        for browser in (inside, elsewhere):
            await browser.until("rooms\n")

    assert "people" not in " ".join(told(elsewhere, "changed"))


async def test_a_private_room_that_changes_is_not_named_to_others(
    page: Page, ann: Visitor
) -> None:
    async with watching(page, ann) as browser:
        await page.call(
            "PUT", "/v2/room/Board", room_settings(name="Plans", privacy="private")
        )
        await notify(page, "Ops")
        await browser.until('"/rooms/1":[1,')

    assert told(browser, "changed") == []


async def test_what_changed_since_the_page_was_read_is_told(
    page: Page, ann: Visitor
) -> None:
    seen = await page.site.server.database.stores.page_changes.newest()
    await page.call("PUT", "/v2/room/Ops", room_settings(topic="New"))

    async with watching(page, ann, f"/feed?room=1&seen={seen}") as browser:
        await browser.until("event: changed\ndata: head")
    async with watching(page, ann, f"/feed?room=2&seen={seen}") as other:
        pass

    assert "head" not in told(other, "changed")


async def test_what_others_missed_is_not_told(
    page: Page, ann: Visitor, bob: Visitor
) -> None:
    seen = await page.site.server.database.stores.page_changes.newest()
    member = {"room_roles": ["room_member"]}
    await page.call("PUT", "/v2/room/Board/member/@bob", member)

    async with watching(page, bob, f"/feed?seen={seen}") as browser:
        await browser.until("event: changed\ndata: rooms")
    async with watching(page, ann, f"/feed?seen={seen}") as other:
        pass

    assert told(other, "changed") == []


async def test_many_new_messages_are_read_in_several_steps(
    page: Page, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "MOST_READ", 2)
    async with watching(page, ann) as browser:
        page.feeds.updates.timing = FeedTiming(update=0.05)
        for _ in range(5):
            await notify(page, "Dev")
        await browser.until('"/rooms/2":[5,')


async def test_after_a_restore_everything_is_told_anew(
    page: Page, ann: Visitor
) -> None:
    async def skip(stores: Stores) -> None:
        # As a restore does, so that servers notice: numbers are left out.
        await stores.rooms._session.run(
            "INSERT INTO access_changes (id) VALUES (5000000)"
        )

    async with watching(page, ann, "/feed?room=1") as browser:
        await page.site.server.database.write(skip)
        await browser.until("event: changed\ndata: glances head people")
        await notify(page, "Dev")
        await browser.until('"/rooms/2":[1,')

    assert len(told(browser, "unread")) > 1


async def test_nothing_is_read_while_nobody_watches(page: Page, ann: Visitor) -> None:
    async with watching(page, ann):
        task = page.feeds.updates._task
        assert task is not None

    with pytest.raises(asyncio.CancelledError):
        await task
    assert page.feeds.updates._people == {}
