"""What is told of an item that cannot be read, and where to go on behind it (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hipkit.api.model import DateTime, Model
from hipkit.api.operation import Operation

__all__ = ["HistoryPosition", "UnreadableItem"]


class HistoryPosition(Model, frozen=True, omit_defaults=True):
    """A place in a history: everything newer has been given. Survives as JSON.

    Attributes:
        date: The moment of the last message given.
        ids: The messages of that very moment that were given.
    """

    date: DateTime
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableItem:
    """One item of an answer's list that does not have the form that the spec gives it."""

    raw: object = field(repr=False)
    """The item as it came, as plain values. It may hold private text."""
    where: str
    """The place in the answer, such as `$.items[3].date`."""
    reason: str
    """What does not fit there."""
    index: int
    """Which item of the answer's list it is, counted from 0."""
    start_index: int
    """Where a list goes on behind it: the `start_index` of another call."""
    operation: Operation[object]
    """The call whose answer has the item."""
    position: HistoryPosition | None = None
    """Where a history goes on behind it: what `history` takes as `resume`."""
