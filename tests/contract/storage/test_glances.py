"""What `GlanceStore` promises, whichever database is below it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.extensions import NewExtension
from hipkit.server.storage.stores.page_changes import GLANCES
from tests.contract.storage.filling import (
    NOW,
    add_client,
    add_group,
    add_room,
    add_user,
)


@dataclass
class Scene:
    database: Database
    group_id: int
    ann: int
    bob: int
    ops: int
    dev: int

    async def push(
        self,
        content: str,
        *,
        room_id: int | None = None,
        user_id: int | None = None,
        client_id: str = "one",
    ) -> None:
        await self.database.write(
            lambda s: s.glances.push(
                client_id, {"g": content}, room_id=room_id, user_id=user_id, now_us=NOW
            )
        )

    async def seen(self, room_id: int, user_id: int) -> str | None:
        found = await self.database.stores.glances.seen_by(
            "one", "g", room_id=room_id, user_id=user_id
        )
        return None if found is None else found.content

    async def add_glance(self, room_id: int | None = None) -> int:
        glance = NewExtension(
            group_id=self.group_id,
            room_id=room_id,
            client_id="one",
            kind="glance",
            key="g",
            body="{}",
            from_descriptor=False,
        )
        return await self.database.write(lambda s: s.extensions.put(glance, NOW))


@pytest.fixture
async def scene(database: Database) -> Scene:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    ops = await add_room(database, group_id, ann, "Ops")
    dev = await add_room(database, group_id, ann, "Dev")
    await add_client(database, group_id, "one")
    await add_client(database, group_id, "two")
    return Scene(database, group_id, ann, bob, ops, dev)


async def test_what_was_pushed_for_the_fewest_is_seen(scene: Scene) -> None:
    assert await scene.seen(scene.ops, scene.ann) is None
    await scene.push("another add-on's", client_id="two")
    assert await scene.seen(scene.ops, scene.ann) is None
    await scene.push("both", room_id=scene.ops, user_id=scene.ann)
    await scene.push("user", user_id=scene.ann)
    await scene.push("room", room_id=scene.ops)
    await scene.push("group")

    assert await scene.seen(scene.ops, scene.ann) == "both"
    assert await scene.seen(scene.dev, scene.ann) == "user"
    assert await scene.seen(scene.ops, scene.bob) == "room"
    assert await scene.seen(scene.dev, scene.bob) == "group"


async def test_a_newer_push_takes_the_place_of_the_older_one(scene: Scene) -> None:
    for content in ("first", "second"):
        await scene.push(content, room_id=scene.ops)

    assert await scene.seen(scene.ops, scene.bob) == "second"
    assert await scene.database.stores.glances.count("one", at_most=9) == 1


async def test_pushed_contents_are_counted_up_to_a_number(scene: Scene) -> None:
    for user_id in (scene.ann, scene.bob):
        for room_id in (None, scene.ops):
            await scene.push("x", room_id=room_id, user_id=user_id)
    count = scene.database.stores.glances.count

    assert await count("one", at_most=9) == 4
    assert await count("one", at_most=3) == 3
    assert await count("two", at_most=9) == 0


async def test_a_push_is_one_change_of_open_pages(scene: Scene) -> None:
    await scene.database.write(
        lambda s: s.glances.push(
            "one",
            {"a": "1", "b": "2"},
            room_id=scene.ops,
            user_id=scene.ann,
            now_us=NOW,
        )
    )

    (change,) = [
        one
        for one in await scene.database.stores.page_changes.after(0)
        if one.part == GLANCES
    ]
    assert (change.room_id, change.user_id) == (scene.ops, scene.ann)


async def test_what_was_pushed_goes_with_client_room_user_and_glance(
    scene: Scene,
) -> None:
    write = scene.database.write
    await scene.push("user", user_id=scene.bob)
    await scene.push("room", room_id=scene.ops)
    await write(lambda s: s.users.delete(scene.bob, "v"))
    assert await scene.seen(scene.dev, scene.bob) is None
    assert await scene.seen(scene.ops, scene.bob) == "room"
    await write(lambda s: s.rooms.delete(scene.ops))
    assert await scene.seen(scene.ops, scene.bob) is None

    await scene.push("group")
    await write(lambda s: s.clients.delete("one"))
    assert await scene.seen(scene.dev, scene.ann) is None


async def test_a_deleted_glance_of_a_room_leaves_what_others_show(
    scene: Scene,
) -> None:
    of_ops, of_dev = (
        await scene.add_glance(scene.ops),
        await scene.add_glance(scene.dev),
    )
    await scene.push("ops", room_id=scene.ops)
    await scene.push("dev", room_id=scene.dev)
    await scene.push("group")

    await scene.database.write(lambda s: s.extensions.delete(of_ops))
    assert await scene.seen(scene.ops, scene.ann) == "group"
    assert await scene.seen(scene.dev, scene.ann) == "dev"

    await scene.database.write(lambda s: s.extensions.delete(of_dev))
    assert await scene.seen(scene.ops, scene.ann) is None
    assert await scene.seen(scene.dev, scene.ann) is None
