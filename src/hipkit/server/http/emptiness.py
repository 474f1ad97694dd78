"""Leaves out what says nothing: nulls, empty choices and ids, objects of nothing else (pure).

Programs send every member that they know of, and languages differ in how they write one that has
no value. A text that may be empty says something: it clears what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from hipkit.api.model import Model, Rule

__all__ = ["drop_empty", "model_of"]


def drop_empty(value: object, hint: object, rule: Rule | None) -> object:
    """Return a value without the members that say nothing; `UNSET` if it says nothing itself.

    An object that lacks what it needs stays as it came where the rest of it says something: then
    its mistake can be named. So do the items of lists.

    Args:
        value: As JSON or a form gave it.
        hint: The type that it is to become.
        rule: Its limits.
    """
    parts = _parts(hint)
    if value is None:
        return UNSET
    if isinstance(value, str):
        return UNSET if value == "" and not _may_be_empty(parts, rule) else value
    model = model_of(hint)
    if isinstance(value, list):
        items = next((part for part in parts if get_origin(part) is list), None)
        if items is not None:
            return [_kept(item, get_args(items)[0]) for item in value]
        return UNSET if model is not None and not value else value
    if isinstance(value, dict) and model is not None:
        return _drop_members(value, model)
    if value == {} and any(get_origin(part) is list for part in parts):
        # Lua, and PHP where it is told to write objects, have no other empty list.
        return UNSET
    return value


def model_of(hint: object) -> type[Model] | None:
    """Return the model that a value may become."""
    for part in _parts(hint):
        if isinstance(part, type) and issubclass(part, Model):
            return part
    return None


def _kept(item: object, hint: object) -> object:
    kept = drop_empty(item, hint, None)
    return item if kept is UNSET else kept


def _drop_members(value: dict[str, object], model: type[Model]) -> object:
    members = _members(model)
    kept: dict[str, object] = {}
    lacks_needed = False
    for wire, part in value.items():
        member = members.get(wire)
        left = part if member is None else drop_empty(part, member[0], member[1])
        if left is not UNSET:
            kept[wire] = left
        elif member is not None and member[2]:
            lacks_needed = True
    if not any(part != "" for part in kept.values()):
        needs_any = any(needed for _, _, needed in members.values())
        return UNSET if needs_any else kept
    return value if lacks_needed else kept


def _may_be_empty(parts: tuple[object, ...], rule: Rule | None) -> bool:
    """Say whether an empty text means something: not as a choice, an id, a number or a moment."""
    if str not in parts or int in parts or datetime in parts:
        return False
    return rule is None or (rule.enum is None and not rule.empty_is_none)


@cache
def _members(model: type[Model]) -> Mapping[str, tuple[object, Rule | None, bool]]:
    """Return what a model's members may be, their rules, and whether they are needed."""
    hints = get_type_hints(model, include_extras=True)
    return {
        item.encode_name: (hints[item.name], model.rules.get(item.name), item.required)
        for item in msgspec.structs.fields(model)
    }


def _parts(hint: object) -> tuple[object, ...]:
    if get_origin(hint) not in (Union, UnionType):
        return (_plain(hint),)
    return tuple(_plain(part) for part in get_args(hint) if part is not UnsetType)


def _plain(hint: object) -> object:
    """Return a type without the limits that it was annotated with."""
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
