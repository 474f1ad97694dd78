"""Users and guests of a group."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, insert, select, update

__all__ = ["NewUserRecord", "UserRecord", "UserStore"]


class NewUserRecord(Record, frozen=True, array_like=True, kw_only=True):
    """A user to be stored, new or changed."""

    group_id: int
    name: str
    mention_name: str
    email: str
    title: str
    roles: str
    is_group_admin: bool
    is_guest: bool = False
    timezone: str
    presence_show: str | None = None
    presence_status: str | None = None
    version: str


class UserRecord(NewUserRecord, frozen=True, array_like=True, kw_only=True):
    """A stored user, without the hash of the password."""

    id: int
    is_deleted: bool
    photo_key: str | None
    created_us: int
    last_active_us: int | None


KEYS = "mention_key, email_key"
"""Columns that users are found by: names in one case, free again when a user is deleted."""

COLUMNS = select(UserRecord, "users")
INSERT = insert(
    "users", "id", NewUserRecord, KEYS, "is_deleted, created_us, password_hash"
)
REPLACE = update("users", NewUserRecord, KEYS)
replaced = attrgetter(*NewUserRecord.__struct_fields__)


class UserStore(Store):
    """Reads and writes users."""

    async def get(self, user_id: int) -> UserRecord | None:
        """Return a user by id, also a deleted one."""
        return await self._one(UserRecord, COLUMNS + "WHERE id = ?", user_id)

    async def by_email(self, group_id: int, email: str) -> UserRecord | None:
        """Return the user with an e-mail address, ignoring case."""
        sql = COLUMNS + "WHERE group_id = ? AND email_key = ?"
        return await self._one(UserRecord, sql, group_id, email.casefold())

    async def by_mention(self, group_id: int, mention_name: str) -> UserRecord | None:
        """Return the user with a mention name, given without the `@`, ignoring case."""
        sql = COLUMNS + "WHERE group_id = ? AND mention_key = ?"
        return await self._one(UserRecord, sql, group_id, mention_name.casefold())

    async def mentioned(
        self, group_id: int, mention_names: Collection[str]
    ) -> list[UserRecord]:
        """Return the users who have one of some mention names."""
        sql = COLUMNS + "WHERE group_id = ? AND mention_key IN "
        keys = (name.casefold() for name in mention_names)
        return await self._all_in(UserRecord, sql, group_id, values=keys)

    async def by_ids(self, user_ids: Collection[int]) -> dict[int, UserRecord]:
        """Return users by id, deleted ones too."""
        sql = COLUMNS + "WHERE id IN "
        users = await self._all_in(UserRecord, sql, values=user_ids)
        return {user.id: user for user in users}

    async def page(
        self,
        group_id: int,
        *,
        include_guests: bool,
        include_deleted: bool,
        start: int,
        count: int,
    ) -> list[UserRecord]:
        """Return users in the order of their ids."""
        sql = (
            COLUMNS + "WHERE group_id = ? AND is_guest <= ? AND is_deleted <= ?"
            " ORDER BY id LIMIT ? OFFSET ?"
        )
        return await self._all(
            UserRecord, sql, group_id, include_guests, include_deleted, count, start
        )

    async def add(
        self,
        user: NewUserRecord,
        now_us: int,
        *,
        password_hash: str | None,
        user_id: int | None = None,
    ) -> int:
        """Store a user and return the id: the next free one if none is given."""
        values = (*astuple(user), *_keys(user), False, now_us, password_hash)
        return await self._insert(INSERT, user_id, *values)

    async def next_id(self, lowest: int) -> int:
        """Return the id after all that users have or had from a number on; else that number."""
        sql = "SELECT MAX(id) + 1 FROM users WHERE id >= ?"
        return await self._value(int, sql, lowest) or lowest

    async def count(self, group_id: int) -> int:
        """Count the users of a group who were not deleted."""
        sql = "SELECT COUNT(*) FROM users WHERE group_id = ? AND is_deleted = 0"
        return await self._value(int, sql, group_id) or 0

    async def replace(self, user: UserRecord) -> None:
        """Replace every column of a user but the picture and the password."""
        await self._run(REPLACE, *replaced(user), *_keys(user), user.id)

    async def delete(self, user_id: int, version: str) -> None:
        """Mark a user as deleted, and free the names; messages keep their sender."""
        sql = (
            "UPDATE users SET is_deleted = 1, mention_key = NULL, email_key = NULL,"
            " password_hash = NULL, photo_key = NULL, version = ? WHERE id = ?"
        )
        await self._run(sql, version, user_id)

    async def deleted_by_email(self, group_id: int, email: str) -> UserRecord | None:
        """Return the deleted user who had an e-mail address: of several the newest."""
        sql = COLUMNS + "WHERE group_id = ? AND is_deleted = 1 ORDER BY id DESC"
        found = await self._all(UserRecord, sql, group_id)
        # Not in SQL: databases differ in which letters they take for the same.
        wanted = email.casefold()
        return next((user for user in found if user.email.casefold() == wanted), None)

    async def undelete(self, user: UserRecord, version: str) -> None:
        """Undo the deletion; the names have to be free."""
        sql = (
            "UPDATE users SET is_deleted = 0, mention_key = ?, email_key = ?, version = ?"
            " WHERE id = ?"
        )
        await self._run(sql, *_keys(user), version, user.id)

    async def set_photo(self, user_id: int, key: str | None, version: str) -> None:
        """Set or remove a user's picture."""
        sql = "UPDATE users SET photo_key = ?, version = ? WHERE id = ?"
        await self._run(sql, key, version, user_id)

    async def touch(self, user_id: int, now_us: int) -> None:
        """Store when the user was last active."""
        sql = "UPDATE users SET last_active_us = ? WHERE id = ?"
        await self._run(sql, now_us, user_id)

    async def password_hash(self, user_id: int) -> str | None:
        """Return the hash of the password, or `None` without one."""
        sql = "SELECT password_hash FROM users WHERE id = ?"
        return await self._value(str, sql, user_id)

    async def renew_password_hash(self, user_id: int, before: str, after: str) -> None:
        """Replace a hash by another of the same password, unless it was changed meanwhile."""
        sql = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?"
        await self._run(sql, after, user_id, before)

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Change the password."""
        sql = "UPDATE users SET password_hash = ? WHERE id = ?"
        await self._run(sql, password_hash, user_id)


def _keys(user: NewUserRecord) -> tuple[str, str]:
    return user.mention_name.casefold(), user.email.casefold()
