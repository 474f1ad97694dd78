"""Who may have streams open, how many, and what ends them at once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from msgspec import structs

from hipkit.server.dispatch import Dispatcher
from hipkit.server.http.requests import Scope
from hipkit.server.page.streams.stream import (
    MOST_OF_GUESTS,
    MOST_OF_USER,
    FeedTiming,
    Reader,
)
from hipkit.server.services.access.web_sessions import change_password
from hipkit.server.services.context import Context, Runtime
from hipkit.server.services.people.accounts import delete_account, set_admin
from hipkit.server.services.rooms.changes import remove_room
from hipkit.server.storage.protocol import Stores
from tests.unit.server.asgi import RawResponse, Site, call
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.streams.test_feed import Browser
from tests.unit.server.page.visitor import Visitor

NEVER = FeedTiming(poll=3600, keep_alive=3600, check=3600, update=3600)
"""Nothing happens but what something causes."""
OFTEN = FeedTiming(poll=0.01, keep_alive=3600, check=3600)


class Page:
    """The page as browsers see it that keep streams open."""

    def __init__(self, site: Site, timing: FeedTiming = NEVER) -> None:
        self.site = site
        self.app = Dispatcher(site.server)
        self.feeds = self.app.page.feeds
        self.feeds.timing = self.feeds.updates.timing = timing

    def stream(
        self, path: str, secret: str | None = None, *, peer: str = "10.0.0.1"
    ) -> Browser:
        path, _, query = path.partition("?")
        headers = [(b"host", b"chat.test")]
        if secret is not None:
            headers.append((b"cookie", f"hipkit-session={secret}".encode()))
        scope: Scope = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": f"{query}&after=4000000000000000".encode(),
            "root_path": "",
            "headers": headers,
            "client": (peer, 50000),
            "server": ("127.0.0.1", 8070),
        }

        return Browser(partial(self.app, scope))

    async def call(self, method: str, path: str, body: object = None) -> RawResponse:
        headers = [
            ("Host", "chat.test"),
            ("Authorization", f"Bearer {self.site.token}"),
            ("Content-Type", "application/json"),
        ]
        data = b"" if body is None else json.dumps(body).encode()
        reply = await call(self.site.server, method, path.encode(), headers, [data])
        assert reply.status in (201, 204), reply.body
        return reply

    async def say(self, text: str, room: str = "Ops") -> None:
        await self.call("POST", f"/v2/room/{room}/message", {"message": text})


def secret_of(visitor: Visitor) -> str:
    return str(visitor.client.cookies["hipkit-session"])


Act = Callable[[Page], Awaitable[object]]


def room_settings(**changes: object) -> dict[str, object]:
    return {
        "name": "Ops",
        "privacy": "public",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": "1"},
        **changes,
    }


async def end_session(page: Page) -> None:
    async def command(stores: Stores) -> None:
        user = await stores.users.by_mention(1, "ann")
        assert user is not None
        await stores.web_sessions.end_all(user.id)

    await page.site.context().write(command)


async def set_new_password(page: Page) -> None:
    async def command(stores: Stores) -> None:
        user = await stores.users.by_mention(1, "ann")
        assert user is not None
        await change_password(stores, user.id, "a hash")

    await page.site.context().write(command)


async def delete_by_v1(page: Page) -> None:
    path = f"/v1/users/delete?auth_token={page.site.token}&user_id=ann@example.com"
    reply = await call(
        page.site.server, "POST", path.encode(), [("Host", "chat.test")], [b""]
    )
    assert reply.status == 200, reply.body


IN_THIS_PROCESS: dict[str, Act] = {
    "the person is deleted": lambda page: page.call("DELETE", "/v2/user/@ann"),
    "the person is deleted by v1": delete_by_v1,
    "the session is ended": end_session,
    "the password is changed": set_new_password,
    "the room is made private": lambda page: page.call(
        "PUT", "/v2/room/Ops", room_settings(privacy="private")
    ),
    "the room is deleted": lambda page: page.call("DELETE", "/v2/room/Ops"),
}
IN_ANOTHER_PROCESS: dict[str, Callable[[Context], Awaitable[object]]] = {
    "the person is deleted": lambda context: delete_account(context, "@ann"),
    "the room is deleted": lambda context: remove_room(context, "Ops"),
}


@pytest.fixture
def site(site: Site) -> Site:
    site.add_room("Ops")
    site.add_room("Dev")
    return site


@pytest.fixture
def bob(sign_in: MakeVisitor) -> Visitor:
    return sign_in("bob")


@pytest.fixture
def anns_phone(ann: Visitor, sign_in: MakeVisitor) -> Visitor:
    return sign_in("ann")


@pytest.fixture
def secret_room(site: Site, ann: Visitor) -> int:
    """Make a private room that Ann is a member of."""
    room_id = site.add_room("Secret", is_private=True)
    reply = site.put("/v2/room/Secret/member/@ann", {"room_roles": ["room_member"]})
    assert reply.status == 204
    return room_id


@pytest.fixture
def guest_page(site: Site) -> str:
    """Open a room to guests."""
    site.put("/v2/room/Ops", room_settings(is_guest_accessible=True))
    key = site.get("/v2/room/Ops").json["guest_access_url"].rpartition("/")[2]
    return f"/guest/{key}"


@pytest.mark.parametrize("act", IN_THIS_PROCESS.values(), ids=IN_THIS_PROCESS.keys())
async def test_a_stream_ends_at_once_when(site: Site, ann: Visitor, act: Act) -> None:
    page = Page(site)
    stream = page.stream("/feed?room=1", secret_of(ann))
    async with stream.listening():
        await act(page)
        await stream.end()

    assert page.feeds.streams == 0


@pytest.mark.parametrize(
    "act", IN_ANOTHER_PROCESS.values(), ids=IN_ANOTHER_PROCESS.keys()
)
async def test_a_stream_ends_soon_when_elsewhere(
    site: Site,
    ann: Visitor,
    act: Callable[[Context], Awaitable[object]],
) -> None:
    page = Page(site, OFTEN)
    stream = page.stream("/feed?room=1", secret_of(ann))
    async with stream.listening():
        with site.elsewhere() as database:
            runtime = Runtime(database, site.server.settings)
            await act(await runtime.operator_context())
        await stream.end()


async def test_a_message_after_the_end_of_access_is_not_sent(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    # The other process gives no signal, so the message itself is what wakes the feed.
    page = Page(site)
    gone = page.stream("/feed?room=1", secret_of(ann))
    stays = page.stream("/feed?room=1", secret_of(root))
    async with gone.listening(), stays.listening():
        with site.elsewhere() as database:
            runtime = Runtime(database, site.server.settings)
            context = await runtime.operator_context()
            await delete_account(context, "@ann")
        await page.say("message 1")
        await stays.until("message 1")
        await gone.end()

    assert gone.texts() == []
    assert not stays.received.count(b"replaced")


async def test_removing_a_member_of_a_private_room_ends_their_stream(
    site: Site, ann: Visitor, secret_room: int
) -> None:
    page = Page(site)
    stream = page.stream(f"/feed?room={secret_room}", secret_of(ann))
    async with stream.listening():
        await page.call("DELETE", "/v2/room/Secret/member/@ann")
        await stream.end()


async def test_demoting_an_administrator_ends_streams_of_private_rooms(
    site: Site, root: Visitor, secret_room: int
) -> None:
    page = Page(site, OFTEN)
    stream = page.stream(f"/feed?room={secret_room}", secret_of(root))
    async with stream.listening():
        with site.elsewhere() as database:
            runtime = Runtime(database, site.server.settings)
            context = await runtime.operator_context()
            await set_admin(context, "@root", is_admin=False)
        await stream.end()


async def test_making_a_user_a_guest_ends_streams_of_private_chats(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    page = Page(site)
    people = site.server.database.stores.users
    found = [await people.by_mention(1, name) for name in ("ann", "bob")]
    users = [user for user in found if user is not None]
    streams = [
        page.stream(f"/feed?chat={other.id}", secret_of(visitor))
        for visitor, other in ((ann, users[1]), (bob, users[0]))
    ]

    async def demote(stores: Stores) -> None:
        await stores.users.replace(structs.replace(users[0], is_guest=True))

    async with streams[0].listening(), streams[1].listening():
        await site.context().write(demote)
        await streams[0].end()
        assert page.feeds.streams == 1


async def test_disabling_guest_access_ends_its_streams(
    site: Site, guest_page: str
) -> None:
    page = Page(site)
    stream = page.stream(f"{guest_page}/feed")
    async with stream.listening():
        await page.call("PUT", "/v2/room/Ops", room_settings())
        await stream.end()


async def test_changes_that_concern_others_end_no_stream(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    page = Page(site)
    stream = page.stream("/feed?room=1", secret_of(ann))
    async with stream.listening():
        await page.call("DELETE", "/v2/user/@bob")
        await page.call("DELETE", "/v2/room/Dev")
        await page.call("PUT", "/v2/room/Ops", room_settings(topic="new"))
        await page.say("message 1")
        await stream.until("message 1")
        assert not stream.is_over


async def test_more_changes_than_are_stored_check_every_stream(
    site: Site, ann: Visitor
) -> None:
    page = Page(site)
    stream = page.stream("/feed?room=1", secret_of(ann))
    async with stream.listening():

        async def command(stores: Stores) -> None:
            user = await stores.users.by_mention(1, "ann")
            assert user is not None
            await stores.web_sessions.end_all(user.id)
            for _ in range(1100):
                await stores.members.set_member(2, 1, "room_member")
                await stores.members.remove_member(2, 1)

        await page.site.context().write(command)
        await stream.end()


async def test_one_stream_too_many_ends_the_users_oldest(
    site: Site, ann: Visitor, anns_phone: Visitor, bob: Visitor
) -> None:
    # In whichever of their sessions and rooms: else one person could take them all.
    page = Page(site)
    async with contextlib.AsyncExitStack() as stack:
        others = await listen(stack, page.stream("/feed?room=1", secret_of(bob)))
        mine = [
            await listen(
                stack,
                page.stream(
                    f"/feed?room={1 + number % 2}",
                    secret_of(ann if number % 3 else anns_phone),
                ),
            )
            for number in range(MOST_OF_USER + 2)
        ]

        await mine[0].end()
        await mine[1].end()
        assert mine[0].received.endswith(b"event: replaced\ndata:\n\n")
        await page.say("message 1")
        await page.say("message 2", "Dev")
        for stream in mine[2:]:
            await stream.until("message ")
        await others.until("message 1")
        assert page.feeds.streams == MOST_OF_USER + 1

    assert page.feeds.streams == 0
    assert page.feeds._of_readers == {}


async def test_a_closed_stream_does_not_count(site: Site, ann: Visitor) -> None:
    page = Page(site)
    async with page.stream("/feed?room=1", secret_of(ann)).listening() as first:
        for _ in range(MOST_OF_USER * 2):
            async with page.stream("/feed?room=1", secret_of(ann)).listening():
                pass
        await page.say("message 1")
        await first.until("message 1")


async def test_a_reply_quotes_an_earlier_message_to_users_only(
    site: Site, ann: Visitor
) -> None:
    page = Page(site, OFTEN)
    await page.say("before guests came")
    whole = await call(
        site.server,
        "GET",
        b"/v2/room/Ops/history",
        [("Host", "chat.test"), ("Authorization", f"Bearer {site.token}")],
        [b""],
    )
    earlier = whole.json["items"][0]["id"]
    await page.call("PUT", "/v2/room/Ops", room_settings(is_guest_accessible=True))
    room = await site.server.database.stores.rooms.get(1)
    assert room is not None
    guest = page.stream(f"/guest/{room.guest_key}/feed")
    member = page.stream("/feed?room=1", secret_of(ann))
    async with guest.listening(), member.listening():
        reply = {"message": "an answer", "parentMessageId": earlier}
        await page.call("POST", "/v2/room/Ops/reply", reply)
        await guest.until("an answer")
        await member.until("an answer")

    assert b"before guests came" in member.received
    assert b"before guests came" not in guest.received
    assert earlier.encode() not in guest.received


async def test_guests_of_one_network_end_only_each_others_streams(
    site: Site, guest_page: str
) -> None:
    page = Page(site)
    async with contextlib.AsyncExitStack() as stack:
        far = await listen(stack, page.stream(f"{guest_page}/feed", peer="10.9.9.9"))
        near = [
            await listen(
                stack, page.stream(f"{guest_page}/feed", peer=f"2001:db8::{number:x}")
            )
            for number in range(MOST_OF_GUESTS + 1)
        ]

        await near[0].end()
        await page.say("message 1")
        for stream in [far, *near[1:]]:
            await stream.until("message 1")


def test_the_repr_of_a_reader_has_no_guest_key() -> None:
    assert "secret" not in repr(Reader(guest_key="secret", network="10.0.0.1"))


async def listen(stack: contextlib.AsyncExitStack, stream: Browser) -> Browser:
    return await stack.enter_async_context(stream.listening())
