"""Emoticons: pictures that stand for `(shortcut)` in a text."""

from __future__ import annotations

from collections.abc import Collection

from hipkit.server.storage.stores.session import Record, Session, all_in, given_id

__all__ = ["EmoticonRecord", "EmoticonStore"]


class EmoticonRecord(Record, frozen=True, array_like=True):
    """An emoticon."""

    id: int
    group_id: int
    shortcut: str
    kind: str
    file_key: str
    width: int
    height: int
    creator_id: int | None


COLUMNS = "SELECT id, group_id, shortcut, kind, file_key, width, height, creator_id FROM emoticons "


class EmoticonStore:
    """Reads and writes emoticons."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, group_id: int, emoticon_id: int) -> EmoticonRecord | None:
        """Return an emoticon by its id."""
        return await self._session.one(
            EmoticonRecord,
            COLUMNS + "WHERE group_id = ? AND id = ?",
            group_id,
            emoticon_id,
        )

    async def is_taken(self, emoticon_id: int) -> bool:
        """Return whether an emoticon of any group has this id."""
        row = await self._session.one(
            tuple[int], "SELECT id FROM emoticons WHERE id = ?", emoticon_id
        )
        return row is not None

    async def by_shortcut(self, group_id: int, shortcut: str) -> EmoticonRecord | None:
        """Return an emoticon by its shortcut, given without the parentheses."""
        return await self._session.one(
            EmoticonRecord,
            COLUMNS + "WHERE group_id = ? AND shortcut_key = ?",
            group_id,
            shortcut.casefold(),
        )

    async def by_shortcuts(
        self, group_id: int, shortcuts: Collection[str]
    ) -> list[EmoticonRecord]:
        """Return the emoticons with these shortcuts."""
        return await all_in(
            self._session,
            EmoticonRecord,
            COLUMNS + "WHERE group_id = ? AND shortcut_key IN ",
            group_id,
            values=(shortcut.casefold() for shortcut in shortcuts),
        )

    async def page(
        self, group_id: int, *, kind: str | None, start: int, count: int
    ) -> list[EmoticonRecord]:
        """Return emoticons in the order of their ids, of one kind or of every kind."""
        return await self._session.all(
            EmoticonRecord,
            COLUMNS + "WHERE group_id = ? AND (kind = ? OR ? = '')"
            " ORDER BY id LIMIT ? OFFSET ?",
            group_id,
            kind or "",
            kind or "",
            count,
            start,
        )

    async def add(
        self,
        *,
        group_id: int,
        shortcut: str,
        kind: str,
        file_key: str,
        width: int,
        height: int,
        creator_id: int | None,
        emoticon_id: int | None = None,
    ) -> int:
        """Add an emoticon and return its id, the next if none is given."""
        id_column, id_mark, id_value = given_id(emoticon_id)
        return await self._session.insert(
            f"INSERT INTO emoticons ({id_column}group_id, shortcut, shortcut_key, kind,"  # noqa: S608 - names of ours
            " file_key, width, height, creator_id)"
            f" VALUES ({id_mark}?, ?, ?, ?, ?, ?, ?, ?)",
            *id_value,
            group_id,
            shortcut,
            shortcut.casefold(),
            kind,
            file_key,
            width,
            height,
            creator_id,
        )
