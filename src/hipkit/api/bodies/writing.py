"""Encode models as HipChat's servers did (pure): the counterpart of `reading.py`.

msgspec alone would end dates in `Z`, which HipChat never sent, and omit members that were null.
A model remembers which members were null; equality ignores that.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, cast, get_args

import msgspec
from msgspec import NODEFAULT, UNSET

__all__ = ["UnixTime", "check_timestamp", "remember_nulls", "to_plain"]

UnixTime = Annotated[datetime, msgspec.Meta(tz=True, extra={"form": "unix"})]
"""A timestamp that is written as a text with UNIX seconds; read like any other."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONTAINERS = frozenset({dict, list})
NULLS = "_nulls"
NO_NULLS: frozenset[str] = frozenset()


def to_plain(value: object) -> object:
    """Return a value as JSON's own types, with timestamps in HipChat's formats.

    Raises:
        ValueError: A timestamp has no UTC offset, and would mean different times elsewhere.
    """
    if isinstance(value, msgspec.Struct):
        nulls = getattr(value, NULLS, NO_NULLS)
        return {
            wire: _unix(member) if is_unix and member is not None else to_plain(member)
            for name, wire, default, is_unix in _members(type(value))
            if (member := getattr(value, name)) is not UNSET
            and (member != default or wire in nulls)
        }
    if isinstance(value, datetime):
        return check_timestamp("a timestamp", value).isoformat()
    # Plain JSON is returned as it is, however deep.
    if isinstance(value, dict) and _has_models(value.values()):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)) and _has_models(value):
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


def remember_nulls(value: object, source: Any) -> None:
    """Record in the models of `value` which members were null in their source.

    Args:
        value: The decoded value.
        source: The plain values from which it was decoded.
    """
    kind = type(source)
    if kind is dict and isinstance(value, msgspec.Struct):
        names, nulls = _names(type(value)), []
        for wire, part in source.items():
            if part is None:
                if wire in names:
                    nulls.append(wire)
            elif type(part) in CONTAINERS and part and wire in names:
                remember_nulls(getattr(value, names[wire]), part)
        if nulls and hasattr(value, "__dict__"):
            value.__dict__[NULLS] = frozenset(nulls)
    elif kind is dict and isinstance(value, dict) and _has_models(value.values()):
        for name, item in value.items():
            remember_nulls(item, source.get(name))
    elif kind is list and isinstance(value, list) and _has_models(value):
        for item, part in zip(value, source, strict=False):
            remember_nulls(item, part)


def _has_models(items: object) -> bool:
    return any(
        isinstance(item, (msgspec.Struct, datetime))
        for item in cast("list[object]", items)
    )


@cache
def _names(kind: type[msgspec.Struct]) -> dict[str, str]:
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
