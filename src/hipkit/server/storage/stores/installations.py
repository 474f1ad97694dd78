"""Installed add-ons, and the data that they may fetch once.

An installation is an OAuth client's, see `clients.py`: deleting the client deletes it.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, insert, select
from hipkit.server.storage.stores.subscriptions import BEHIND

__all__ = [
    "InstallableRecord",
    "InstallationRecord",
    "InstallationState",
    "InstallationStore",
    "ListedInstallation",
]

InstallationState = Literal["pending", "installed"]
"""Whether the add-on has accepted the installation."""


class InstallationRecord(Record, frozen=True, array_like=True, kw_only=True):
    """An add-on in a group or in one room."""

    client_id: str
    group_id: int
    room_id: int | None
    """The room that it is installed in; `None` for the whole group."""
    addon_key: str
    name: str
    descriptor: str
    """The descriptor as it was agreed to: JSON."""
    descriptor_url: str
    """Where the descriptor was read, to read it again."""
    state: InstallationState
    installed_by: int | None
    """The user who installed it; `None` for the operator."""
    root: str
    """Scheme and host under which it was installed."""
    created_us: int
    updated_us: int
    updating_us: int | None = None
    """When an update began that is under way."""


class ListedInstallation(Record, frozen=True, array_like=True, kw_only=True):
    """An installation as lists show it: without its descriptor, which takes a while to read."""

    client_id: str
    group_id: int
    room_id: int | None
    addon_key: str
    name: str
    descriptor_url: str
    installed_by: int | None
    created_us: int
    updated_us: int
    scopes: str
    """What its client may do, separated by spaces."""


class InstallableRecord(Record, frozen=True, array_like=True, kw_only=True):
    """What an add-on may fetch once."""

    client_id: str
    addon_key: str
    kind: Literal["install", "update", "remove"]
    body: str
    """JSON, without the add-on's secret."""
    expires_us: int


COLUMNS = select(InstallationRecord, "installations")
OF_INSTALLATIONS = {
    name: f"installations.{name}"
    for name in ListedInstallation.__struct_fields__
    if name != "scopes"
}
LIST = select(
    ListedInstallation,
    "installations JOIN oauth_clients ON oauth_clients.id = client_id",
    **OF_INSTALLATIONS,
)
INSERT = insert("installations", InstallationRecord)
CHANGE = (
    "UPDATE installations SET name = ?, descriptor = ?, descriptor_url = ?, updated_us = ?,"
    " updating_us = NULL WHERE client_id = ?"
)
INSTALLABLE = select(InstallableRecord, "installables")
INSERT_INSTALLABLE = insert("installables", "token_hash", InstallableRecord)
IN_USE = (
    "WHERE installations.group_id = ? AND NOT EXISTS (SELECT 1 FROM rooms"
    " WHERE rooms.id = installations.room_id AND rooms.is_deleted = 1)"
)
"""What is in a room that was deleted stays, as events of it may still wait to be sent."""
LISTED = f"{IN_USE} AND state = 'installed'"
PLACE = "COALESCE(installations.room_id, 0) = ?"
NAME = "installations.name, addon_key, installations.room_id NULLS FIRST"
OVER = (
    "WHERE state = 'installed' AND EXISTS (SELECT 1 FROM rooms"  # noqa: S608 - our own text
    " WHERE rooms.id = installations.room_id AND rooms.is_deleted = 1)"
    " AND NOT EXISTS (SELECT 1 FROM webhooks WHERE client_id = installations.client_id"
    f" AND EXISTS (SELECT 1 FROM subscriptions WHERE id = webhooks.id AND {BEHIND}))"
    " LIMIT ?"
)


class InstallationStore(Store):
    """Reads and writes installations."""

    async def get(self, client_id: str) -> InstallationRecord | None:
        """Return the installation of an OAuth client, pending or not."""
        return await self._one(
            InstallationRecord, COLUMNS + "WHERE client_id = ?", client_id
        )

    async def find(
        self,
        group_id: int,
        room_id: int | None,
        addon_key: str,
        state: InstallationState = "installed",
    ) -> InstallationRecord | None:
        """Return the installation of an add-on in a room, or with `None` in the group."""
        sql = (
            COLUMNS
            + "WHERE group_id = ? AND COALESCE(room_id, 0) = ? AND addon_key = ? AND state = ?"
        )
        return await self._one(
            InstallationRecord, sql, group_id, room_id or 0, addon_key, state
        )

    async def of_group(self, group_id: int) -> list[ListedInstallation]:
        """Return what is installed in a group and in its rooms, by name."""
        return await self._all(
            ListedInstallation, f"{LIST}{LISTED} ORDER BY {NAME}", group_id
        )

    async def of_room(
        self, group_id: int, room_id: int | None
    ) -> list[ListedInstallation]:
        """Return what is installed in one room, or with `None` in the group itself, by name."""
        sql = f"{LIST}{LISTED} AND {PLACE} ORDER BY {NAME}"
        return await self._all(ListedInstallation, sql, group_id, room_id or 0)

    async def listed(self, client_id: str) -> ListedInstallation | None:
        """Return an installation as lists show it, pending or not."""
        return await self._one(
            ListedInstallation, LIST + "WHERE client_id = ?", client_id
        )

    async def with_descriptors(
        self, group_id: int, room_id: int | None
    ) -> list[InstallationRecord]:
        """Return what `of_room` returns, with descriptors."""
        sql = f"{COLUMNS}{LISTED} AND {PLACE} ORDER BY {NAME}"
        return await self._all(InstallationRecord, sql, group_id, room_id or 0)

    async def add(self, installation: InstallationRecord) -> None:
        """Store an installation, whose client is stored."""
        await self._run(INSERT, *astuple(installation))

    async def complete(self, client_id: str, now_us: int) -> bool:
        """Store that an add-on accepted, and return whether its installation was pending."""
        sql = (
            "UPDATE installations SET state = 'installed', updated_us = ?"
            " WHERE client_id = ? AND state = 'pending'"
        )
        return await self._run(sql, now_us, client_id) > 0

    async def change(
        self,
        client_id: str,
        *,
        name: str,
        descriptor: str,
        descriptor_url: str,
        now_us: int,
    ) -> None:
        """Store another descriptor for an installation, which ends its update."""
        await self._run(CHANGE, name, descriptor, descriptor_url, now_us, client_id)

    async def set_updating(self, client_id: str, us: int | None) -> None:
        """Store when an update began, or with `None` that it has ended."""
        sql = "UPDATE installations SET updating_us = ? WHERE client_id = ?"
        await self._run(sql, us, client_id)

    async def updating_before(self, us: int) -> list[InstallationRecord]:
        """Return the installations whose update began before a time and has not ended."""
        sql = COLUMNS + "WHERE updating_us < ?"
        return await self._all(InstallationRecord, sql, us)

    async def count(self, group_id: int, *, installed_by: int | None = None) -> int:
        """Count a group's installations, pending ones too, but none in deleted rooms.

        With a user, only those that they installed are counted.
        """
        sql = f"SELECT COUNT(*) FROM installations {IN_USE}"  # noqa: S608 - a text of our own
        if installed_by is None:
            return await self._value(int, sql, group_id) or 0
        sql += " AND installed_by = ?"
        return await self._value(int, sql, group_id, installed_by) or 0

    async def has_installable(self, client_id: str, now_us: int) -> bool:
        """Return whether an installation's add-on may still fetch something."""
        sql = "SELECT 1 FROM installables WHERE client_id = ? AND expires_us > ?"
        return await self._value(int, sql, client_id, now_us) is not None

    async def pending_before(self, us: int) -> list[str]:
        """Return the clients whose installations began before a time and are still pending.

        Those whose add-ons may still fetch something are not among them.
        """
        sql = (
            "SELECT client_id FROM installations WHERE state = 'pending'"
            " AND created_us < ? AND NOT EXISTS (SELECT 1 FROM installables"
            " WHERE installables.client_id = installations.client_id)"
        )
        return [row[0] for row in await self._all(tuple[str], sql, us)]

    async def in_deleted_rooms(self, most: int) -> list[InstallationRecord]:
        """Return installations in deleted rooms whose webhooks have got everything."""
        return await self._all(InstallationRecord, COLUMNS + OVER, most)

    async def add_installable(
        self, token_hash: bytes, installable: InstallableRecord
    ) -> None:
        """Store what may be fetched once, by the hash of its token."""
        await self._run(INSERT_INSTALLABLE, token_hash, *astuple(installable))

    async def installable(self, token_hash: bytes) -> InstallableRecord | None:
        """Return what may be fetched with a token."""
        return await self._one(
            InstallableRecord, INSTALLABLE + "WHERE token_hash = ?", token_hash
        )

    async def remove_installable(self, token_hash: bytes) -> bool:
        """Remove what was fetched, and return whether it was there."""
        sql = "DELETE FROM installables WHERE token_hash = ?"
        return await self._run(sql, token_hash) > 0

    async def has_expired_installable(self, us: int) -> bool:
        """Return whether something could be fetched until a time."""
        sql = "SELECT 1 FROM installables WHERE expires_us < ? LIMIT 1"
        return await self._value(int, sql, us) is not None

    async def sweep_installables(self, us: int) -> None:
        """Remove what could be fetched until a time."""
        await self._run("DELETE FROM installables WHERE expires_us < ?", us)
