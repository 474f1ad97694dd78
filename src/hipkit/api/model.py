"""The base class of every generated model: a frozen value with the shape of a JSON object.

The generated classes in `hipkit.v2.models` only declare their members; reading, writing, hiding
secrets and checking limits are implemented here.
Read next: `operation.py`, which sends and receives models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    ClassVar,
    Literal,
    NoReturn,
    Self,
    cast,
)

import msgspec
from msgspec import UNSET

from hipkit.api.bodies.reading import read_json
from hipkit.api.bodies.writing import UnixTime, to_plain
from hipkit.api.secret import MaskedStruct

__all__ = [
    "DateTime",
    "ListPage",
    "Model",
    "Reader",
    "Rule",
    "RuleError",
    "UnixTime",
    "find_broken_rule",
]

DECLARATIONS = frozenset({"is_closed", "listed_by", "rules"})
"""What a class declares about its members, and is no member."""

DateTime = Annotated[datetime, msgspec.Meta(tz=True)]
"""A timestamp with UTC offset. Read from ISO 8601 or UNIX seconds, as number or text."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The documented limits of one member or argument.

    The client applies them only on request (`check`): validation is the server's task.
    """

    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    larger_max_length: int | None = None
    """A larger limit found in another source. Servers accept this length."""
    lenient_max_length: int | None = None
    """The length that a lenient server accepts."""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    enum: tuple[str | int | float | bool | None, ...] | None = None
    required_when: Mapping[str, tuple[str, ...]] | None = None
    """Other member -> the values of it that make this one required."""
    decorates: Literal["any", "text"] | None = None
    """Whether a lenient server drops this member if it is invalid, instead of rejecting the object:
    `any` for every error, `text` only if the value came as text."""
    empty_is_none: bool = False
    """Whether a lenient server treats an empty text like a missing member."""
    null_keeps: bool = False
    """Whether a lenient server accepts null for a required member and leaves the stored value
    unchanged. The member is `UNSET` then."""
    true_is_one: bool = False
    """Whether a lenient server reads true and false as 1 and 0."""
    aliases: tuple[str, ...] = ()
    """Other names of the member that a lenient server accepts."""


Reader = Literal["document", "strict server", "lenient server"]
"""Which limits apply: the documented ones, or those of a strict or lenient server."""


class RuleError(ValueError):
    """A value violates a documented limit.

    Attributes:
        member: The member's path, such as `attributes[0].value.label`.
        rule: The rule's JSON Schema keyword: `required`, `minLength`, `enum` ...
        limit: The value that the rule requires.
    """

    def __init__(self, member: str, rule: str, limit: object, text: str) -> None:
        super().__init__(f"{member}: {text}")
        self.member = member
        self.rule = rule
        self.limit = limit

    def __reduce__(self) -> tuple[object, ...]:
        text = str(self).removeprefix(f"{self.member}: ")
        return type(self), (self.member, self.rule, self.limit, text)


class Model(MaskedStruct, frozen=True, omit_defaults=True, dict=True):
    """A JSON object of the API.

    Members missing from the JSON are `None`; unknown members are ignored. `to_json` and
    `from_json` are inverses of each other.
    """

    rules: ClassVar[Mapping[str, Rule]] = {}
    is_closed: ClassVar[bool] = False
    """Whether the server rejects unknown members in a request."""

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a model from JSON, as tolerantly as responses are read.

        Raises:
            UnreadableError: The text is not JSON, or not this object; the message says where.
        """
        body = text.encode() if isinstance(text, str) else text
        return cast("Self", read_json(body, cls))

    def to_json(self) -> bytes:
        """Return the model as JSON with the API's names and formats, without unset members.

        Members that were read as null are written as null.

        Raises:
            ValueError: A timestamp has no UTC offset.
        """
        return msgspec.json.encode(to_plain(self))

    def to_dict(self) -> dict[str, object]:
        """Return the content of the model's JSON: the API's names, and timestamps as texts.

        The dictionary and all that it holds are new; changing them does not change the model.

        Raises:
            ValueError: A timestamp has no UTC offset.
        """
        return cast("dict[str, object]", msgspec.json.decode(self.to_json()))

    def check(self) -> None:
        """Compare every member with the documented limits.

        Raises:
            RuleError: A member violates a rule; names the first such member and the rule.
        """
        broken = find_broken_rule(self)
        if broken is not None:
            raise broken

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in DECLARATIONS]

    # The remembered nulls are part of the state.
    def __reduce__(self) -> tuple[object, ...]:
        return (*cast("tuple[object, ...]", super().__reduce__()), vars(self) or None)

    def __copy__(self) -> Self:
        copied = msgspec.structs.replace(self)
        vars(copied).update(vars(self))
        return copied


class ListPage(Model, frozen=True, omit_defaults=True):
    """One page of a list: a value with `items`, and with `links` to the other pages.

    It is not iterable: that would silently leave out the items of all other pages.
    """

    listed_by: ClassVar[tuple[str, ...]] = ()
    """The calls that return such a page, such as `GetAllRooms()`."""

    # Type checkers see no iterable, so that they reject the mistake before it runs.
    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            calls = (f"client.items({call})" for call in self.listed_by)
            raise TypeError(
                f"{type(self).__name__} is one page of a list: iterate over "
                f"{' or '.join(calls)} for the items of all pages (`async for` with "
                "AsyncHipChat); those of this page are in .items"
            )

        __aiter__ = __iter__


def find_broken_rule(
    owner: msgspec.Struct, path: str = "", *, reader: Reader = "document"
) -> RuleError | None:
    """Return the first violated rule of `owner` or of a model inside it, or `None`.

    `required_when` applies to the documentation only: it says when clients display something,
    not what a server accepts.
    """
    for name, wire, rule in _members(type(owner)):
        value = getattr(owner, name)
        if rule is not None:
            text = _broken(rule, value, owner, reader)
            if text is not None:
                return RuleError(f"{path}{wire}", *text)
        if not isinstance(value, (msgspec.Struct, list, tuple)):
            continue
        for place, part in _parts(f"{path}{wire}", value):
            broken = find_broken_rule(part, f"{place}.", reader=reader)
            if broken is not None:
                return broken
    return None


@cache
def _members(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, Rule | None], ...]:
    rules: Mapping[str, Rule] = getattr(kind, "rules", {})
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple((name, wire, rules.get(name)) for name, wire in names)


def _parts(place: str, value: object) -> Iterable[tuple[str, msgspec.Struct]]:
    if isinstance(value, msgspec.Struct):
        yield place, value
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _parts(f"{place}[{index}]", item)


def _longest(rule: Rule, reader: Reader) -> int | None:
    """Return the greatest length that a reader accepts, or `None` for no limit."""
    if reader == "document":
        return rule.max_length
    lenient = rule.lenient_max_length if reader == "lenient server" else None
    return lenient or rule.larger_max_length or rule.max_length


def _broken(
    rule: Rule, value: object, owner: object, reader: Reader
) -> tuple[str, object, str] | None:
    if value is None or value is UNSET:
        if rule.required and not (rule.null_keeps and value is UNSET):
            return "required", True, "is required"
        conditions = (rule.required_when or {}) if reader == "document" else {}
        for other, values in conditions.items():
            if (found := getattr(owner, other)) in values:
                return "required", True, f"is required when {other} is {found!r}"
        return None
    items = value if isinstance(value, list) else [value]
    if rule.enum is not None and any(item not in rule.enum for item in items):
        return "enum", rule.enum, f"must be one of {', '.join(map(str, rule.enum))}"
    if isinstance(value, (str, list)):
        size, unit = len(value), "characters" if isinstance(value, str) else "items"
        low, high, longest = rule.min_length, rule.max_length, _longest(rule, reader)
        if low is not None and size < low:
            return "minLength", low, f"at least {low} {unit}, has {size}"
        if longest is not None and size > longest:
            return "maxLength", high, f"at most {high} {unit}, has {size}"
    if isinstance(value, str) and rule.pattern and not re.search(rule.pattern, value):
        return "pattern", rule.pattern, f"must match {rule.pattern}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if rule.minimum is not None and value < rule.minimum:
            return "minimum", rule.minimum, f"at least {rule.minimum:g}"
        if rule.maximum is not None and value > rule.maximum:
            return "maximum", rule.maximum, f"at most {rule.maximum:g}"
    return None
