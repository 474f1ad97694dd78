"""Evaluate the conditions of modules: whether somebody sees a glance, a web panel or an action.

Source: what HipChat's web client did.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hipkit.descriptors.javascript import is_found_in_javascript
from hipkit.descriptors.templates import value_at
from hipkit.v2.models import Condition

__all__ = [
    "CONDITIONS",
    "DEEPEST",
    "OF_MESSAGES",
    "Facts",
    "MessageFacts",
    "holds",
]

DEEPEST = 3
"""How many combinations may stand inside each other."""

MOST_SEARCHES = 20
"""Each takes up to 50 ms."""

OF_ROOM_AND_USER = frozenset(
    {"room_is_public", "user_is_admin", "user_is_guest", "user_is_room_owner"}
)
OF_MESSAGES = frozenset(
    {
        "card_matches",
        "message_contains_link",
        "message_matches",
        "message_sent_by_current_user",
    }
)
CONDITIONS: Mapping[str, frozenset[str]] = {
    "webPanel": OF_ROOM_AND_USER,
    "glance": OF_ROOM_AND_USER | {"glance_matches"},
    "action": OF_ROOM_AND_USER | OF_MESSAGES,
}
"""Kind of module -> the conditions that it may have."""

FILE_TYPES = {"image": "picture"}
"""Conditions say `image` for what messages call a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """The message that an action is offered for.

    Attributes:
        body: Its text.
        type: Its type, such as `message` or `notification`.
        file_type: The type of its file, such as `picture`; `image` means the same.
        sender: Who sent it, in the form that conditions name senders.
        has_link: Whether it contains a link.
        is_own: Whether the user who looks at it sent it.
        card_style: The style of its card; `None` if it has no card.
        card_metadata: The metadata of its card.
    """

    body: str
    type: str = "message"
    file_type: str | None = None
    sender: str | None = None
    has_link: bool = False
    is_own: bool = False
    card_style: str | None = None
    card_metadata: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What conditions are evaluated on: who looks, where, and at what.

    Attributes:
        room_is_public: Whether the room is public.
        user_is_admin: Whether the user is an administrator of the group.
        user_is_guest: Whether the user is a guest.
        user_is_room_owner: Whether the user owns the room.
        message: The message, for an action on it.
        glance_metadata: The last metadata of the glance; `None` until there is some.
        glance_failed: Whether the glance's last query failed.
    """

    room_is_public: bool = False
    user_is_admin: bool = False
    user_is_guest: bool = False
    user_is_room_owner: bool = False
    message: MessageFacts | None = None
    glance_metadata: Mapping[str, object] | None = None
    glance_failed: bool = False


Params = Mapping[str, object]


def holds(conditions: Sequence[Condition] | None, facts: Facts) -> bool:
    """Return whether a module is shown.

    All conditions of a list must hold; an empty list holds, and so does none at all. A
    combination without a type needs all of its conditions. What is unknown does not hold,
    negated or not, and neither does what cannot be evaluated, such as a search that takes too
    long.

    Args:
        conditions: Those of the module. Those nested deeper than three levels do not hold.
        facts: What is known.

    Raises:
        ModuleNotFoundError: A message is searched, and the extra `addon` is missing.
    """
    return _Evaluation(facts).all_hold(conditions or (), DEEPEST)


class _Evaluation:
    """One evaluation, which searches only so often: add-ons of strangers bring the patterns."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._searches = MOST_SEARCHES

    def all_hold(self, conditions: Sequence[Condition], levels: int) -> bool:
        return all(self._holds(each, levels) for each in conditions)

    def _holds(self, condition: Condition, levels: int) -> bool:
        inner = condition.conditions
        if inner is None:
            return self._test_holds(condition)
        kind = (condition.type or "and").lower()
        if levels == 0 or kind not in ("and", "or"):
            return False
        if kind == "and" or not inner:
            return self.all_hold(inner, levels - 1)
        return any(self._holds(each, levels - 1) for each in inner)

    def _test_holds(self, condition: Condition) -> bool:
        if condition.condition == "glance_matches" and self._facts.glance_failed:
            return True
        try:
            outcome = self._outcome(condition.condition, condition.params or {})
        except (TypeError, ValueError, TimeoutError):
            return False
        return outcome is not None and outcome is not bool(condition.invert)

    def _outcome(self, name: str | None, params: Params) -> bool | None:
        """Return the outcome of a test; `None` if it has none, so that negating is no use."""
        facts, message = self._facts, self._facts.message
        if name in OF_ROOM_AND_USER:
            return bool(getattr(facts, name))
        if name == "glance_matches":
            metadata = facts.glance_metadata
            return None if metadata is None else _metadata_matches(params, metadata)
        if message is None:
            return None
        match name:
            case "message_contains_link":
                return message.has_link
            case "message_sent_by_current_user":
                return message.is_own
            case "card_matches":
                return _card_matches(message, params)
            case "message_matches":
                return self._message_matches(message, params)
        return None

    def _message_matches(self, message: MessageFacts, params: Params) -> bool:
        if params.get("type", message.type) != message.type:
            return False
        if params.get("sender", message.sender) != message.sender:
            return False
        wanted = params.get("file_type", message.file_type)
        if FILE_TYPES.get(str(wanted), wanted) != FILE_TYPES.get(
            str(message.file_type), message.file_type
        ):
            return False
        if "regex" not in params:
            return True
        match params["regex"]:
            case {"pattern": str(pattern), **others}:
                self._searches -= 1
                if self._searches < 0:
                    raise TimeoutError
                flags = others.get("flags") or ""
                if isinstance(flags, str):
                    return is_found_in_javascript(pattern, flags, message.body)
        raise TypeError


def _card_matches(message: MessageFacts, params: Params) -> bool:
    if message.card_metadata is None:
        return False
    if params.get("style", message.card_style) != message.card_style:
        return False
    return "metadata" not in params or _metadata_matches(params, message.card_metadata)


def _metadata_matches(params: Params, metadata: Mapping[str, object]) -> bool:
    """Return whether every comparison in `params` holds; without any, it cannot."""
    comparisons = params.get("metadata")
    if not isinstance(comparisons, list):
        return False
    return all(_compares(each, metadata) for each in comparisons)


def _compares(comparison: object, metadata: Mapping[str, object]) -> bool:
    match comparison:
        case {"attr": str(path), **wanted}:
            found = value_at(metadata, path)
            tests = [
                COMPARED[name](found, wanted[name])
                for name in COMPARED
                if name in wanted
            ]
            return bool(tests) and all(tests)
    return False


def _is_equal(one: object, other: object) -> bool:
    # In JavaScript true is not 1, and neither objects nor missing values equal anything.
    is_scalar = isinstance(one, (str, int, float))
    return (
        is_scalar and isinstance(one, bool) == isinstance(other, bool) and one == other
    )


def _in_order(
    is_ordered: Callable[[float | str, float | str], bool],
) -> Callable[[object, object], bool]:
    def compare(one: object, other: object) -> bool:
        if isinstance(one, str) and isinstance(other, str):
            return is_ordered(one, other)
        return is_ordered(_number(one), _number(other))

    return compare


def _number(value: object) -> float:
    """Return a value as a number, as JavaScript compares it; none is below or above NaN."""
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return math.nan


COMPARED: Mapping[str, Callable[[object, object], bool]] = {
    "eq": _is_equal,
    "lt": _in_order(operator.lt),
    "gt": _in_order(operator.gt),
}
