"""Emoticons: pictures that stand for `(shortcut)` in a text."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = ["EmoticonRecord", "EmoticonStore", "NewEmoticon"]


class NewEmoticon(Record, frozen=True, array_like=True, kw_only=True):
    """An emoticon to be stored."""

    group_id: int
    shortcut: str
    kind: str
    file_key: str
    width: int
    height: int
    creator_id: int | None


class EmoticonRecord(NewEmoticon, frozen=True, array_like=True, kw_only=True):
    """A stored emoticon."""

    id: int


COLUMNS = select(EmoticonRecord, "emoticons")
INSERT = insert("emoticons", "id", NewEmoticon, "shortcut_key")


class EmoticonStore(Store):
    """Reads and writes emoticons."""

    async def get(self, group_id: int, emoticon_id: int) -> EmoticonRecord | None:
        """Return an emoticon by its id."""
        sql = COLUMNS + "WHERE group_id = ? AND id = ?"
        return await self._one(EmoticonRecord, sql, group_id, emoticon_id)

    async def is_taken(self, emoticon_id: int) -> bool:
        """Return whether an emoticon of any group has this id."""
        sql = "SELECT id FROM emoticons WHERE id = ?"
        return await self._value(int, sql, emoticon_id) is not None

    async def by_shortcut(self, group_id: int, shortcut: str) -> EmoticonRecord | None:
        """Return an emoticon by its shortcut, given without the parentheses."""
        sql = COLUMNS + "WHERE group_id = ? AND shortcut_key = ?"
        return await self._one(EmoticonRecord, sql, group_id, shortcut.casefold())

    async def by_shortcuts(
        self, group_id: int, shortcuts: Collection[str]
    ) -> list[EmoticonRecord]:
        """Return the emoticons with these shortcuts."""
        sql = COLUMNS + "WHERE group_id = ? AND shortcut_key IN "
        keys = (shortcut.casefold() for shortcut in shortcuts)
        return await self._all_in(EmoticonRecord, sql, group_id, values=keys)

    async def page(
        self, group_id: int, *, kind: str | None, start: int, count: int
    ) -> list[EmoticonRecord]:
        """Return emoticons in the order of their ids, of one kind or of every kind."""
        sql = (
            COLUMNS + "WHERE group_id = ? AND (kind = ? OR ? = '')"
            " ORDER BY id LIMIT ? OFFSET ?"
        )
        return await self._all(
            EmoticonRecord, sql, group_id, kind or "", kind or "", count, start
        )

    async def add(
        self, emoticon: NewEmoticon, *, emoticon_id: int | None = None
    ) -> int:
        """Add an emoticon and return its id, the next if none is given."""
        shortcut_key = emoticon.shortcut.casefold()
        return await self._insert(INSERT, emoticon_id, *astuple(emoticon), shortcut_key)
