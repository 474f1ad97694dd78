"""The limits of values, beside their type: lengths, bounds, patterns, known values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from codegen.reading.document import Node
from codegen.reading.flat import Flat

Rule = tuple[tuple[str, object], ...]
"""The keywords of a `hipkit.api.model.Rule`."""

Scalar = str | int | float | bool | None
Siblings = Callable[[Node, str], str]
"""Function from a place that names a member, and the name, to its Python name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a schema's values."""

    min_length: int | None = None
    max_length: int | None = None
    larger_max_length: int | None = None
    lenient_max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    enum: tuple[Scalar, ...] | None = None
    required_when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    decorates: str | None = None
    empty_is_none: bool = False
    null_keeps: bool = False
    true_is_one: bool = False
    aliases: tuple[str, ...] = ()
    is_list: bool = False

    def rule(self, *, required: bool) -> Rule:
        """Return the keywords of the rule; a required member without limits needs none."""
        given: list[tuple[str, object]] = [
            (name, dict(value) if name == "required_when" else value)
            for name, value in asdict(self).items()
            if name != "is_list" and value != getattr(UNLIMITED, name)
        ]
        return (("required", True), *given) if given and required else tuple(given)


UNLIMITED = Limits()
DECORATES = ("any", "text")


def limits_of(flat: Flat, items: Flat | None, siblings: Siblings | None) -> Limits:
    """Return a schema's limits; those of a list need the schema of its items."""
    is_list = "array" in flat.types
    count, words = ("Items" if is_list else "Length"), flat.words
    minimum, maximum = _bounds(flat)
    enum = _enum(flat)
    return Limits(
        min_length=_count(words.get(f"min{count}")),
        max_length=_count(words.get(f"max{count}")),
        larger_max_length=_beyond("x-larger-max-length", flat, f"max{count}"),
        lenient_max_length=_beyond("x-lenient-max-length", flat, f"max{count}"),
        minimum=minimum,
        maximum=maximum,
        pattern=_pattern(words.get("pattern")),
        # A list is compared item by item.
        enum=_enum(items) if enum is None and items is not None else enum,
        required_when=_required_when(words.get("x-required-when"), siblings),
        decorates=_value(
            words.get("x-decorates"), DECORATES.__contains__, "must be 'any' or 'text'"
        ),
        empty_is_none=flat.word("x-empty-is-none") is True,
        null_keeps=flat.word("x-null-keeps") is True,
        true_is_one=_value(
            words.get("x-true-is-one"),
            lambda value: value is True and "integer" in flat.types,
            "must be true, and beside the type 'integer'",
        )
        is True,
        aliases=tuple(
            _value(words.get("x-aliases"), _is_names, "must be a list of names") or ()
        ),
        is_list=is_list,
    )


def _enum(flat: Flat) -> tuple[Scalar, ...] | None:
    known = [
        value
        for value in flat.closed_set
        if value is None or isinstance(value, (str, int, float))
    ]
    return tuple(known) if known and len(known) == len(flat.closed_set) else None


def _value(node: Node | None, accepts: Callable[[object], bool], fault: str) -> Any:
    """Return the value of a keyword, if it is given and accepted."""
    if node is None:
        return None
    if not accepts(node.value):
        raise node.error(fault)
    return node.value


def _count(node: Node | None) -> int | None:
    def is_count(value: object) -> bool:
        return type(value) is int and value >= 0

    count: int | None = _value(node, is_count, "must be a whole number, 0 or more")
    return count


def _beyond(word: str, flat: Flat, documented: str) -> int | None:
    """Return a second limit, which must be larger than the documented one."""
    node = flat.words.get(word)
    further, limit = _count(node), _count(flat.words.get(documented))
    if node is not None and further is not None and (limit is None or further <= limit):
        raise node.error(f"must be larger than a '{documented}' beside it")
    return further


def _number(node: Node | None) -> float | None:
    number: float | None = _value(
        node, lambda value: type(value) in (int, float), "must be a number"
    )
    return number


def _bounds(flat: Flat) -> tuple[float | None, float | None]:
    """Return the inclusive bounds; an exclusive bound has one only where numbers are whole."""
    is_whole = "integer" in flat.types

    def bound(word: str, step: int) -> float | None:
        inclusive = _number(flat.words.get(word))
        beyond = flat.words.get(f"exclusive{word.capitalize()}")
        if beyond is None or beyond.value is False:
            return inclusive
        # Before OpenAPI 3.1 it says that the other one is exclusive; since then it has a number.
        limit = inclusive if beyond.value is True else _number(beyond)
        if is_whole and limit is not None:
            return limit + step
        return None if beyond.value is True else inclusive

    return bound("minimum", 1), bound("maximum", -1)


def _pattern(node: Node | None) -> str | None:
    """Return a pattern, or `None` if it has syntax of JavaScript that Python lacks."""
    fault = "must be a text; put it in quotes"
    pattern: str | None = _value(node, lambda value: isinstance(value, str), fault)
    try:
        re.compile(pattern or "")
    except (re.error, RecursionError, OverflowError):
        return None
    return pattern


def _is_names(value: object) -> bool:
    names = value if isinstance(value, list) else []
    return bool(names) and all(isinstance(name, str) and name for name in names)


def _required_when(
    node: Node | None, siblings: Siblings | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if node is None:
        return ()
    if siblings is None:
        raise node.error("only members of an object have others beside them; remove it")
    return tuple(
        (siblings(values, other), node.texts(other)) for other, values in node.items()
    )
