"""Members of JSON objects that msgspec takes for good or passes over (pure).

Programs send every member that they know of, and languages differ in how they write one that has
no value: nulls, empty choices and ids, and objects of nothing else are left out. A text that may
be empty says something: it clears what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET

from hipkit.api.model import Model, Rule
from hipkit.server.http.hints import model_of, parts_of

__all__ = ["drop_empty", "odd_members"]

LONGEST_NAME = 100


def drop_empty(value: object, hint: object, rule: Rule) -> object:
    """Return a value without the members that say nothing; `UNSET` if it says nothing itself.

    An object that lacks what it needs stays as it came where the rest of it says something: then
    its mistake can be named. So do the items of lists.

    Args:
        value: As JSON or a form gave it.
        hint: The type that it is to become.
        rule: Its limits.
    """
    if value is None:
        return UNSET
    if isinstance(value, str):
        return UNSET if value == "" and not _may_be_empty(hint, rule) else value
    if isinstance(value, list):
        parts = parts_of(hint)
        items = next((part for part in parts if get_origin(part) is list), None)
        if items is not None:
            return [_keep(item, get_args(items)[0]) for item in value]
        return UNSET if not value and model_of(hint) is not None else value
    if isinstance(value, dict):
        model = model_of(hint)
        if model is not None:
            return _drop_members(value, model)
        if not value and any(get_origin(part) is list for part in parts_of(hint)):
            # Lua, and PHP where objects are asked of it, have no other empty list.
            return UNSET
    return value


def odd_members(sent: object, made: object, path: str) -> Iterator[tuple[str, bool]]:
    """Yield where a value that became a model has members that it may not have.

    Those are members that the model does not know, where it allows no others, and nulls below the
    first level, for which the flag is true. Members that may be left out read as if null was as
    good; no model that is sent has one to which null means something.
    """
    if isinstance(sent, list) and isinstance(made, list):
        for index, (part, read) in enumerate(zip(sent, made, strict=True)):
            yield from odd_members(part, read, f"{path}[{index}]")
    elif isinstance(sent, dict) and isinstance(made, Model):
        names = dict(
            zip(made.__struct_encode_fields__, made.__struct_fields__, strict=True)
        )
        for wire, part in sent.items():
            place = f"{path}.{wire[:LONGEST_NAME]}"
            if wire not in names:
                if made.is_closed:
                    yield place, False
            elif part is None:
                yield place, True
            else:
                yield from odd_members(part, getattr(made, names[wire]), place)


def _keep(item: object, hint: object) -> object:
    kept = drop_empty(item, hint, NO_RULE)
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


def _may_be_empty(hint: object, rule: Rule) -> bool:
    """Return whether an empty text means something: not as a choice, an id, a number or a date."""
    parts = parts_of(hint)
    if str not in parts or int in parts or datetime in parts:
        return False
    return rule.enum is None and not rule.empty_is_none


@cache
def _members(model: type[Model]) -> Mapping[str, tuple[object, Rule, bool]]:
    """Return what a model's members may be, their rules, and whether they are needed."""
    hints = get_type_hints(model, include_extras=True)
    return {
        item.encode_name: (
            hints[item.name],
            model.rules.get(item.name, NO_RULE),
            item.required,
        )
        for item in msgspec.structs.fields(model)
    }


NO_RULE = Rule()
