"""Who may follow what, and who may mark what as read."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor

LATER = str(4_000_000_000_000_000)


def user_id(site: Site, name: str) -> int:
    user = asyncio.run(site.server.database.stores.users.by_mention(1, name))
    assert user is not None
    return user.id


def marks(site: Site, name: str) -> int:
    stores = site.server.database.stores.read_marks
    return len(asyncio.run(stores.of_user(user_id(site, name))))


def notify(site: Site, room: str) -> None:
    assert site.post(f"/v2/room/{room}/notification", {"message": "x"}).status == 204


@pytest.fixture
def board(site: Site) -> int:
    """A private room of the first administrator's."""
    room = site.add_room("Board", is_private=True)
    notify(site, "Board")
    return room


@pytest.fixture
def gus(sign_in: MakeVisitor) -> Visitor:
    """A guest, who is a member of no room."""
    return sign_in("gus", is_guest=True)


def test_a_private_room_is_followed_and_marked_by_its_members_only(
    site: Site, ann: Visitor, root: Visitor, gus: Visitor, board: int
) -> None:
    fields = {"room": str(board), "at": LATER}

    assert ann.client.head(f"/feed?room={board}").status_code == 403
    assert ann.send("/read", fields).status == 403
    assert gus.client.head(f"/feed?room={board}").status_code == 404
    assert gus.send("/read", fields).status == 404
    assert root.client.head(f"/feed?room={board}").status_code == 200
    assert root.send("/read", fields).location == f"/rooms/{board}"
    assert [marks(site, name) for name in ("ann", "gus", "root")] == [0, 0, 1]


def test_everybody_who_is_signed_in_follows_what_happens_elsewhere(
    ann: Visitor, gus: Visitor, visitor: Visitor
) -> None:
    for one in (ann, gus):
        assert one.client.head("/feed").status_code == 200
    assert (visitor.get("/feed").location or "").startswith("/sign-in")
    assert (
        visitor.send("/read", {"room": "1", "at": "1"}).location or ""
    ) == "/sign-in"


def test_a_private_chat_is_followed_and_marked_by_its_two_users(
    site: Site, ann: Visitor, root: Visitor, gus: Visitor
) -> None:
    token = site.add_token(user="@root")
    path = f"/v2/user/{user_id(site, 'ann')}/message"
    assert site.post(path, {"message": "hi"}, token=token).status == 204
    chat = str(user_id(site, "root"))

    assert ann.client.head(f"/feed?chat={chat}").status_code == 200
    assert ann.send("/read", {"chat": chat, "at": LATER}).location == f"/chats/{chat}"
    assert marks(site, "ann") == 1
    assert gus.client.head(f"/feed?chat={chat}").status_code == 403
    assert gus.send("/read", {"chat": chat, "at": LATER}).status == 403


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"room": "1"},
        {"room": "x", "at": "1"},
        {"room": "0", "at": "1"},
        {"room": "1", "at": "-1"},
        {"room": "1", "at": "9" * 40},
        {"chat": "9" * 19, "at": "1"},
    ],
)
def test_what_names_no_conversation_or_time_is_refused(
    site: Site, ann: Visitor, fields: dict[str, str | list[str]]
) -> None:
    site.add_room("Ops")

    assert ann.send("/read", fields).status == 400


@pytest.mark.parametrize("query", ["room=x", "room=1&after=x", "chat=-1", "seen=x"])
def test_an_invalid_address_of_the_stream_is_refused(
    site: Site, ann: Visitor, query: str
) -> None:
    site.add_room("Ops")

    assert ann.get(f"/feed?{query}").status == 400


def test_a_mark_of_another_site_is_refused(site: Site, ann: Visitor) -> None:
    site.add_room("Ops")
    notify(site, "Ops")
    fields = {"room": "1", "at": LATER}

    assert ann.send("/read", fields, origin="http://evil.test").status == 403
    assert marks(site, "ann") == 0
    assert ann.send("/read", {**fields, "quiet": "1"}).status == 204
    assert marks(site, "ann") == 1
