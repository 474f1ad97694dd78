"""Encode models as HipChat's servers did (pure): the counterpart of `reading.py`.

msgspec alone would end dates in `Z`, which HipChat never sent, and omit members that were null.
A model remembers which members were null; equality ignores that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, cast, get_args

import msgspec
from msgspec import NODEFAULT, UNSET

from hipkit.api.bodies.extra import EXTRA

__all__ = [
    "CONTAINERS",
    "NULLS",
    "UnixTime",
    "check_timestamp",
    "has_models",
    "to_plain",
    "wire_names",
]

UnixTime = Annotated[datetime, msgspec.Meta(tz=True, extra={"form": "unix"})]
"""A timestamp that is written as a text with UNIX seconds; read like any other."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONTAINERS = frozenset({dict, list})
NULLS = "_nulls"
"""The attribute with the members that were null when a model was read."""
DEEPEST_LIST = 4
NO_NULLS: frozenset[str] = frozenset()


def to_plain(value: object) -> object:
    """Return a value as JSON's own types, with timestamps in HipChat's formats.

    Raises:
        ValueError: A timestamp has no UTC offset, and would mean different times elsewhere.
    """
    if isinstance(value, msgspec.Struct):
        nulls = getattr(value, NULLS, NO_NULLS)
        members = {
            wire: _unix(member) if is_unix and member is not None else to_plain(member)
            for name, wire, default, is_unix in _members(type(value))
            if (member := getattr(value, name)) is not UNSET
            and (member != default or wire in nulls)
        }
        extra = cast("dict[str, object]", members.pop(EXTRA, None) or {})
        return extra | members if extra else members
    if isinstance(value, datetime):
        return check_timestamp("a timestamp", value).isoformat()
    # Plain JSON is returned as it is, however deep.
    if isinstance(value, dict) and has_models(value.values()):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)) and has_models(value):
        return [to_plain(item) for item in value]
    return value


def check_timestamp(name: str, value: object) -> datetime:
    """Return a timestamp that has a UTC offset: without one it means different times elsewhere.

    Raises:
        ValueError: The timestamp has no UTC offset.
        TypeError: The value is not a `datetime`.
    """
    example = "datetime(2016, 9, 9, tzinfo=UTC), for example"
    if not isinstance(value, datetime):
        raise TypeError(
            f"{name} must be a datetime, not {type(value).__name__}: {example}"
        )
    if value.utcoffset() is None:
        raise ValueError(f"{name} needs a UTC offset: {example}")
    return value


def has_models(items: Iterable[object], depth: int = DEEPEST_LIST) -> bool:
    """Return whether there is a model or a timestamp among items, or in lists of them."""
    return any(
        isinstance(item, (msgspec.Struct, datetime))
        or (depth > 0 and type(item) is list and has_models(item, depth - 1))
        for item in items
    )


@cache
def wire_names(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the Python names of a model's members, by their names in JSON."""
    return {wire: name for name, wire, _, _ in _members(kind)}


def _unix(value: object) -> str:
    timestamp = check_timestamp("a timestamp", value)
    # Servers wrote whole seconds here; a fraction can only have come from ISO 8601.
    return (
        timestamp.isoformat()
        if timestamp.microsecond
        else str((timestamp - EPOCH) // timedelta(seconds=1))
    )


@cache
def _members(
    kind: type[msgspec.Struct],
) -> tuple[tuple[str, str, object, bool], ...]:
    """Return each member's name, JSON name, omitted default and whether it is UNIX seconds."""
    omits = kind.__struct_config__.omit_defaults
    return tuple(
        (
            field.name,
            field.encode_name,
            field.default if omits else NODEFAULT,
            UnixTime in (field.type, *get_args(field.type)),
        )
        for field in msgspec.structs.fields(kind)
    )
