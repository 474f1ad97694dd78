"""What the stores promise, whichever database is below them."""

from __future__ import annotations

import msgspec

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord, CodeRecord
from hipkit.server.storage.stores.tokens import NewToken
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
    conversation_of,
    message,
)


async def test_users_are_found_in_any_case_of_any_script(database: Database) -> None:
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "Größe", email="Ann@Example.com")

    for name in ("Größe", "GRÖSSE", "grösse"):
        found = await database.stores.users.by_mention(group_id, name)
        assert found is not None
        assert found.id == user_id
    assert await database.stores.users.by_email(group_id, "ANN@EXAMPLE.COM") is not None
    assert await database.stores.users.by_email(group_id + 1, "ann@example.com") is None


async def test_many_mentions_are_looked_up_at_once(database: Database) -> None:
    group_id = await add_group(database)
    for number in range(5):
        await add_user(database, group_id, f"user{number}")

    names = [f"USER{number}" for number in range(3)] + [f"x{n}" for n in range(600)]
    found = await database.stores.users.mentioned(group_id, names)

    assert sorted(user.name for user in found) == ["user0", "user1", "user2"]
    assert await database.stores.users.mentioned(group_id, []) == []
    by_ids = await database.stores.users.by_ids(range(1, 2000))
    assert set(by_ids) == {1, 2, 3, 4, 5}


async def test_a_password_is_stored_in_another_way_unless_it_changed_meanwhile(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    await database.write(lambda stores: stores.users.set_password(ann, "old"))

    for before, after, stored in (("older", "new", "old"), ("old", "new", "new")):

        async def renew(
            stores: Stores, before: str = before, after: str = after
        ) -> None:
            await stores.users.renew_password_hash(ann, before, after)

        await database.write(renew)
        assert await database.stores.users.password_hash(ann) == stored


async def test_clients_are_listed_in_the_order_of_their_making(
    database: Database,
) -> None:
    group_id, other_id = await add_group(database), await add_group(database)
    for number, (client_id, owner) in enumerate(
        (("second", group_id), ("other", other_id), ("first", group_id))
    ):
        client = ClientRecord(
            client_id, owner, None, "Bot", b"hash", "view_group", "[]"
        )

        async def add(
            stores: Stores, client: ClientRecord = client, number: int = number
        ) -> None:
            await stores.clients.add(client, NOW - number)

        await database.write(add)

    found = await database.stores.clients.of_group(group_id)
    assert [client.id for client in found] == ["first", "second"]


async def test_a_deleted_user_leaves_names_to_others(database: Database) -> None:
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")

    await database.write(lambda stores: stores.users.delete(user_id, "w"))
    again = await add_user(database, group_id, "ann")

    old = await database.stores.users.get(user_id)
    assert old is not None
    assert (old.is_deleted, old.name) == (True, "ann")
    page = await database.stores.users.page(
        group_id, include_guests=False, include_deleted=False, start=0, count=10
    )
    assert [user.id for user in page] == [again]


async def test_pages_of_rooms_hold_what_somebody_may_see(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    public = await add_room(database, group_id, ann, "public")
    anns = await add_room(database, group_id, ann, "anns", privacy="private")
    both = await add_room(database, group_id, ann, "both", privacy="private")
    await database.write(lambda s: s.members.set_member(both, bob, "room_member"))

    async def seen(
        seen_by: int | None,
        *,
        include_private: bool = True,
        includes_public: bool = True,
    ) -> list[int]:
        page = await database.stores.rooms.page(
            group_id,
            seen_by=seen_by,
            includes_public=includes_public,
            include_private=include_private,
            include_archived=False,
            start=0,
            count=10,
        )
        return [room.id for room in page]

    assert await seen(None) == [public, anns, both]
    assert await seen(ann) == [public, anns, both]
    assert await seen(bob) == [public, both]
    assert await seen(bob, include_private=False) == [public]
    assert await seen(bob, includes_public=False) == [both]
    assert await seen(ann, includes_public=False) == [public, anns, both]
    assert await seen(bob, includes_public=False, include_private=False) == []


async def test_a_room_is_stored_as_it_is_given(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "Öps")
    room = await database.stores.rooms.by_name(group_id, "ÖPS")
    assert room is not None

    changed = msgspec.structs.replace(
        room,
        name="Ops",
        topic="t",
        is_archived=True,
        delegate_admin_visibility=False,
        version="w",
    )
    await database.write(lambda stores: stores.rooms.replace(changed))

    assert await database.stores.rooms.get(room_id) == changed
    assert await database.stores.rooms.by_name(group_id, "öps") is None


async def test_moments_of_a_conversation_always_grow(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")

    async def add(number: int, now_us: int) -> int:
        async def command(stores: Stores) -> int:
            conversation = await conversation_of(stores, room_id)
            return await stores.messages.add(conversation, message(number), now_us)

        return await database.write(command)

    times = (NOW, NOW, NOW - 50, NOW + 1, NOW + 9)
    timestamps = [await add(number, now_us) for number, now_us in enumerate(times)]

    assert timestamps == [NOW, NOW + 1, NOW + 2, NOW + 3, NOW + 9]
    room = await database.stores.rooms.get(room_id)
    assert room is not None
    assert (room.messages_sent, room.last_active_us) == (5, NOW + 9)


async def test_histories_go_back_from_the_newest_moment(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")
    conversation = await conversation_of(database.stores, room_id)

    async def fill(stores: Stores) -> None:
        for number in range(6):
            await stores.messages.add(conversation, message(number), NOW + number)

    await database.write(fill)

    page = await database.stores.messages.page(
        conversation,
        newest_us=NOW + 4,
        oldest_us=NOW + 1,
        include_deleted=True,
        start=1,
        count=2,
    )

    assert [one.body for one in page] == ["message 3", "message 2"]
    one = await database.stores.messages.get(conversation, page[0].id)
    assert one == page[0]
    assert await database.stores.messages.get(conversation + 1, page[0].id) is None


async def test_what_follows_a_moment_comes_oldest_first(database: Database) -> None:
    group_id = await add_group(database)
    owner_id = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, owner_id, "Ops")
    conversation_id = await conversation_of(database.stores, room_id)

    async def command(stores: Stores) -> None:
        for number in range(4):
            await stores.messages.add(conversation_id, message(number), NOW + number)

    await database.write(command)
    read = database.stores.messages.after

    found = await read(conversation_id, NOW, count=2)

    assert [one.sent_us for one in found] == [NOW + 1, NOW + 2]
    assert await read(conversation_id, NOW + 3, count=2) == []
    assert await read(conversation_id + 1, 0, count=2) == []


async def test_guests_find_their_room_and_when_it_was_opened(
    database: Database,
) -> None:
    group_id = await add_group(database)
    owner_id = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, owner_id, "Ops")
    room = await database.stores.rooms.get(room_id)
    assert room is not None
    opened = msgspec.structs.replace(room, is_guest_accessible=True, guest_key="key")
    switched = [
        msgspec.structs.replace(message(number), kind="guest_access")
        for number in range(2)
    ]

    async def command(stores: Stores) -> None:
        await stores.rooms.replace(opened)
        for number, one in enumerate([*switched, message(2)]):
            await stores.messages.add(room.conversation_id, one, NOW + number)

    await database.write(command)

    stores = database.stores
    assert await stores.rooms.by_guest_key("key") == await stores.rooms.get(room_id)
    assert await stores.rooms.by_guest_key("other") is None
    last = await stores.messages.last_guest_access(room.conversation_id)
    assert last is not None
    assert last.sent_us == NOW + 1
    assert await stores.messages.last_guest_access(room.conversation_id + 1) is None
    await database.write(lambda stores: stores.rooms.delete(room_id))
    assert await stores.rooms.by_guest_key("key") is None


async def test_two_users_have_one_conversation(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")

    assert await database.stores.messages.private_conversation(ann, bob) is None
    one = await database.write(
        lambda s: s.messages.open_private_conversation(group_id, ann, bob)
    )
    other = await database.write(
        lambda s: s.messages.open_private_conversation(group_id, bob, ann)
    )

    assert one == other
    assert await database.stores.messages.private_conversation(bob, ann) == one


async def test_a_deleted_room_is_found_by_nothing_but_the_sweep(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")
    conversation = await conversation_of(database.stores, room_id)
    await database.write(lambda s: s.messages.add(conversation, message(1), NOW))

    await database.write(lambda s: s.rooms.delete(room_id))

    assert await database.stores.rooms.get(room_id) is None
    assert await database.stores.rooms.by_name(group_id, "ops") is None
    (doomed,) = await database.stores.messages.doomed(10)
    await database.write(lambda s: s.messages.remove([doomed.sequence]))
    assert await database.stores.messages.doomed(10) == []
    assert await add_room(database, group_id, ann, "ops") != room_id


async def test_tokens_are_known_by_hash_and_end_with_their_owner(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")

    async def command(stores: Stores) -> None:
        refresh_id = await stores.tokens.add_refresh(
            b"r" * 32, user_id=ann, client_id=None, scopes="view_room", expires_us=None
        )
        new = NewToken(
            hash=b"h" * 32,
            kind="user",
            group_id=group_id,
            user_id=ann,
            scopes="view_room",
            expires_us=NOW,
            refresh_id=refresh_id,
        )
        await stores.tokens.add(new, NOW)

    await database.write(command)
    token = await database.stores.tokens.by_hash(b"h" * 32)
    assert token is not None
    assert (token.user_id, token.scopes, token.expires_us) == (ann, "view_room", NOW)
    assert await database.stores.tokens.by_hash(b"x" * 32) is None

    await database.write(lambda s: s.tokens.revoke(token))
    assert await database.stores.tokens.by_hash(b"h" * 32) is None
    assert await database.stores.tokens.refresh_by_hash(b"r" * 32) is None

    await database.write(command)
    assert await database.write(lambda s: s.tokens.sweep(NOW)) == 0
    assert await database.write(lambda s: s.tokens.sweep(NOW + 1)) == 1


async def test_a_code_is_given_once(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    client = ClientRecord(
        id="c",
        group_id=group_id,
        room_id=None,
        name="Bot",
        secret_hash=b"s",
        scopes="view_room",
        redirect_uris="[]",
    )
    code = CodeRecord(
        user_id=ann,
        client_id="c",
        scopes="view_room",
        redirect_uri="https://x",
        expires_us=NOW,
    )
    await database.write(lambda s: s.clients.add(client, NOW))
    await database.write(lambda s: s.clients.add_code(b"k", code))

    assert await database.stores.clients.get("c") == client
    assert await database.write(lambda s: s.clients.take_code(b"k")) == code
    assert await database.write(lambda s: s.clients.take_code(b"k")) is None
    assert await database.write(lambda s: s.clients.delete("c"))
    assert not await database.write(lambda s: s.clients.delete("c"))


async def test_who_is_in_a_room_and_who_belongs_to_it(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    room_id = await add_room(database, group_id, ann, "ops")

    async def command(stores: Stores) -> None:
        await stores.members.enter(room_id, ann, NOW)
        await stores.members.enter(room_id, ann, NOW)
        await stores.members.set_member(room_id, bob, "room_admin")
        await stores.members.set_member(room_id, bob, "room_member")
        for _ in range(2):
            await stores.members.invite(
                room_id, bob, inviter_id=ann, reason="", now_us=NOW
            )

    await database.write(command)

    async def listed(*, include_members: bool) -> list[tuple[int, str]]:
        found = await database.stores.members.participants(
            room_id, include_members=include_members, start=0, count=10
        )
        return [(one.id, one.room_roles) for one in found]

    assert await listed(include_members=False) == [(ann, "")]
    assert await listed(include_members=True) == [(ann, ""), (bob, "room_member")]
    assert await database.stores.members.roles(room_id, bob) == ("room_member",)
    await database.write(lambda s: s.members.leave_all(bob))
    assert await listed(include_members=True) == [(ann, "")]


async def test_participants_become_members_and_members_keep_their_roles(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    cat = await add_user(database, group_id, "cat")
    room_id = await add_room(database, group_id, ann, "ops")
    other_id = await add_room(database, group_id, ann, "dev")

    async def command(stores: Stores) -> None:
        await stores.members.set_member(room_id, ann, "room_admin")
        for user_id in (ann, bob):
            await stores.members.enter(room_id, user_id, NOW)
        await stores.members.enter(other_id, cat, NOW)
        await stores.members.add_participants(room_id, "room_member")

    await database.write(command)
    members = await database.stores.members.members(room_id, start=0, count=10)
    found = [(one.mention_name, one.room_roles) for one in members]
    assert found == [("ann", "room_admin"), ("bob", "room_member")]


async def test_emoticons_and_files_are_found_by_their_keys(database: Database) -> None:
    group_id = await add_group(database)
    await database.write(
        lambda s: s.files.add(
            group_id=group_id,
            key="k" * 43,
            name="ö.png",
            size_bytes=7,
            content_type="image/png",
            now_us=NOW,
        )
    )
    emoticon_id = await database.write(
        lambda s: s.emoticons.add(
            group_id=group_id,
            shortcut="Yay",
            kind="group",
            file_key="k" * 43,
            width=1,
            height=2,
            creator_id=None,
        )
    )

    file = await database.stores.files.by_key("k" * 43)
    assert file is not None
    assert (file.name, file.size_bytes) == ("ö.png", 7)
    found = await database.stores.emoticons.by_shortcut(group_id, "yAY")
    assert found is not None
    assert found.id == emoticon_id
    (same,) = await database.stores.emoticons.by_shortcuts(group_id, ["YAY", "nay"])
    assert same == found
    pages = [
        await database.stores.emoticons.page(group_id, kind=kind, start=0, count=5)
        for kind in (None, "group", "global")
    ]
    assert [len(page) for page in pages] == [1, 1, 0]


async def test_no_text_is_shown_by_a_record(database: Database) -> None:
    group_id = await add_group(database, "Secret Group")

    assert "Secret" not in repr(await database.stores.groups.get(group_id))
