"""What JSON objects have to look like: told in errors, and checked where msgspec does not.

Schemas are written as HipChat wrote them into its errors: `type` is a name or a list of
schemas, and a member that may be left out is `optional`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Literal, Union, cast, get_args, get_origin

import msgspec

from hipkit.api.model import Model, Rule

__all__ = ["find_null", "find_unknown_member", "schemas_of"]

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

LONGEST_NAME = 100


@cache
def schemas_of(hint: object) -> Sequence[dict[str, object]] | None:
    """Return what a value may be, or `None` where a name says it, as no model is among it."""
    parts = _parts(hint)
    return [_schema(part) for part in parts] if any(map(_is_model, parts)) else None


def find_unknown_member(sent: object, made: object, path: str) -> str | None:
    """Return the place of a member that the model it was read into refuses."""
    if isinstance(sent, list) and isinstance(made, list):
        places = (
            find_unknown_member(part, read, f"{path}[{index}]")
            for index, (part, read) in enumerate(zip(sent, made, strict=True))
        )
        return next(filter(None, places), None)
    if not isinstance(sent, dict) or not isinstance(made, Model):
        return None
    names = dict(
        zip(made.__struct_encode_fields__, made.__struct_fields__, strict=True)
    )
    for wire, part in sent.items():
        if wire in names:
            read = getattr(made, names[wire])
            found = find_unknown_member(part, read, f"{path}.{wire}")
            if found is not None:
                return found
        elif made.is_closed:
            return f"{path}.{wire[:LONGEST_NAME]}"
    return None


def find_null(sent: object, made: object, path: str) -> str | None:
    """Return the place of a null below the first level of a value that became a model.

    Members that may be left out read as if null was as good; no model that is sent has one to
    which null means something.
    """
    if isinstance(sent, list) and isinstance(made, list):
        places = (
            find_null(part, read, f"{path}[{index}]")
            for index, (part, read) in enumerate(zip(sent, made, strict=True))
        )
        return next(filter(None, places), None)
    if not isinstance(sent, dict) or not isinstance(made, Model):
        return None
    for wire, name in zip(
        made.__struct_encode_fields__, made.__struct_fields__, strict=True
    ):
        if wire in sent:
            place = f"{path}.{wire}"
            if sent[wire] is None:
                return place
            found = find_null(sent[wire], getattr(made, name), place)
            if found is not None:
                return found
    return None


def _schema(hint: object) -> dict[str, object]:
    parts = _parts(hint)
    if len(parts) > 1:
        return {"type": [_schema(part) for part in parts]}
    if _is_model(hint):
        return _object(cast("type[Model]", hint))
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    if get_origin(hint) is list:
        return {"type": "array", "items": _schema(get_args(hint)[0])}
    return {"type": NAMES.get(cast("type", get_origin(hint) or hint), "string")}


def _object(kind: type[Model]) -> dict[str, object]:
    properties: dict[str, object] = {}
    for item in msgspec.structs.fields(kind):
        hint = item.type
        if not item.required:
            hint = Union[tuple(p for p in _parts(hint) if p is not NoneType)]  # noqa: UP007 - made at run time, of as many as there are
        rule = kind.rules.get(item.name)
        properties[item.encode_name] = {
            **_schema(hint),
            **({} if rule is None else _limits(rule)),
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


def _parts(hint: object) -> tuple[object, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _is_model(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Model)
