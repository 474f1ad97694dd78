"""What `InstallationStore` promises, whichever database is below it."""

from __future__ import annotations

import pytest
from msgspec.structs import asdict, replace

from hipkit.api.errors import StorageError
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.installations import (
    InstallableRecord,
    InstallationRecord,
    ListedInstallation,
)
from tests.contract.storage.filling import NOW, add_group, add_room, add_user


async def add(
    database: Database,
    client_id: str,
    group_id: int,
    *,
    room_id: int | None = None,
    addon_key: str = "com.example.karma",
    is_pending: bool = False,
) -> InstallationRecord:
    installation = InstallationRecord(
        client_id=client_id,
        group_id=group_id,
        room_id=room_id,
        addon_key=addon_key,
        name="Karma",
        descriptor="{}",
        descriptor_url="https://karma.example/",
        state="pending" if is_pending else "installed",
        installed_by=None,
        root="https://chat.example",
        created_us=NOW,
        updated_us=NOW,
    )

    async def command(stores: Stores) -> None:
        client = ClientRecord(
            client_id, group_id, room_id, "Karma", b"hash", "view_group", "[]"
        )
        await stores.clients.add(client, NOW)
        await stores.installations.add(installation)

    await database.write(command)
    return installation


def listed(installation: InstallationRecord) -> ListedInstallation:
    """Return an installation as lists show it, with the scopes of its client."""
    members = {**asdict(installation), "scopes": "view_group"}
    names = ListedInstallation.__struct_fields__
    return ListedInstallation(**{name: members[name] for name in names})


async def test_an_installation_is_found_by_client_and_by_place(
    database: Database,
) -> None:
    group_id, other_id = await add_group(database), await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "Ops")
    everywhere = await add(database, "a", group_id)
    in_room = await add(database, "b", group_id, room_id=room_id)
    pending = await add(database, "c", group_id, is_pending=True)
    elsewhere = await add(database, "d", other_id)

    store = database.stores.installations
    key = "com.example.karma"
    assert await store.get("b") == in_room
    assert await store.get("z") is None
    assert await store.find(group_id, None, key) == everywhere
    assert await store.find(group_id, room_id, key) == in_room
    assert await store.find(group_id, None, key, "pending") == pending
    assert await store.find(group_id, None, "other") is None
    assert await store.of_group(group_id) == [listed(everywhere), listed(in_room)]
    assert await store.of_room(group_id, room_id) == [listed(in_room)]
    assert await store.of_room(group_id, None) == [listed(everywhere)]
    assert await store.of_group(other_id) == [listed(elsewhere)]
    assert await store.with_descriptors(group_id, room_id) == [in_room]
    assert await store.listed("c") == listed(pending)
    assert await store.listed("z") is None


async def test_an_add_on_is_installed_and_pending_once_in_a_place(
    database: Database,
) -> None:
    group_id = await add_group(database)
    for number, is_pending in enumerate((False, True)):
        await add(database, f"first {number}", group_id, is_pending=is_pending)
        with pytest.raises(StorageError):
            await add(database, f"again {number}", group_id, is_pending=is_pending)
    await add(database, "other", group_id, addon_key="com.example.other")


async def test_a_deleted_client_takes_its_installation_and_installables_along(
    database: Database,
) -> None:
    group_id = await add_group(database)
    await add(database, "a", group_id)
    await add(database, "b", group_id, addon_key="other")
    for number, client_id in enumerate(("a", "b")):
        record = InstallableRecord(
            client_id=client_id,
            addon_key="key",
            kind="install",
            body="{}",
            expires_us=NOW,
        )

        async def store(
            stores: Stores, record: InstallableRecord = record, number: int = number
        ) -> None:
            await stores.installations.add_installable(b"%d" % number, record)

        await database.write(store)

    assert await database.write(lambda stores: stores.clients.delete("a"))

    store_now = database.stores.installations
    assert await store_now.get("a") is None
    assert await store_now.installable(b"0") is None
    assert await store_now.get("b") is not None
    assert await store_now.installable(b"1") is not None


async def test_a_pending_installation_is_completed_once(database: Database) -> None:
    group_id = await add_group(database)
    pending = await add(database, "a", group_id, is_pending=True)

    assert await database.stores.installations.pending_before(NOW) == []
    assert await database.stores.installations.pending_before(NOW + 1) == ["a"]
    assert await database.write(lambda s: s.installations.complete("a", NOW + 2))
    assert not await database.write(lambda s: s.installations.complete("a", NOW + 3))
    assert await database.stores.installations.pending_before(NOW + 1) == []
    expected = replace(pending, state="installed", updated_us=NOW + 2)
    assert await database.stores.installations.get("a") == expected


async def test_a_changed_descriptor_is_stored(database: Database) -> None:
    group_id = await add_group(database)
    before = await add(database, "a", group_id)

    await database.write(
        lambda s: s.installations.change(
            "a",
            name="New",
            descriptor="[1]",
            descriptor_url="https://n",
            now_us=NOW + 1,
        )
    )

    assert await database.stores.installations.get("a") == replace(
        before,
        name="New",
        descriptor="[1]",
        descriptor_url="https://n",
        updated_us=NOW + 1,
    )


async def test_an_installable_is_removed_once_and_swept_when_it_has_expired(
    database: Database,
) -> None:
    record = InstallableRecord(
        client_id="gone", addon_key="key", kind="remove", body="{}", expires_us=NOW
    )
    for token_hash in (b"1", b"2"):

        async def store(stores: Stores, token_hash: bytes = token_hash) -> None:
            await stores.installations.add_installable(token_hash, record)

        await database.write(store)

    assert await database.stores.installations.installable(b"1") == record
    assert await database.write(lambda s: s.installations.remove_installable(b"1"))
    assert not await database.write(lambda s: s.installations.remove_installable(b"1"))
    await database.write(lambda s: s.installations.sweep_installables(NOW))
    assert await database.stores.installations.installable(b"2") == record
    await database.write(lambda s: s.installations.sweep_installables(NOW + 1))
    assert await database.stores.installations.installable(b"2") is None


async def test_those_in_deleted_rooms_are_found(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    rooms = [await add_room(database, group_id, ann, name) for name in ("Ops", "Dev")]
    await add(database, "a", group_id)
    await add(database, "b", group_id, room_id=rooms[0])
    await add(database, "c", group_id, room_id=rooms[1])
    await add(database, "d", group_id, room_id=rooms[1], is_pending=True)
    store = database.stores.installations
    assert await store.in_deleted_rooms(10) == []

    await database.write(lambda stores: stores.rooms.delete(rooms[1]))

    assert [one.client_id for one in await store.in_deleted_rooms(10)] == ["c"]
    assert await store.in_deleted_rooms(0) == []
