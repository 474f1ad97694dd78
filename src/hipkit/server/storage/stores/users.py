"""Users and guests of a group."""

from __future__ import annotations

from collections.abc import Collection

from hipkit.server.storage.stores.session import Record, Session, all_in, given_id

__all__ = ["USER_COLUMNS", "UserRecord", "UserStore"]


class UserRecord(Record, frozen=True, array_like=True):
    """A user, without the hash of the password."""

    id: int
    group_id: int
    name: str
    mention_name: str
    email: str
    title: str
    roles: str
    is_group_admin: bool
    is_guest: bool
    is_deleted: bool
    timezone: str
    presence_show: str | None
    presence_status: str | None
    photo_key: str | None
    created_us: int
    last_active_us: int | None
    version: str


USER_COLUMNS = ", ".join(f"users.{name}" for name in UserRecord.__struct_fields__)
COLUMNS = f"SELECT {USER_COLUMNS} FROM users "  # noqa: S608 - names of ours


class UserStore:
    """Reads and writes users."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, user_id: int) -> UserRecord | None:
        """Return a user by id, also a deleted one."""
        return await self._session.one(UserRecord, COLUMNS + "WHERE id = ?", user_id)

    async def by_email(self, group_id: int, email: str) -> UserRecord | None:
        """Return the user with an e-mail address, ignoring case."""
        return await self._session.one(
            UserRecord,
            COLUMNS + "WHERE group_id = ? AND email_key = ?",
            group_id,
            email.casefold(),
        )

    async def by_mention(self, group_id: int, mention_name: str) -> UserRecord | None:
        """Return the user with a mention name, given without the `@`, ignoring case."""
        return await self._session.one(
            UserRecord,
            COLUMNS + "WHERE group_id = ? AND mention_key = ?",
            group_id,
            mention_name.casefold(),
        )

    async def mentioned(
        self, group_id: int, mention_names: Collection[str]
    ) -> list[UserRecord]:
        """Return the users who have one of some mention names."""
        return await all_in(
            self._session,
            UserRecord,
            COLUMNS + "WHERE group_id = ? AND mention_key IN ",
            group_id,
            values=(name.casefold() for name in mention_names),
        )

    async def by_ids(self, user_ids: Collection[int]) -> dict[int, UserRecord]:
        """Return users by id, deleted ones too."""
        users = await all_in(
            self._session, UserRecord, COLUMNS + "WHERE id IN ", values=user_ids
        )
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
        return await self._session.all(
            UserRecord,
            COLUMNS + "WHERE group_id = ? AND is_guest <= ? AND is_deleted <= ?"
            " ORDER BY id LIMIT ? OFFSET ?",
            group_id,
            int(include_guests),
            int(include_deleted),
            count,
            start,
        )

    async def add(
        self,
        *,
        group_id: int,
        name: str,
        mention_name: str,
        email: str,
        title: str,
        roles: str,
        is_group_admin: bool,
        timezone: str,
        password_hash: str | None,
        version: str,
        now_us: int,
        is_guest: bool = False,
        user_id: int | None = None,
    ) -> int:
        """Store a user and return the id: the next free one if none is given."""
        id_column, id_mark, id_value = given_id(user_id)
        return await self._session.insert(
            f"INSERT INTO users ({id_column}group_id, name, mention_name, mention_key,"  # noqa: S608 - names of ours
            " email, email_key, title, roles, is_group_admin, is_guest, is_deleted,"
            " timezone, created_us, version, password_hash)"
            f" VALUES ({id_mark}?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
            *id_value,
            group_id,
            name,
            mention_name,
            mention_name.casefold(),
            email,
            email.casefold(),
            title,
            roles,
            int(is_group_admin),
            int(is_guest),
            timezone,
            now_us,
            version,
            password_hash,
        )

    async def replace(self, user: UserRecord) -> None:
        """Replace every column of a user but the picture and the password."""
        await self._session.run(
            "UPDATE users SET name = ?, mention_name = ?, mention_key = ?, email = ?,"
            " email_key = ?, title = ?, roles = ?, is_group_admin = ?, timezone = ?,"
            " presence_show = ?, presence_status = ?, version = ? WHERE id = ?",
            user.name,
            user.mention_name,
            user.mention_name.casefold(),
            user.email,
            user.email.casefold(),
            user.title,
            user.roles,
            int(user.is_group_admin),
            user.timezone,
            user.presence_show,
            user.presence_status,
            user.version,
            user.id,
        )

    async def delete(self, user_id: int, version: str) -> None:
        """Mark a user as deleted, and free the names; messages keep their sender."""
        await self._session.run(
            "UPDATE users SET is_deleted = 1, mention_key = NULL, email_key = NULL,"
            " password_hash = NULL, photo_key = NULL, version = ? WHERE id = ?",
            version,
            user_id,
        )

    async def deleted_by_email(self, group_id: int, email: str) -> UserRecord | None:
        """Return the deleted user who had an e-mail address: of several the newest."""
        found = await self._session.all(
            UserRecord,
            COLUMNS + "WHERE group_id = ? AND is_deleted = 1 ORDER BY id DESC",
            group_id,
        )
        # Not in SQL: databases differ in which letters they take for the same.
        wanted = email.casefold()
        return next((user for user in found if user.email.casefold() == wanted), None)

    async def undelete(self, user: UserRecord, version: str) -> None:
        """Undo the deletion; the names have to be free."""
        await self._session.run(
            "UPDATE users SET is_deleted = 0, mention_key = ?, email_key = ?, version = ?"
            " WHERE id = ?",
            user.mention_name.casefold(),
            user.email.casefold(),
            version,
            user.id,
        )

    async def set_photo(self, user_id: int, key: str | None, version: str) -> None:
        """Set or remove a user's picture."""
        await self._session.run(
            "UPDATE users SET photo_key = ?, version = ? WHERE id = ?",
            key,
            version,
            user_id,
        )

    async def touch(self, user_id: int, now_us: int) -> None:
        """Store when the user was last active."""
        await self._session.run(
            "UPDATE users SET last_active_us = ? WHERE id = ?", now_us, user_id
        )

    async def password_hash(self, user_id: int) -> str | None:
        """Return the hash of the password, or `None` without one."""
        row = await self._session.one(
            tuple[str | None], "SELECT password_hash FROM users WHERE id = ?", user_id
        )
        return row[0] if row else None

    async def renew_password_hash(self, user_id: int, before: str, after: str) -> None:
        """Replace a hash by another of the same password, unless it was changed meanwhile."""
        await self._session.run(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?",
            after,
            user_id,
            before,
        )

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Change the password."""
        await self._session.run(
            "UPDATE users SET password_hash = ? WHERE id = ?", password_hash, user_id
        )
