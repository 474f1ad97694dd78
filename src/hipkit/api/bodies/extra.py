"""Members of an object beside the known ones: `additionalProperties` beside `properties` (pure).

msgspec has no place for them. A model has them in a mapping, which is written under a name that no
API uses, and moved to the object itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeVar, cast, get_args

import msgspec

from hipkit.api.bodies.unions import TaggedUnion

__all__ = ["EXTRA", "OpenObject", "extra_members", "keeps_extra", "named_values"]

T = TypeVar("T")

EXTRA = "\ue000"
"""Stands for a name that the caller chooses; a character for private use."""


class OpenObject:
    """Marks the models that keep further members."""

    __slots__ = ()


def extra_members() -> dict[str, T]:
    """Return the declaration of a model's further members, empty by default."""
    return cast("dict[str, T]", msgspec.field(name=EXTRA, default_factory=dict))


@cache
def keeps_extra(kind: object) -> bool:
    """Return whether a type has a part that keeps further members."""
    # Evaluating the annotations of all parts takes milliseconds, and most programs have no such
    # model. A type's own parts exist before it is asked for here.
    return bool(OpenObject.__subclasses__()) and any(
        isinstance(part, type) and issubclass(part, OpenObject)
        for part in _parts_of(kind)
    )


def _parts_of(kind: object) -> Iterator[object]:
    waiting, seen = [kind], set[type]()
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, type):
            waiting += get_args(part)
        elif part not in seen:
            seen.add(part)
            if issubclass(part, msgspec.Struct):
                waiting += [field.type for field in msgspec.structs.fields(part)]
            elif issubclass(part, TaggedUnion):
                waiting += part.kinds.values()


def named_values(wire: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield a value with its name; one for each key, if the name has a place for it."""
    if EXTRA in wire and isinstance(value, Mapping):
        for key, item in value.items():
            yield wire.replace(EXTRA, key), item
    else:
        yield wire, value
