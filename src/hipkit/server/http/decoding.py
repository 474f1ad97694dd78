"""Decodes a request into its operation, and says exactly what does not fit.

msgspec reads the values; its lax mode accepts numbers and booleans written as text. Arguments in
the path, the query or a header are text, so they are always read in that mode, bodies only if the
server is not strict. Such a server also leaves out members without a value (`members.py`), and an
error in a decoration costs the decoration only.
How arguments are read is planned once per operation class. So a call takes a step or two for each
argument that was sent, and none for the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType
from typing import Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UNSET, UnsetType

from hipkit.api.bodies.files import FileSource, ImageSource
from hipkit.api.bodies.json_grammar import parse_json
from hipkit.api.bodies.misfit import read_misfit
from hipkit.api.errors import BadRequestError
from hipkit.api.model import Rule, find_broken_rule
from hipkit.api.operation import Operation
from hipkit.server.http.hints import parts_of, without
from hipkit.server.http.members import drop_empty, odd_members
from hipkit.server.http.value_errors import misfit_error, rule_error, type_error
from hipkit.server.services.errors import InvalidValueError, MissingValueError

__all__ = ["decode", "needs_body"]

Source = Literal["path", "query", "header", "member"]
Reading = Literal["file", "picture", "timestamp", "plain"]

OperationT = TypeVar("OperationT", bound=Operation[object])

LEFT_OUT = NODEFAULT
"""In place of an argument that is not given."""


class _Holder(msgspec.Struct, array_like=True):
    """What one value is read into.

    msgspec takes a class apart once and for all, and would do so with a bare hint at every call.
    """

    value: object


IN_HOLDER = "$[0]"
"""How a path begins to what is in the holder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One argument of an operation: where it comes from, and what it has to be."""

    name: str
    wire: str
    source: Source
    key: str
    """Its name in the source."""
    reading: Reading
    hint: object
    rule: Rule
    holder: type[_Holder]
    holder_without_null: type[_Holder]
    """Of a server that is strict: what may be left out may not be null all the same, and a text
    that says `null` is none either."""
    is_required: bool
    is_nullable: bool
    """Whether null means something else than leaving it out."""
    is_joined: bool
    is_credential: bool
    """Whether no error repeats it."""
    is_list: bool


def decode(
    kind: type[OperationT],
    *,
    path: Mapping[str, str] = {},
    query: Mapping[str, list[str]] = {},
    headers: Mapping[str, str] = {},
    body: Mapping[str, object],
    strict: bool,
    is_text: bool = False,
    notes: list[str] | None = None,
) -> OperationT:
    """Return the operation that a request calls.

    With `is_text` the body is text by nature too, as a form of API v1 is. `notes` takes a
    sentence about each argument that was given and left out.

    Raises:
        BadRequestError: An argument is missing, of another type or beyond its limits.
    """
    fields, aliases = _plan(kind)
    if aliases and not strict:
        renamed = {aliases.get(name, name): value for name, value in body.items()}
        body = {**renamed, **body}
    sources: dict[Source, Mapping[str, object]] = {
        "path": path,
        "query": query,
        "header": headers,
        "member": body,
    }
    arguments: dict[str, object] = {}
    for field in fields:
        source = sources[field.source]
        if field.key not in source:
            if field.is_required:
                raise MissingValueError(field.wire)
            continue
        value = source[field.key]
        if field.source == "query":
            value = _query_value(field, cast("list[str]", value))
        if strict:
            is_plain = field.source == "member" and not is_text
            made = _convert(field, value, strict=is_plain, has_null=field.is_nullable)
        elif field.rule.decorates is not None:
            made = _read_decoration(field, value, [] if notes is None else notes)
        else:
            made = _read_leniently(field, value)
        if made is not LEFT_OUT:
            arguments[field.name] = made
    request = kind(**arguments)
    broken = find_broken_rule(
        request, reader="strict server" if strict else "lenient server"
    )
    if broken is not None:
        raise rule_error(request, broken)
    return request


def needs_body(kind: type[Operation[object]]) -> bool:
    """Return whether an operation cannot be called without a body."""
    fields, _ = _plan(kind)
    return any(field.is_required and field.source == "member" for field in fields)


def _query_value(field: _Field, values: list[str]) -> object:
    if field.is_joined:
        return [item for value in values for item in value.split(",") if item]
    return values if field.is_list else values[-1]


def _read_decoration(field: _Field, value: object, notes: list[str]) -> object:
    """Return a decoration; one with an error is left out, and noted."""
    is_text = isinstance(value, str)
    try:
        made = _read_leniently(field, _parse_object(value) if is_text else value)
        if isinstance(made, msgspec.Struct):
            prefix = f"{field.wire}."
            broken = find_broken_rule(made, prefix, reader="lenient server")
            if broken is not None:
                raise rule_error(made, broken, prefix)
    except BadRequestError as error:
        if field.rule.decorates == "text" and not is_text:
            raise
        notes.append(f"The {field.wire} was left out: {error.message}")
        return LEFT_OUT
    return made


def _read_leniently(field: _Field, value: object) -> object:
    """Return an argument; `LEFT_OUT` for none."""
    rule = field.rule
    if rule.true_is_one:
        value = _number_for(value)
    kept = value
    if not value or isinstance(value, (dict, list)):
        kept = drop_empty(value, field.hint, rule)
    if kept is not UNSET:
        return _convert(field, kept)
    if rule.null_keeps:
        return UNSET
    if field.is_required or (value is None and field.is_nullable):
        return _convert(field, value)
    return LEFT_OUT


def _number_for(value: object) -> object:
    """Return 1 and 0 in place of true and false, also of the words."""
    if isinstance(value, bool):
        return int(value)
    words = {"true": "1", "false": "0"}
    return words.get(value.lower(), value) if isinstance(value, str) else value


def _parse_object(text: object) -> object:
    """Return the object that a text holds as JSON, or `None` if it is empty.

    Raises:
        BadRequestError: It holds something else.
    """
    try:
        document = parse_json(str(text).encode()) if text else None
    except (ValueError, RecursionError):
        raise BadRequestError("it is a text, and no JSON") from None
    if document and not isinstance(document, dict):
        raise BadRequestError("it is a text with JSON, and no object") from None
    return document or None


def _convert(
    field: _Field, value: object, *, strict: bool = False, has_null: bool = True
) -> object:
    """Return a value as the type of its argument."""
    is_nested = isinstance(value, (dict, list))
    try:
        # A database may cut a text off at a NUL character, or raise an error about it.
        if _holds_nul(value) if is_nested else isinstance(value, str) and "\0" in value:
            raise InvalidValueError(field.wire, "pattern", "holds a NUL character")
        if field.reading == "file":
            return value
        if field.reading == "picture":
            if isinstance(value, str):
                return value
            raise type_error(field.wire, value, "string")
        if field.reading == "timestamp" and isinstance(value, str):
            return _read_timestamp(field, value)
        holder = field.holder if has_null else field.holder_without_null
        made = msgspec.convert((value,), holder, strict=strict).value
        if is_nested:
            _check_members(field, value, made, strict=strict)
    except msgspec.ValidationError as error:
        misfit = read_misfit(error)
        place = misfit.place.removeprefix(IN_HOLDER)
        shown_value = UNSET if field.is_credential else value
        raise misfit_error(
            field.wire, field.hint, shown_value, misfit, place
        ) from error
    except RecursionError as error:
        raise BadRequestError("The JSON is too deep") from error
    return made


def _check_members(field: _Field, value: object, made: object, *, strict: bool) -> None:
    odd = odd_members(value, made, field.wire)
    # Nulls go first; only a strict server takes them for mistakes.
    mistakes = (one for one in odd if strict or not one[1])
    place, is_null = min(mistakes, key=lambda one: not one[1], default=("", False))
    if is_null:
        raise InvalidValueError(place, "type", "is null", None)
    if place:
        problem = "is none of the members that are taken there"
        raise InvalidValueError(place, "additionalProperties", problem)


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


def _read_timestamp(field: _Field, text: str) -> object:
    """Read a date: any format of ISO 8601, or UNIX seconds. One without offset stays so."""
    # An unescaped plus sign of an offset arrives as a space.
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", text.strip())
    try:
        if re.fullmatch(r"\d{9,12}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        if str in get_args(field.hint):
            return text
        problem = "is not an ISO 8601 date"
        raise InvalidValueError(field.wire, "format", problem, text) from error


@cache
def _plan(kind: type[Operation[object]]) -> tuple[Sequence[_Field], Mapping[str, str]]:
    """Return an operation's arguments, and their documented names by those that programs send."""
    hints = get_type_hints(kind, include_extras=True)
    fields = tuple(
        _field(kind, item, without(UnsetType, hints[item.name]))
        for item in msgspec.structs.fields(kind)
    )
    return fields, {alias: one.wire for one in fields for alias in one.rule.aliases}


def _field(
    kind: type[Operation[object]], item: msgspec.structs.FieldInfo, hint: object
) -> _Field:
    name = item.name
    source, wire = _source(kind, name)
    return _Field(
        name=name,
        wire=wire,
        source=source,
        key=wire.lower() if source == "header" else wire,
        reading=_reading(hint),
        hint=hint,
        rule=kind.rules.get(name) or Rule(),
        holder=_holder(hint),
        holder_without_null=_holder(without(NoneType, hint)),
        is_required=item.default is NODEFAULT,
        is_nullable=item.default is UNSET,
        is_joined=name in kind.joined,
        is_credential=name in kind.credentials,
        is_list=any(get_origin(part) is list for part in parts_of(hint)),
    )


def _source(kind: type[Operation[object]], name: str) -> tuple[Source, str]:
    """Return where an argument comes from, and how it is called there."""
    if f"{{{name}}}" in kind.path:
        return "path", name
    if name in kind.query:
        return "query", kind.query[name]
    if name in kind.header:
        return "header", kind.header[name]
    return "member", kind.members.get(name, name)


def _holder(hint: object) -> type[_Holder]:
    made = msgspec.defstruct(
        "Holder", [("value", hint)], bases=(_Holder,), array_like=True
    )
    return cast("type[_Holder]", made)


def _reading(hint: object) -> Reading:
    if hint == FileSource:
        return "file"
    if hint == ImageSource:
        return "picture"
    return "timestamp" if datetime in parts_of(hint) else "plain"
