"""Takes type hints apart: unions, annotated limits, models (pure)."""

from __future__ import annotations

from types import UnionType
from typing import TypeGuard, Union, get_args, get_origin

from msgspec import UnsetType

from hipkit.api.model import Model

__all__ = ["is_model", "model_of", "parts_of", "without"]


def parts_of(hint: object) -> tuple[object, ...]:
    """Return what a value may be: the types of a union, without limits annotated to them."""
    if get_origin(hint) not in (Union, UnionType):
        return (_plain(hint),)
    return tuple(_plain(part) for part in get_args(hint) if part is not UnsetType)


def without(absent: object, hint: object) -> object:
    """Return a union without one of its types."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    parts = tuple(part for part in get_args(hint) if part is not absent)
    return Union[parts]  # noqa: UP007 - made at run time, of as many as there are


def is_model(hint: object) -> TypeGuard[type[Model]]:
    """Return whether a type is a model."""
    return isinstance(hint, type) and issubclass(hint, Model)


def model_of(hint: object) -> type[Model] | None:
    """Return the model that a value may become."""
    return next(filter(is_model, parts_of(hint)), None)


def _plain(hint: object) -> object:
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
