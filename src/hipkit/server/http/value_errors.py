"""Errors about values that do not fit, in HipChat's words (pure).

Where an object was expected they hold its schema, written as HipChat wrote it: `type` is a name or
a list of schemas, and a member that may be left out is `optional`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from types import NoneType
from typing import Literal, cast, get_args, get_origin

import msgspec
from msgspec import UNSET

from hipkit.api.bodies.misfit import Misfit
from hipkit.api.errors import BadRequestError
from hipkit.api.model import Model, Rule, RuleError
from hipkit.api.operation import Operation
from hipkit.server.http.hints import is_model, parts_of, without
from hipkit.server.services.errors import (
    InvalidValueError,
    MissingValueError,
    format_value,
)

__all__ = ["misfit_error", "rule_error", "schemas_of", "type_error"]

NAMES = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    NoneType: "null",
    object: "any",
    str: "string",
}
MSGSPEC_NAMES = {kind.__name__: NAMES[kind] for kind in (str, int, float, bool)}
"""JSON's names for what msgspec calls a type; the others are alike."""

LONGEST_VALUE = 100


def rule_error(
    owner: msgspec.Struct, broken: RuleError, prefix: str = ""
) -> BadRequestError:
    """Return the error about a rule that `owner`, whose members begin with `prefix`, breaks."""
    value = _look_up(owner, broken.member.removeprefix(prefix))
    member, limit = _wire_path(owner, broken.member), broken.limit
    if broken.rule == "required":
        return MissingValueError(member)
    expected: object = NAMES.get(type(value))
    if broken.rule == "enum":
        expected = list(cast("tuple[object, ...]", limit))
        problem = _no_choice(expected)
    else:
        problem = {
            "minLength": f"is shorter than {limit}",
            "maxLength": f"is longer than {limit}",
            "minimum": f"is less than {limit}",
            "maximum": f"is greater than {limit}",
            "pattern": f"does not match regular expression '{limit}'",
        }[broken.rule]
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        value = value[:LONGEST_VALUE] + "..."
    return InvalidValueError(member, broken.rule, problem, value, expected)


def misfit_error(
    wire: str, hint: object, value: object, misfit: Misfit, place: str
) -> BadRequestError:
    """Return the error about a value that msgspec found to be of another type.

    Args:
        wire: The argument's name.
        hint: What it may be.
        value: What it is; `UNSET` where the error does not show it.
        misfit: What msgspec says.
        place: Where in the value.
    """
    member = wire + place
    if misfit.missing is not None:
        return MissingValueError(f"{member}.{misfit.missing}")
    value = UNSET if place else value
    if misfit.is_no_choice:
        options = list(_options(hint))
        return InvalidValueError(member, "enum", _no_choice(options), value, options)
    name = misfit.expected[0] if misfit.expected else "value"
    schemas = None if place else schemas_of(hint)
    return type_error(member, value, MSGSPEC_NAMES.get(name, name), schemas)


def type_error(
    member: str, value: object, name: str, schemas: object = None
) -> InvalidValueError:
    """Return the error about a value that is of another type than the one with this name."""
    problem = f"is not of type '{name}'"
    return InvalidValueError(member, "type", problem, value, schemas or name)


@cache
def schemas_of(hint: object) -> Sequence[dict[str, object]] | None:
    """Return what a value may be, or `None` where a name says it, as no model is among it."""
    parts = parts_of(hint)
    return [_schema(part) for part in parts] if any(map(is_model, parts)) else None


def _no_choice(options: list[object]) -> str:
    return f"is not in the enumeration: [{', '.join(map(format_value, options))}]"


def _options(hint: object) -> tuple[object, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(option for part in get_args(hint) for option in _options(part))


def _wire_path(owner: msgspec.Struct, member: str) -> str:
    """Return an argument's path by its name in the request, where Python has another one."""
    if not isinstance(owner, Operation):
        return member
    name = re.split(r"[.\[]", member, maxsplit=1)[0]
    wires = {**owner.query, **owner.header, **owner.members}
    return wires.get(name, name) + member[len(name) :]


def _look_up(owner: object, member: str) -> object:
    """Return the value at a path such as `card.attributes[0].value.label`."""
    for name in re.findall(r"[^.\[\]]+", member):
        if isinstance(owner, (list, tuple)):
            owner = owner[int(name)]
            continue
        if not isinstance(owner, msgspec.Struct):
            return None
        wires = dict(
            zip(owner.__struct_encode_fields__, owner.__struct_fields__, strict=True)
        )
        owner = getattr(owner, wires.get(name, name), None)
    return owner


def _schema(hint: object) -> dict[str, object]:
    parts = parts_of(hint)
    if len(parts) > 1:
        return {"type": [_schema(part) for part in parts]}
    if is_model(hint):
        return _object_schema(hint)
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    if get_origin(hint) is list:
        return {"type": "array", "items": _schema(get_args(hint)[0])}
    return {"type": NAMES.get(cast("type", get_origin(hint) or hint), "string")}


def _object_schema(kind: type[Model]) -> dict[str, object]:
    properties: dict[str, object] = {}
    for item in msgspec.structs.fields(kind):
        hint = item.type if item.required else without(NoneType, item.type)
        properties[item.encode_name] = {
            **_schema(hint),
            **_limits(kind.rules.get(item.name, Rule())),
            **({} if item.required else {"optional": True}),
        }
    return {
        "type": "object",
        "additionalProperties": not kind.is_closed,
        "properties": properties,
    }


def _limits(rule: Rule) -> dict[str, object]:
    limits = {
        "enum": rule.enum,
        "minLength": rule.min_length,
        "maxLength": rule.max_length,
        "minimum": rule.minimum,
        "maximum": rule.maximum,
        "pattern": rule.pattern,
    }
    return {name: limit for name, limit in limits.items() if limit is not None}
