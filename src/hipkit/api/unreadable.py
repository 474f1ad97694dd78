"""Read a list whose items cannot all be read; what is known of such an item (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args, get_origin

import msgspec

from hipkit.api.bodies.reading import (
    UnreadableError,
    convert_json,
    read_document,
    remember,
)
from hipkit.api.model import DateTime, Model
from hipkit.api.operation import Operation
from hipkit.api.secret import MaskedStruct

__all__ = ["HistoryPosition", "OnUnreadable", "UnreadableItem", "read_items"]


class HistoryPosition(Model, frozen=True, omit_defaults=True):
    """A position in a history: all newer messages were returned. Can be stored as JSON.

    Attributes:
        date: Timestamp of the last message returned, with UTC offset.
        ids: Ids of the messages with exactly this timestamp that were returned.
    """

    date: DateTime
    ids: frozenset[str] = frozenset()


class UnreadableItem(MaskedStruct, frozen=True, kw_only=True):
    """An item of a response's list that does not match the spec."""

    secrets = frozenset({"raw"})

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


OnUnreadable = Callable[[UnreadableItem], object]


def read_items(
    body: bytes, where: str, operation: Operation[object], start_index: int
) -> tuple[object, list[UnreadableItem]]:
    """Read a response's JSON, leaving out the items of its list that cannot be read.

    Args:
        body: A body that `read_json` could not read.
        where: The JSON path at which `read_json` failed, in an item of a list of the document.
        operation: The call.
        start_index: The call's own `start_index`.

    Returns:
        The document with the readable items, and the unreadable items.

    Raises:
        UnreadableError: The cause is not an item of a list.
    """
    # One copy is repaired, the other is passed on unchanged.
    document: Any = read_document(body)
    untouched: Any = read_document(body)
    kind = operation.result
    name = found[1] if (found := re.match(r"\$\.(\w+)\[\d+\]", where)) else ""
    field = _list_field(kind, name)
    if field is None:
        return convert_json(document, kind), []
    member, item_kind = field
    readable, unreadable = [], []
    for index, item in enumerate(document[name]):
        try:
            readable.append(convert_json(item, item_kind))
        except UnreadableError as error:
            unreadable.append(
                UnreadableItem(
                    raw=untouched[name][index],
                    where=f"$.{name}[{index}]{error.where.removeprefix('$')}",
                    reason=str(error),
                    index=index,
                    start_index=start_index + index + 1,
                    operation=operation,
                )
            )
    document[name] = []
    whole: Any = convert_json(document, kind)
    whole = msgspec.structs.replace(whole, **{member: readable})
    remember(whole, document)
    return whole, unreadable


def _list_field(kind: object, name: str) -> tuple[str, object] | None:
    """Return the Python name and the item type of a list member; `None` if it is not one."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            for part in (field.type, *get_args(field.type)):
                if field.encode_name == name and get_origin(part) is list:
                    return field.name, get_args(part)[0]
    return None
