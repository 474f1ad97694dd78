"""Derive arguments and options from an operation's class, and build the call from their values."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, Union, get_args, get_origin

import click
import msgspec
from msgspec import UnsetType
from msgspec.structs import FieldInfo

from hipkit.api.bodies.files import File
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.cli.call.progress import open_upload
from hipkit.cli.inputs import (
    NULL,
    Json,
    Listed,
    Nullable,
    NullableBoolean,
    Number,
    Secret,
    Text,
    Timestamp,
)

__all__ = ["add_help", "build", "flag_of", "is_list", "literals", "parameters"]

PAGE_MEMBERS = frozenset({"items", "links"})
EXISTING_FILE = click.Path(exists=True, dir_okay=False, readable=True)
METAVARS: Mapping[type, str] = {
    Json: "JSON|@FILE",
    Listed: "A,B,...",
    Timestamp: "DATE",
    click.Path: "PATH",
}


def parameters(kind: type[Operation[object]]) -> list[click.Parameter]:
    """Return the arguments and options of an operation, without their help."""
    return [_parameter(kind, field) for field in _fields(kind)]


def add_help(parameters: Iterable[click.Parameter], texts: Mapping[str, str]) -> None:
    """Add the help to an operation's arguments and options, by their names."""
    for each in parameters:
        if isinstance(each, click.Argument | click.Option) and each.name in texts:
            text = texts[each.name]
            if isinstance(each.type, Secret):
                text += " Use - to read it from standard input, @FILE from a file."
            if isinstance(each.type, Nullable) and "null" not in text:
                text += " Use the word null to send null."
            each.help = text


def build(
    kind: type[Operation[object]], values: Mapping[str, object], stack: ExitStack
) -> Operation[object]:
    """Build the call from parsed values; files stay open until the stack is closed."""
    given = {}
    for field in _fields(kind):
        value = values.get(field.name)
        if value is None or value == ():
            continue
        if value is NULL:
            value = None
        elif isinstance(value, tuple):
            value = [item for items in value for item in items]
        elif _holds(field, File):
            value = stack.enter_context(open_upload(Path(str(value))))
        elif _holds(field, bytes):
            value = Path(str(value))
        given[field.name] = value
    return kind(**given)


def is_list(kind: type[Operation[object]]) -> bool:
    """Return whether the response is a page of a list."""
    result = kind.result
    return (
        isinstance(result, type)
        and issubclass(result, Model)
        and set(result.__struct_fields__) >= PAGE_MEMBERS
    )


def flag_of(name: str) -> str:
    """Return the option for an argument: `--attach-to` for `attach_to`."""
    return "--" + name.rstrip("_").replace("_", "-")


def literals(kind: type[Operation[object]], name: str) -> tuple[str, ...]:
    """Return the values that an argument may have."""
    for field in _fields(kind):
        if field.name == name:
            return tuple(_choices(_parts(field.type)))
    raise KeyError(name)


@cache  # msgspec evaluates the annotations anew each time.
def _fields(kind: type[Operation[object]]) -> tuple[FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def _parameter(kind: type[Operation[object]], field: FieldInfo) -> click.Parameter:
    is_path = f"{{{field.name}}}" in kind.path
    value_type = _value_type(kind, field, is_path=is_path)
    if is_path:
        metavar = field.name.rstrip("_").upper()
        return click.Argument([field.name], type=value_type, metavar=metavar)
    flag = flag_of(field.name)
    if value_type is click.BOOL:
        return click.Option(
            [field.name, f"{flag}/--no-{flag.removeprefix('--')}"],
            default=None,
            required=field.required,
        )
    return click.Option(
        [field.name, flag],
        type=value_type,
        multiple=isinstance(value_type, Listed),
        required=field.required,
        metavar=_metavar(value_type),
    )


def _value_type(
    kind: type[Operation[object]], field: FieldInfo, *, is_path: bool
) -> click.ParamType[object]:
    if field.name in kind.secrets or field.name in kind.credentials:
        return Secret(field.name.replace("_", " "))
    parts = _parts(field.type)
    found = _type_of(parts, is_path=is_path)
    if UnsetType not in get_args(field.type):
        return found
    return Nullable(NullableBoolean() if found is click.BOOL else found)


def _type_of(parts: frozenset[object], *, is_path: bool) -> click.ParamType[object]:
    if choices := list(_choices(parts)):
        return click.Choice(choices)
    if parts == {bool}:
        return click.BOOL
    if parts == {int}:
        return click.INT
    if parts <= {int, float}:
        return click.FLOAT
    if parts == {datetime}:
        return Timestamp()
    if parts == {str, datetime}:
        return Timestamp("recent")
    if parts == {str} or (is_path and parts <= {str, int}):
        return Text()
    if parts == {str, int}:
        return Number()
    if File in parts or bytes in parts:
        return EXISTING_FILE
    for part in parts:
        if get_origin(part) is list:
            items = _parts(get_args(part)[0])
            if items == {str} or any(_choices(items)):
                return Listed(tuple(_choices(items)))
    return Json(or_text=str in parts)


def _parts(hint: object) -> frozenset[object]:
    """Return the types that a value may have, without `None` and `UNSET`."""
    is_union = get_origin(hint) in (Union, types.UnionType)
    alternatives: Iterable[object] = get_args(hint) if is_union else (hint,)
    return frozenset(alternatives) - {types.NoneType, UnsetType}


def _choices(parts: frozenset[object]) -> Iterator[str]:
    for part in parts:
        if get_origin(part) is Literal:
            yield from map(str, get_args(part))


def _holds(field: FieldInfo, kind: type) -> bool:
    return kind in _parts(field.type)


def _metavar(value_type: click.ParamType[object]) -> str | None:
    inner = value_type.inner if isinstance(value_type, Nullable) else value_type
    return METAVARS.get(type(inner))
