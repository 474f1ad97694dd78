"""What every generated model is: a frozen, tolerant, JSON-shaped value.

The generated classes in `hipkit.v2.models` only declare their members; reading, writing, hiding
secrets and checking limits live here, once.
Read next: `operation.py`, which sends and receives these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, ClassVar, Literal, Self, cast

import msgspec
from msgspec import UNSET

from hipkit.api.reading import read_json
from hipkit.api.secret import HIDDEN
from hipkit.api.writing import UnixTime, to_plain

__all__ = [
    "DateTime",
    "Model",
    "Reader",
    "Rule",
    "RuleError",
    "UnixTime",
    "find_broken_rule",
]

DateTime = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its offset. Reading takes ISO 8601 and UNIX seconds, as number or text."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The limits that HipChat's documentation gives for one member or argument.

    Nothing in the client applies them unasked: the server is the one that validates.
    """

    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    larger_max_length: int | None = None
    """Where sources differ: what another one allows. Servers take that much."""
    lenient_max_length: int | None = None
    """How much more a server takes that is not strict."""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    enum: tuple[str | int | float | bool | None, ...] | None = None
    required_when: Mapping[str, tuple[str, ...]] | None = None
    """Other member -> its values with which this one is needed."""
    decorates: Literal["any", "text"] | None = None
    """What is wrong with this member costs no more than the member, unless the server is strict:
    whatever is wrong with it, or only where it came as text."""
    empty_is_none: bool = False
    """Whether an empty text is as if the member was left out, unless the server is strict."""
    null_keeps: bool = False
    """Whether null leaves the value as it is, although the member is required, unless the server
    is strict; there it is `UNSET` then."""
    true_is_one: bool = False
    """Whether true and false are taken for 1 and 0, unless the server is strict."""
    aliases: tuple[str, ...] = ()
    """Other names that programs send it under; taken unless the server is strict."""


Reader = Literal["document", "strict server", "lenient server"]
"""Who holds a value against a rule: the documentation as it is, or one of the two servers."""


class RuleError(ValueError):
    """A value breaks a documented limit.

    Attributes:
        member: The member's path, such as `attributes[0].value.label`.
        rule: The rule's name as JSON Schema spells it: `required`, `minLength`, `enum` ...
        limit: What the rule asks for.
    """

    def __init__(self, member: str, rule: str, limit: object, text: str) -> None:
        super().__init__(f"{member}: {text}")
        self.member = member
        self.rule = rule
        self.limit = limit

    def __reduce__(self) -> tuple[object, ...]:
        text = str(self).removeprefix(f"{self.member}: ")
        return type(self), (self.member, self.rule, self.limit, text)


class Model(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """A JSON object of the API.

    Members that the answer left out are `None`; members that this version does not know are
    ignored. `to_json` and `from_json` are inverse to each other.
    """

    rules: ClassVar[Mapping[str, Rule]] = {}
    secrets: ClassVar[frozenset[str]] = frozenset()
    is_closed: ClassVar[bool] = False
    """Whether the server refuses further members when it is sent one."""

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a model from JSON, as tolerantly as answers are read.

        Raises:
            UnreadableError: The text is not JSON, or not this object; says where.
        """
        body = text.encode() if isinstance(text, str) else text
        return cast("Self", read_json(body, cls))

    def to_json(self) -> bytes:
        """Write the model as JSON in the API's own names and forms, without what is not set.

        Members that came as null are written as null.

        Raises:
            ValueError: A moment has no offset.
        """
        return msgspec.json.encode(to_plain(self))

    def check(self) -> None:
        """Compare every member with the documented limits.

        Raises:
            RuleError: Names the first member that breaks a rule, and the rule.
        """
        broken = find_broken_rule(self)
        if broken is not None:
            raise broken

    # What is remembered of nulls goes along.
    def __reduce__(self) -> tuple[object, ...]:
        return (*cast("tuple[object, ...]", super().__reduce__()), vars(self) or None)

    def __copy__(self) -> Self:
        copied = msgspec.structs.replace(self)
        vars(copied).update(vars(self))
        return copied

    def __repr__(self) -> str:
        shown = (
            f"{name}={HIDDEN if name in self.secrets else repr(value)}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None and value is not UNSET
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def find_broken_rule(
    owner: msgspec.Struct, path: str = "", *, reader: Reader = "document"
) -> RuleError | None:
    """Return the first broken rule of `owner` or of a model inside it, or `None`.

    `required_when` counts for the documentation alone: it tells when programs draw something,
    not what a server takes.
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
    """Return how long a value may be for a reader."""
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
            if getattr(owner, other) in values:
                return (
                    "required",
                    True,
                    f"is required when {other} is {getattr(owner, other)!r}",
                )
        return None
    if rule.enum is not None:
        wrong = [
            item
            for item in (value if isinstance(value, list) else [value])
            if item not in rule.enum
        ]
        if wrong:
            return "enum", rule.enum, f"must be one of {', '.join(map(str, rule.enum))}"
    if isinstance(value, (str, list)):
        unit = "characters" if isinstance(value, str) else "items"
        if rule.min_length is not None and len(value) < rule.min_length:
            return (
                "minLength",
                rule.min_length,
                f"at least {rule.min_length} {unit}, has {len(value)}",
            )
        longest = _longest(rule, reader)
        if longest is not None and len(value) > longest:
            return (
                "maxLength",
                rule.max_length,
                f"at most {rule.max_length} {unit}, has {len(value)}",
            )
    if (
        isinstance(value, str)
        and rule.pattern is not None
        and not re.search(rule.pattern, value)
    ):
        return "pattern", rule.pattern, f"must match {rule.pattern}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if rule.minimum is not None and value < rule.minimum:
            return "minimum", rule.minimum, f"at least {rule.minimum:g}"
        if rule.maximum is not None and value > rule.maximum:
            return "maximum", rule.maximum, f"at most {rule.maximum:g}"
    return None
