"""What `ExtensionStore` promises, whichever database is below it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.extensions import ExtensionStore, NewExtension
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
    ops: int
    dev: int

    @property
    def extensions(self) -> ExtensionStore:
        return self.database.stores.extensions

    async def put(
        self,
        key: str,
        *,
        room_id: int | None = None,
        client_id: str = "one",
        kind: str = "glance",
        body: str = "{}",
        from_descriptor: bool = False,
    ) -> int:
        extension = NewExtension(
            group_id=self.group_id,
            room_id=room_id,
            client_id=client_id,
            kind=kind,
            key=key,
            body=body,
            from_descriptor=from_descriptor,
        )
        return await self.database.write(lambda s: s.extensions.put(extension, NOW))

    async def link(self, name: bytes, extension_id: int, expires_us: int) -> None:
        await self.database.write(
            lambda s: s.extensions.add_link(name, "one", extension_id, expires_us)
        )

    async def changes(self) -> list[tuple[int | None, int | None]]:
        found = await self.database.stores.page_changes.after(0)
        return [(one.room_id, one.user_id) for one in found if one.part == GLANCES]


@pytest.fixture
async def scene(database: Database) -> Scene:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    ops = await add_room(database, group_id, ann, "Ops")
    dev = await add_room(database, group_id, ann, "Dev")
    await add_client(database, group_id, "one")
    await add_client(database, group_id, "two")
    return Scene(database, group_id, ops, dev)


async def test_a_module_is_one_of_its_client_place_kind_and_key(scene: Scene) -> None:
    ids = [
        await scene.put("a"),
        await scene.put("a", room_id=scene.ops),
        await scene.put("a", room_id=scene.dev),
        await scene.put("a", kind="dialog"),
        await scene.put("a", client_id="two"),
        await scene.put("A"),
    ]
    assert len(set(ids)) == len(ids)

    found = await scene.extensions.by_key("one", scene.ops, "glance", "a")
    assert found is not None
    assert found == await scene.extensions.get(ids[1])
    assert found.room_id == scene.ops
    assert await scene.extensions.by_key("one", None, "webPanel", "a") is None
    assert await scene.extensions.count("one", None) == 3
    assert await scene.extensions.count("one", scene.ops) == 1


async def test_all_modules_of_a_client_are_listed(scene: Scene) -> None:
    ids = [
        await scene.put("a", from_descriptor=True),
        await scene.put("a", kind="dialog", room_id=scene.ops),
    ]
    await scene.put("a", client_id="two")

    found = await scene.extensions.of_client("one")

    assert [one.id for one in found] == ids


async def test_a_changed_module_keeps_its_id(scene: Scene) -> None:
    first = await scene.put("a", body='{"v":1}', from_descriptor=True)
    declared = await scene.extensions.of_descriptor("one")
    assert [one.id for one in declared] == [first]

    assert await scene.put("a", body='{"v":2}') == first

    stored = await scene.extensions.get(first)
    assert stored is not None
    assert (stored.body, stored.created_us) == ('{"v":2}', NOW)
    assert await scene.extensions.of_descriptor("one") == []


async def test_a_room_shows_its_own_glances_and_those_of_the_group(
    scene: Scene,
) -> None:
    shown = [await scene.put("a"), await scene.put("b", room_id=scene.ops)]
    await scene.put("c", room_id=scene.dev)
    await scene.put("d", kind="dialog")
    shown.append(await scene.put("e", client_id="two"))
    other = await add_group(scene.database)

    async def ids(group_id: int, count: int) -> list[int]:
        found = await scene.extensions.glances(group_id, scene.ops, count)
        return [one.id for one in found]

    assert await ids(scene.group_id, 9) == shown
    assert await ids(scene.group_id, 2) == shown[:2]
    assert await ids(other, 9) == []


async def test_modules_with_a_key_are_the_rooms_first(scene: Scene) -> None:
    of_group = await scene.put("a", kind="dialog")
    of_room = await scene.put("a", room_id=scene.ops, kind="webPanel")
    await scene.put("a", room_id=scene.dev)
    await scene.put("a", client_id="two")

    async def ids(room_id: int | None) -> list[int]:
        found = await scene.extensions.with_key("one", room_id, "a")
        return [one.id for one in found]

    assert await ids(scene.ops) == [of_room, of_group]
    assert await ids(None) == [of_group]


async def test_a_glance_is_known_in_its_room_or_anywhere(scene: Scene) -> None:
    await scene.put("here", room_id=scene.ops)
    await scene.put("all")
    await scene.put("panel", kind="webPanel")
    has_glance = scene.extensions.has_glance

    assert await has_glance("one", scene.ops, "here")
    assert not await has_glance("one", scene.dev, "here")
    assert await has_glance("one", None, "here")
    assert await has_glance("one", scene.dev, "all")
    assert not await has_glance("one", None, "panel")
    assert not await has_glance("two", None, "all")


async def test_modules_and_links_go_with_their_client(scene: Scene) -> None:
    gone, kept = await scene.put("a"), await scene.put("a", client_id="two")
    await scene.link(b"l", gone, NOW + 1)

    await scene.database.write(lambda s: s.clients.delete("one"))

    assert await scene.extensions.get(gone) is None
    assert await scene.extensions.get(kept) is not None
    assert await scene.extensions.link_target(b"l", NOW) is None


async def test_modules_of_a_room_go_with_it(scene: Scene) -> None:
    gone, kept = await scene.put("a", room_id=scene.ops), await scene.put("a")

    await scene.database.write(lambda s: s.rooms.delete(scene.ops))

    assert await scene.extensions.get(gone) is None
    assert await scene.extensions.get(kept) is not None


async def test_every_change_of_a_module_is_one_of_open_pages(scene: Scene) -> None:
    first = await scene.put("a", room_id=scene.ops)
    await scene.put("a", room_id=scene.ops)
    assert await scene.changes() == [(scene.ops, None)]
    await scene.put("a", room_id=scene.ops, body='{"v":1}')
    assert await scene.changes() == [(scene.ops, None)] * 2

    await scene.put("b")
    await scene.database.write(lambda s: s.extensions.delete(first))

    assert (await scene.changes())[2:] == [(None, None), (scene.ops, None)]


async def test_what_conditions_ask_about_changes_open_pages(scene: Scene) -> None:
    async def change(stores: Stores) -> None:
        room = await stores.rooms.get(scene.ops)
        user = await stores.users.get(1)
        assert room is not None
        assert user is not None
        await stores.rooms.replace(replace(room, privacy="private"))
        await stores.users.replace(replace(user, is_group_admin=True))
        await stores.users.replace(replace(user, is_group_admin=True, name="Anna"))

    await scene.database.write(change)

    assert await scene.changes() == [(scene.ops, None), (None, 1)]


async def test_a_link_opens_its_module_until_it_expires(scene: Scene) -> None:
    module = await scene.put("a")
    await scene.link(b"l", module, NOW + 10)
    target = scene.extensions.link_target

    found = await target(b"l", NOW + 9)
    assert found is not None
    assert found.id == module
    assert await target(b"l", NOW + 10) is None
    assert await target(b"other", NOW) is None
    assert await target(b"l", NOW, client_id="one") == found
    assert await target(b"l", NOW, client_id="two") is None

    await scene.database.write(lambda s: s.extensions.delete_link(b"l"))
    assert await target(b"l", NOW) is None


async def test_links_are_counted_without_the_expired_ones(scene: Scene) -> None:
    module = await scene.put("a")
    for number in range(3):
        await scene.link(bytes([number]), module, NOW + number)

    counted = await scene.database.write(
        lambda s: s.extensions.count_links("one", NOW + 1)
    )

    assert counted == 1


async def test_links_go_with_their_module(scene: Scene) -> None:
    module = await scene.put("a")
    await scene.link(b"l", module, NOW + 10)

    await scene.database.write(lambda s: s.extensions.delete(module))
    again = await scene.put("a")

    assert again != module
    assert await scene.extensions.link_target(b"l", NOW) is None
