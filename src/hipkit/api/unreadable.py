"""An item that cannot be read, and the position from which to continue after it (pure)."""

from __future__ import annotations

import msgspec

from hipkit.api.model import DateTime, Model
from hipkit.api.operation import Operation

__all__ = ["HistoryPosition", "UnreadableItem"]


class HistoryPosition(Model, frozen=True, omit_defaults=True):
    """A position in a history: all newer messages were returned. Can be stored as JSON.

    Attributes:
        date: Timestamp of the last message returned, with UTC offset.
        ids: Ids of the messages with exactly this timestamp that were returned.
    """

    date: DateTime
    ids: frozenset[str] = frozenset()


class UnreadableItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a response's list that does not match the spec."""

    raw: object
    """The raw item, as plain values. It may hold private text."""
    where: str
    """JSON path in the response, such as `$.items[3].date`."""
    reason: str
    """What does not match."""
    index: int
    """Index in the response's list, from 0."""
    start_index: int
    """The `start_index` with which another call continues after the item."""
    operation: Operation[object]
    """The call whose response holds the item."""
    position: HistoryPosition | None = None
    """Position at which a history continues after the item: pass it to `history` as `resume`."""

    def __repr__(self) -> str:
        names = (name for name in self.__struct_fields__ if name != "raw")
        shown = (f"{name}={getattr(self, name)!r}" for name in names)
        return f"UnreadableItem({', '.join(shown)})"
