"""What counts as unread, and for whom."""

from __future__ import annotations

import asyncio
import json

import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.messages.unread import (
    MOST_COUNTED,
    Unread,
    list_conversations,
    mark_as_read,
)
from hipkit.server.services.people.accounts import set_admin
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.rooms.changes import RoomChanges, change_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage
from tests.unit.server.asgi import Site

START_US = 1_700_000_000 * SECOND_US


@pytest.fixture
def people(site: Site) -> Site:
    """Ann and Bob, and a room."""
    for name in ("ann", "bob"):
        site.add_user(name, mention_name=name)
    site.add_room("Ops")
    site.clock[0] += 60
    return site


def user_id(site: Site, name: str) -> int:
    context = site.context_of(name)
    assert context.actor.user_id is not None
    return context.actor.user_id


def conversation_of(site: Site, room: str = "Ops") -> int:
    found = asyncio.run(site.server.database.stores.rooms.by_name(1, room))
    assert found is not None
    return found.conversation_id


def add(
    site: Site, conversation_id: int, *, sender: str | None = None, **members: object
) -> int:
    """Store a message and return its timestamp."""
    values = {"kind": "message", "body": "x", "sender_label": "Somebody", **members}
    number = asyncio.run(site.server.database.stores.read_marks.newest_message())
    new = NewMessage(
        id=f"m-{number + 1}",
        sender_id=user_id(site, sender) if sender else None,
        **values,  # type: ignore[arg-type]  # members as given
    )

    async def command(stores: Stores) -> int:
        return await stores.messages.add(conversation_id, new, site.now_us)

    return asyncio.run(site.server.database.write(command))


def counts(site: Site, name: str) -> dict[str, Unread]:
    """Return what is unread for a user, by the names of conversations."""
    stores, actor = site.server.database.stores, site.context_of(name).actor
    found = asyncio.run(list_conversations(stores, actor))
    return {one.name: one.unread for one in found if one.unread.count}


def mark(site: Site, name: str, conversation_id: int, read_us: int) -> bool:
    return asyncio.run(mark_as_read(site.context_of(name), conversation_id, read_us))


def test_messages_of_others_count_and_ones_own_do_not(people: Site) -> None:
    add(people, conversation_of(people), sender="ann")

    assert counts(people, "bob") == {"Ops": Unread(1, 0)}
    assert counts(people, "ann") == {}


def test_a_notification_of_ones_own_token_counts(people: Site) -> None:
    add(people, conversation_of(people), sender="ann", kind="notification")

    assert counts(people, "ann") == {"Ops": Unread(1, 0)}


@pytest.mark.parametrize("kind", ["topic", "guest_access"])
def test_events_do_not_count(people: Site, kind: str) -> None:
    add(people, conversation_of(people), sender="ann", kind=kind)

    assert counts(people, "bob") == {}


@pytest.mark.parametrize(
    ("members", "loud"),
    [
        ({"kind": "notification", "notify": 1}, 1),
        ({"kind": "notification"}, 0),
        ({"mentions": {"everybody": ["here"]}}, 1),
        ({"mentions": {"users": ["bob"]}}, 1),
        ({"mentions": {"users": ["ann"]}}, 0),
        ({"mentions": {"users": ["bob"]}, "notify": 1}, 1),
    ],
)
def test_what_asks_for_attention_is_counted_apart(
    people: Site, members: dict[str, object], loud: int
) -> None:
    mentions = members.get("mentions", {})
    assert isinstance(mentions, dict)
    named = mentions.get("users", [])
    stored = {**mentions, "users": [user_id(people, name) for name in named]}
    add(
        people,
        conversation_of(people),
        sender="ann",
        **{**members, "mentions": json.dumps(stored)},
    )

    assert counts(people, "bob") == {"Ops": Unread(1, loud)}


def test_private_messages_ask_for_attention_and_count_for_the_other_only(
    people: Site,
) -> None:
    people.add_user("root", mention_name="root", is_group_admin=True)
    token = people.add_token(user="@ann")
    path = f"/v2/user/{user_id(people, 'bob')}/message"
    assert people.post(path, {"message": "hi"}, token=token).status == 204

    assert counts(people, "bob") == {"ann": Unread(1, 1)}
    assert counts(people, "ann") == counts(people, "root") == {}


def test_what_was_said_before_an_account_was_created_is_not_unread(
    people: Site,
) -> None:
    add(people, conversation_of(people))
    people.clock[0] += 60
    people.add_user("new", mention_name="new")
    add(people, conversation_of(people))

    assert counts(people, "new") == {"Ops": Unread(1, 0)}
    assert counts(people, "bob") == {"Ops": Unread(2, 0)}


def test_private_rooms_count_for_their_members_only(people: Site) -> None:
    people.add_room("Board", is_private=True, owner="@ann")
    add(people, conversation_of(people, "Board"))

    assert counts(people, "ann") == {"Board": Unread(1, 0)}
    assert counts(people, "bob") == {}


def set_privacy(site: Site, room: str, privacy: str) -> None:
    context = site.operator_context()
    asyncio.run(change_room(context, room, RoomChanges(privacy=privacy)))


def test_what_was_said_in_a_room_before_it_became_public_is_not_unread(
    people: Site,
) -> None:
    people.add_room("Board", is_private=True, owner="@ann")
    add(people, conversation_of(people, "Board"))

    set_privacy(people, "Board", "public")

    assert counts(people, "bob") == {}
    assert counts(people, "ann") == {"Board": Unread(1, 0)}
    add(people, conversation_of(people, "Board"))
    assert counts(people, "bob") == {"Board": Unread(1, 0)}


def test_a_new_administrator_has_read_the_private_rooms_of_others(
    people: Site,
) -> None:
    for name, owner in (("Board", "@ann"), ("Own", "@bob")):
        people.add_room(name, is_private=True, owner=owner)
        add(people, conversation_of(people, name))

    asyncio.run(set_admin(people.operator_context(), "@bob", is_admin=True))

    assert counts(people, "bob") == {"Own": Unread(1, 0)}
    add(people, conversation_of(people, "Board"))
    assert counts(people, "bob")["Board"] == Unread(1, 0)


def test_what_is_unread_stays_so_when_a_room_becomes_private(people: Site) -> None:
    reply = people.post(
        "/v2/room/Ops/message", {"message": "x"}, token=people.add_token(user="@bob")
    )
    assert reply.status == 201
    add(people, conversation_of(people))

    set_privacy(people, "Ops", "private")

    assert counts(people, "bob") == {"Ops": Unread(1, 0)}


def test_archived_rooms_do_not_count(people: Site) -> None:
    add(people, conversation_of(people))
    whole = people.get("/v2/room/Ops").json
    change = {name: whole[name] for name in ("name", "topic", "privacy", "owner")}
    change |= {"is_archived": True, "is_guest_accessible": False}
    assert people.put("/v2/room/Ops", change).status == 204

    assert counts(people, "bob") == {}


def test_counts_end_at_their_most(people: Site) -> None:
    for _ in range(MOST_COUNTED + 5):
        add(people, conversation_of(people), notify=1)

    assert counts(people, "bob") == {"Ops": Unread(MOST_COUNTED, MOST_COUNTED)}


def test_a_mark_ends_what_is_unread_for_one_user_and_never_goes_back(
    people: Site,
) -> None:
    conversation = conversation_of(people)
    first, _, last = [add(people, conversation) for _ in range(3)]

    assert mark(people, "bob", conversation, first)
    assert counts(people, "bob") == {"Ops": Unread(2, 0)}
    assert mark(people, "bob", conversation, last)
    assert not mark(people, "bob", conversation, first)
    assert counts(people, "bob") == {}
    assert counts(people, "ann") == {"Ops": Unread(3, 0)}


def test_a_mark_in_the_future_ends_at_the_last_message(people: Site) -> None:
    conversation = conversation_of(people)
    add(people, conversation)
    assert mark(people, "bob", conversation, 4_000_000_000 * SECOND_US)
    add(people, conversation)

    assert counts(people, "bob") == {"Ops": Unread(1, 0)}


def test_nobody_marks_what_they_may_not_read(people: Site) -> None:
    people.add_room("Board", is_private=True, owner="@ann")
    board = conversation_of(people, "Board")
    add(people, board)

    with pytest.raises(ForbiddenError):
        mark(people, "bob", board, START_US)
    with pytest.raises(NotFoundError):
        mark(people, "bob", 999, START_US)
