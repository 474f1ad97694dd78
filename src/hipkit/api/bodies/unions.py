"""Objects of several kinds that one member tells apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

__all__ = ["TaggedUnion"]


class _UnionType(type):
    """The type of unions, of which the models of all kinds are instances, and plain objects."""

    kinds: Mapping[str, type[msgspec.Struct]]

    # msgspec checks what it got for a union.
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, (dict, *cls.kinds.values()))


class TaggedUnion(metaclass=_UnionType):
    """The runtime form of a union of models, such as `Cat | Dog | dict[str, object]`.

    It is never created: reading returns the model that the value of `tag` names, and the object as
    it is where the value is not listed, because it may have come later.
    """

    tag: ClassVar[str]
    """The member that says which kind an object is."""
    kinds: ClassVar[Mapping[str, type[msgspec.Struct]]] = {}
    """The member's value -> the model."""
