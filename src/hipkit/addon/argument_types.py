"""Checks of the arguments that users pass: a mistake is seen on the line that makes it (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import TypeVar

__all__ = ["check_function", "check_items", "check_type"]

T = TypeVar("T")


def check_type(
    name: str, value: object, kinds: type | UnionType, expected: str
) -> None:
    """Check an argument.

    Args:
        name: Its name.
        value: The argument. It is not shown, as a secret may be in the wrong place.
        kinds: The types that it may have.
        expected: What it must be, such as `a text`.

    Raises:
        TypeError: It has another type.
    """
    # A class has all that a protocol asks of its instances.
    if isinstance(value, type) or not isinstance(value, kinds):
        raise TypeError(f"{name} must be {expected}, not {_shown(value)}")


def check_function(name: str, value: object) -> None:
    """Check an argument that is a function.

    Raises:
        TypeError: It cannot be called.
    """
    if not callable(value):
        raise TypeError(f"{name} must be a function, not {_shown(value)}")


def check_items(
    name: str, values: Iterable[T], kinds: type | UnionType, expected: str
) -> tuple[T, ...]:
    """Return the items of an argument that is a list or another collection, and not one text.

    Args:
        name: Its name.
        values: The argument.
        kinds: The types that its items may have.
        expected: What it must be, such as `a list of hosts`.

    Raises:
        TypeError: It, or an item, has another type.
    """
    given: object = values
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be {expected}, not {_shown(given)}")
    items = tuple(values)
    for each in items:
        if not isinstance(each, kinds):
            raise TypeError(f"{name} must be {expected}, and has {_shown(each)}")
    return items


def _shown(value: object) -> str:
    """Return what somebody would call a value, without its content."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else type(value).__name__
