"""Conditions for showing a module, written as an expression (pure).

```python
conditions = room_is_public & ~user_is_guest | glance_matches("open", gt=0)
```
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from hipkit.descriptors.conditions import CONDITIONS, DEEPEST
from hipkit.v2.models import Condition

__all__ = [
    "Expression",
    "card_matches",
    "glance_matches",
    "message_contains_link",
    "message_matches",
    "message_sent_by_current_user",
    "room_is_public",
    "user_is_admin",
    "user_is_guest",
    "user_is_room_owner",
]

OPPOSITES: dict[str, Literal["and", "or"]] = {"and": "or", "or": "and"}


class Expression:
    """A condition: combine with `&` and `|`, negate with `~`.

    Args:
        condition: The condition as the API describes it.
    """

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def __and__(self, other: Expression) -> Expression:
        return _combined("and", self, other)

    def __or__(self, other: Expression) -> Expression:
        return _combined("or", self, other)

    def __invert__(self) -> Expression:
        return Expression(_negated(self.condition))

    def __bool__(self) -> bool:
        raise TypeError("combine conditions with &, | and ~, not with and, or and not")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.condition == other.condition

    def __hash__(self) -> int:
        return hash(repr(self.condition))

    def __repr__(self) -> str:
        return f"<Expression {_shown(self.condition)}>"

    def to_list(self, module: str) -> list[Condition]:
        """Return the conditions as a module's descriptor lists them: all of them must hold.

        Args:
            module: Kind of module: `webPanel`, `glance` or `action`.

        Raises:
            ValueError: A condition is not allowed for this kind, or they are nested too deep.
        """
        for name in _names(self.condition):
            if name not in CONDITIONS[module]:
                allowed = ", ".join(sorted(CONDITIONS[module]))
                raise ValueError(
                    f"a {module} cannot have the condition {name}; it can have {allowed}"
                )
        conditions = _parts_of("and", self.condition)
        if max(map(_depth, conditions)) > DEEPEST:
            raise ValueError(
                f"conditions can be nested {DEEPEST} levels deep, and {self!r} is deeper"
            )
        return conditions


def _simple(name: str, params: dict[str, object] | None = None) -> Expression:
    return Expression(Condition(condition=name, params=params))


room_is_public = _simple("room_is_public")
"""The room is public."""
user_is_admin = _simple("user_is_admin")
"""The user is an administrator of the group."""
user_is_guest = _simple("user_is_guest")
"""The user is a guest."""
user_is_room_owner = _simple("user_is_room_owner")
"""The user owns the room."""
message_contains_link = _simple("message_contains_link")
"""The message has a link. For actions."""
message_sent_by_current_user = _simple("message_sent_by_current_user")
"""The message is the user's own. For actions."""


def message_matches(
    *,
    pattern: str | None = None,
    flags: str | None = None,
    sender: str | int | None = None,
    type: str | None = None,
    file_type: Literal["image"] | None = None,
) -> Expression:
    """Return a condition on the message that an action is shown for. All that is given must hold.

    Args:
        pattern: A JavaScript regular expression for the text.
        flags: Its flags, such as `i`.
        sender: The sender.
        type: Type of the message.
        file_type: Type of its file.

    Raises:
        ValueError: Nothing is given, or flags without a pattern.
    """
    if flags is not None and pattern is None:
        raise ValueError("message_matches: flags need a pattern")
    regex = {"pattern": pattern} | ({} if flags is None else {"flags": flags})
    given: dict[str, object] = {
        "regex": None if pattern is None else regex,
        "sender": sender,
        "type": type,
        "file_type": file_type,
    }
    params = {name: value for name, value in given.items() if value is not None}
    if not params:
        raise ValueError("message_matches needs something to compare")
    return _simple("message_matches", params)


def card_matches(
    attribute: str | None = None,
    *,
    eq: object = None,
    lt: float | None = None,
    gt: float | None = None,
    style: str | None = None,
) -> Expression:
    """Return a condition on the card that an action is shown for.

    Args:
        attribute: Dotted path in the card's metadata.
        eq: The value it has.
        lt: What it is less than.
        gt: What it is greater than.
        style: The card's style.

    Raises:
        ValueError: An attribute has no comparison, or more than one.
    """
    params: dict[str, object] = {} if style is None else {"style": style}
    if attribute is not None or style is None:
        params |= _metadata("card_matches", attribute, eq, lt, gt)
    return _simple("card_matches", params)


def glance_matches(
    attribute: str,
    *,
    eq: object = None,
    lt: float | None = None,
    gt: float | None = None,
) -> Expression:
    """Return a condition on the metadata of a glance's last content.

    Args:
        attribute: Dotted path in the metadata.
        eq: The value it has.
        lt: What it is less than.
        gt: What it is greater than.

    Raises:
        ValueError: There is no comparison, or more than one.
    """
    return _simple("glance_matches", _metadata("glance_matches", attribute, eq, lt, gt))


def _metadata(
    name: str, attribute: str | None, eq: object, lt: float | None, gt: float | None
) -> dict[str, object]:
    given = {"eq": eq, "lt": lt, "gt": gt}
    tests = {test: value for test, value in given.items() if value is not None}
    if not attribute or len(tests) != 1:
        raise ValueError(f"{name} needs an attribute and one of eq, lt and gt")
    return {"metadata": [{"attr": attribute, **tests}]}


def _combined(kind: Literal["and", "or"], one: Expression, other: object) -> Expression:
    if not isinstance(other, Expression):
        raise TypeError(f"a condition cannot be combined with {other!r}")
    parts = [*_parts_of(kind, one.condition), *_parts_of(kind, other.condition)]
    return Expression(Condition(type=kind, conditions=parts))


def _parts_of(kind: str, condition: Condition) -> list[Condition]:
    """Return the conditions that one consists of, if it combines them in a way, else itself."""
    return list(condition.conditions or ()) if condition.type == kind else [condition]


def _negated(condition: Condition) -> Condition:
    """Return the opposite; only a single test can be inverted, so that tests and kinds change."""
    if condition.type is None:
        invert = None if condition.invert else True
        return Condition(
            condition=condition.condition, params=condition.params, invert=invert
        )
    return Condition(
        type=OPPOSITES[condition.type],
        conditions=[_negated(each) for each in condition.conditions or ()],
    )


def _depth(condition: Condition) -> int:
    """Return how many combinations are in one another; 0 for a single test."""
    if condition.type is None:
        return 0
    return 1 + max(map(_depth, condition.conditions or ()), default=0)


def _names(condition: Condition) -> Iterable[str]:
    if condition.condition is not None:
        yield condition.condition
    for each in condition.conditions or ():
        yield from _names(each)


def _shown(condition: Condition) -> str:
    if condition.type is None:
        return f"{'~' if condition.invert else ''}{condition.condition}"
    sign = " & " if condition.type == "and" else " | "
    return f"({sign.join(_shown(each) for each in condition.conditions or ())})"
