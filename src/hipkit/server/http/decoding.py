"""Makes an operation of what a request holds, and says exactly what does not fit.

Reading is msgspec's: in lax mode it takes numbers and truths written as text. What stands in
the path, the query or a header is text by nature and always read so; bodies only when the
server is not strict. A server that is not also leaves out what says nothing (`emptiness.py`), and
what only decorates never costs the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UNSET, UnsetType

from hipkit.api.errors import BadRequestError
from hipkit.api.files import FileSource, ImageSource
from hipkit.api.json_grammar import parse_json
from hipkit.api.misfit import Misfit, read_misfit
from hipkit.api.model import Reader, Rule, RuleError, find_broken_rule
from hipkit.api.operation import Operation
from hipkit.server.http.emptiness import drop_empty
from hipkit.server.http.shapes import find_null, find_unknown_member, schemas_of
from hipkit.server.services.errors import InvalidValueError, MissingValueError, shown

__all__ = ["decode", "needs_body"]

Source = Literal["path", "query", "header", "member"]
Reading = Literal["file", "picture", "moment", "plain"]

LEFT_OUT = NODEFAULT
"""In place of an argument that is not given."""

JSON_NAMES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
}


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
    reading: Reading
    hint: object
    rule: Rule | None
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
    kind: type[Operation[object]],
    *,
    path: Mapping[str, str],
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
    body: Mapping[str, object],
    strict: bool,
    is_text: bool = False,
    notes: list[str] | None = None,
) -> Operation[object]:
    """Make an operation.

    With `is_text` the body is text by nature too, as a form of API v1 is. What was left out
    although somebody meant something by it is told in `notes`.

    Raises:
        BadRequestError: An argument is missing, of another type or beyond its limits.
    """
    aliases = {} if strict else _aliases(kind)
    if aliases:
        body = {
            **{aliases.get(name, name): value for name, value in body.items()},
            **body,
        }
    arguments: dict[str, object] = {}
    for field in _fields(kind):
        value = _value(field, path, query, headers, body)
        if value is None and not (field.source == "member" and field.wire in body):
            if field.is_required:
                raise MissingValueError(field.wire)
            continue
        if strict:
            is_plain = field.source == "member" and not is_text
            made = _convert(field, value, strict=is_plain, has_null=field.is_nullable)
        else:
            made = _read_leniently(field, value, [] if notes is None else notes)
        if made is not LEFT_OUT:
            arguments[field.name] = made
    request = kind(**arguments)
    _check_rules(request, "strict server" if strict else "lenient server")
    return request


def needs_body(kind: type[Operation[object]]) -> bool:
    """Say whether an operation cannot be called without a body."""
    return any(
        field.is_required and field.source == "member" for field in _fields(kind)
    )


def _value(
    field: _Field,
    path: Mapping[str, str],
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
    body: Mapping[str, object],
) -> object:
    match field.source:
        case "path":
            return path[field.name]
        case "header":
            return headers.get(field.wire.lower())
        case "member":
            return body.get(field.wire)
        case "query":
            values = query.get(field.wire)
            if not values:
                return None
            if field.is_joined:
                return [item for value in values for item in value.split(",") if item]
            return values if field.is_list else values[-1]


def _read_leniently(field: _Field, value: object, notes: list[str]) -> object:
    """Return an argument; `LEFT_OUT` for none."""
    decorates = None if field.rule is None else field.rule.decorates
    if decorates is None:
        return _read_if_any(field, value)
    is_text = isinstance(value, str)
    try:
        made = _read_if_any(field, _out_of_text(value) if is_text else value)
        _check_alone(field, made)
    except BadRequestError as error:
        if decorates == "text" and not is_text:
            raise
        notes.append(f"The {field.wire} was left out: {error.message}")
        return LEFT_OUT
    return made


def _read_if_any(field: _Field, value: object) -> object:
    if field.rule is not None and field.rule.true_is_one:
        value = _number_for(value)
    kept = drop_empty(value, field.hint, field.rule)
    if kept is not UNSET:
        return _convert(field, kept)
    if field.rule is not None and field.rule.null_keeps:
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


def _out_of_text(text: object) -> object:
    """Return the object that a text holds as JSON, or what says nothing.

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


def _check_alone(field: _Field, made: object) -> None:
    if isinstance(made, msgspec.Struct):
        broken = find_broken_rule(made, f"{field.wire}.", reader="lenient server")
        if broken is not None:
            value = _look_up(made, broken.member.removeprefix(f"{field.wire}."))
            raise _rule_refusal(broken.member, broken, value)


def _convert(
    field: _Field, value: object, *, strict: bool = False, has_null: bool = True
) -> object:
    try:
        _check_text(field, value)
    except RecursionError as error:
        raise BadRequestError("The JSON is too deep") from error
    if field.reading == "file":
        return value
    if field.reading == "picture":
        if isinstance(value, str):
            return value
        raise _wrong_type(field, value, "string")
    if field.reading == "moment" and isinstance(value, str):
        return _moment(field, value)
    try:
        holder = field.holder if has_null else field.holder_without_null
        made = msgspec.convert((value,), holder, strict=strict).value
        unknown = find_unknown_member(value, made, field.wire)
        null = find_null(value, made, field.wire) if strict else None
    except msgspec.ValidationError as error:
        raise _misfit(field, value, read_misfit(error)) from error
    except RecursionError as error:
        raise BadRequestError("The JSON is too deep") from error
    if null is not None:
        raise InvalidValueError(null, "type", "is null", None)
    if unknown is not None:
        problem = "is none of the members that are taken there"
        raise InvalidValueError(unknown, "additionalProperties", problem)
    return made


def _check_text(field: _Field, value: object) -> None:
    # A database may take a text with NUL for a shorter one, or refuse it altogether.
    if _holds_nul(value):
        raise InvalidValueError(field.wire, "pattern", "holds a NUL character")


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


def _check_rules(request: Operation[object], reader: Reader) -> None:
    broken = find_broken_rule(request, reader=reader)
    if broken is not None:
        value = _look_up(request, broken.member)
        raise _rule_refusal(_wire_path(request, broken.member), broken, value)


def _wire_path(request: Operation[object], member: str) -> str:
    """Name an argument as the request does, and not as Python has to."""
    name = re.split(r"[.\[]", member, maxsplit=1)[0]
    wires = {**request.query, **request.header, **request.members}
    return wires.get(name, name) + member[len(name) :]


def _rule_refusal(member: str, broken: RuleError, value: object) -> BadRequestError:
    limit = broken.limit
    problems = {
        "minLength": f"is shorter than {limit}",
        "maxLength": f"is longer than {limit}",
        "minimum": f"is less than {limit}",
        "maximum": f"is greater than {limit}",
        "pattern": f"does not match regular expression '{limit}'",
    }
    if broken.rule == "required":
        return MissingValueError(member)
    expected: object = JSON_NAMES.get(type(value).__name__)
    if broken.rule == "enum":
        expected = list(cast("tuple[object, ...]", limit))
        options = ", ".join(map(shown, expected))
        problem = f"is not in the enumeration: [{options}]"
    else:
        problem = problems[broken.rule]
    if isinstance(value, str) and len(value) > 100:
        value = value[:100] + "..."
    return InvalidValueError(member, broken.rule, problem, value, expected)


def _look_up(owner: object, member: str) -> object:
    """Return what stands at a path such as `card.attributes[0].value.label`."""
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


def _misfit(field: _Field, value: object, misfit: Misfit) -> BadRequestError:
    """Say in HipChat's words what msgspec found."""
    place = misfit.place.removeprefix(IN_HOLDER)
    member = field.wire + place
    if misfit.missing is not None:
        return MissingValueError(f"{member}.{misfit.missing}")
    shown_value = UNSET if place or field.is_credential else value
    if misfit.is_no_choice:
        options = _options(field.hint)
        problem = f"is not in the enumeration: [{', '.join(map(shown, options))}]"
        return InvalidValueError(member, "enum", problem, shown_value, list(options))
    name = misfit.expected[0] if misfit.expected else "value"
    expected = JSON_NAMES.get(name, name)
    problem = f"is not of type '{expected}'"
    schemas = None if place else schemas_of(field.hint)
    return InvalidValueError(member, "type", problem, shown_value, schemas or expected)


def _wrong_type(field: _Field, value: object, expected: str) -> InvalidValueError:
    problem = f"is not of type '{expected}'"
    return InvalidValueError(field.wire, "type", problem, value, expected)


def _moment(field: _Field, text: str) -> object:
    """Read a date: ISO 8601 in all its forms, or UNIX seconds; without offset it stays so."""
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
def _aliases(kind: type[Operation[object]]) -> dict[str, str]:
    """Return the names that programs in use send for members, with the documented ones."""
    return {
        alias: field.wire
        for field in _fields(kind)
        if field.rule is not None
        for alias in field.rule.aliases
    }


@cache
def _fields(kind: type[Operation[object]]) -> tuple[_Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for item in msgspec.structs.fields(kind):
        name = item.name
        source: Source
        if f"{{{name}}}" in kind.path:
            source, wire = "path", name
        elif name in kind.query:
            source, wire = "query", kind.query[name]
        elif name in kind.header:
            source, wire = "header", kind.header[name]
        else:
            source, wire = "member", kind.members.get(name, name)
        hint = _without(UnsetType, hints[name])
        found.append(
            _Field(
                name=name,
                wire=wire,
                source=source,
                reading=_reading(hint),
                hint=hint,
                rule=kind.rules.get(name),
                holder=_holder(hint),
                holder_without_null=_holder(_without(NoneType, hint)),
                is_required=item.default is NODEFAULT,
                is_nullable=item.default is UNSET,
                is_joined=name in kind.joined,
                is_credential=name in kind.credentials,
                is_list=any(
                    get_origin(part) is list for part in (hint, *get_args(hint))
                ),
            )
        )
    return tuple(found)


def _holder(hint: object) -> type[_Holder]:
    made = msgspec.defstruct(
        "Holder", [("value", hint)], bases=(_Holder,), array_like=True
    )
    return cast("type[_Holder]", made)


def _without(absent: object, hint: object) -> object:
    """Return a union without one of its types."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    parts = tuple(part for part in get_args(hint) if part is not absent)
    return Union[parts]  # noqa: UP007 - made at run time, of as many as there are


def _reading(hint: object) -> Reading:
    if hint == FileSource:
        return "file"
    if hint == ImageSource:
        return "picture"
    return "moment" if _takes_moment(hint) else "plain"


def _takes_moment(hint: object) -> bool:
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    plain = (
        get_args(part)[0] if hasattr(part, "__metadata__") else part for part in parts
    )
    return any(part is datetime for part in plain)


def _options(hint: object) -> tuple[object, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(option for part in get_args(hint) for option in _options(part))
