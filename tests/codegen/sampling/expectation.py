"""What a call must look like on the wire, from the document and the sampled values alone.

Written after the OpenAPI standards, independently of the generator and of `hipkit.api`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tests.codegen.sampling.reading import (
    FORM,
    FORM_DATA,
    Content,
    OperationDescription,
    Parameter,
    Schema,
)
from tests.codegen.sampling.sampler import Place, Sampler

__all__ = [
    "Call",
    "Part",
    "Scalar",
    "Text",
    "Wire",
    "is_file",
    "is_json",
    "members_of",
    "named_values",
    "sample_call",
    "wire_of",
]

Scalar = str | int | float | bool
SEPARATORS = {
    "form": ",",
    "simple": ",",
    "spaceDelimited": " ",
    "pipeDelimited": "|",
    "tabDelimited": "\t",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A value as it stands in a URL, a header or a form: scalars, and what separates them."""

    values: tuple[Scalar, ...]
    separator: str = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a form with files; a value that is neither file nor scalar is JSON."""

    name: str
    value: object
    is_file: bool
    media_type: str | None
    """What its `encoding` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call: an operation and sampled values."""

    operation: OperationDescription
    values: tuple[tuple[Parameter, object], ...]
    content: Content | None = None
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A call on the wire, before it is percent-encoded."""

    method: str
    path: tuple[str | Text, ...]
    """The template's literal pieces, and values."""
    query: tuple[tuple[str, Text], ...]
    headers: Mapping[str, Text]
    absent_headers: frozenset[str]
    cookies: Mapping[str, Text]
    media_type: str | None
    form: tuple[tuple[str, Text], ...] | None = None
    parts: tuple[Part, ...] | None = None
    json: object = None
    raw: str | None = None


def sample_call(
    operation: OperationDescription, content: Content | None, sampler: Sampler
) -> Call:
    """Sample the values of a call.

    Args:
        operation: The operation.
        content: The body to send, if there is one.
        sampler: Chooses the values.

    Raises:
        UnsampleableError: No valid value was found.
    """
    values = tuple(
        (parameter, value)
        for parameter in operation.parameters
        # The generator leaves cookies to those who want them, but for required ones.
        if parameter.required
        or parameter.where == "path"
        or (parameter.where != "cookie" and sampler.includes())
        # Null is not sent, nor is a list of nothing else.
        if (
            value := sampler.value(
                parameter.schema, parameter.where, SEPARATORS.get(parameter.style, ",")
            )
        )
        not in (None, [])
        or parameter.required
    )
    if content is None or not (content.required or sampler.includes()):
        return Call(operation=operation, values=values)
    if content.schema is None:
        body: object = {} if is_json(content.media_type) else "any text"
    else:
        place: Place = "body" if is_json(content.media_type) else "form"
        body = sampler.value(content.schema, place)
    if body == {} and not content.required:
        # A call without any member sends no body, where none is required.
        return Call(operation=operation, values=values)
    return Call(operation=operation, values=values, content=content, body=body)


def wire_of(call: Call) -> Wire:
    """Return how a call is sent."""
    sent = dict.fromkeys(("path", "query", "header", "cookie"), tuple[Named, ...]())
    for parameter, value in call.values:
        sent[parameter.where] += tuple(named_values(parameter, value))
    in_path = dict(sent["path"])
    pieces = re.split(r"\{([^{}]*)\}", call.operation.path)
    named = {name.lower() for name, _ in sent["header"]}
    declared = {
        each.name.lower()
        for each in call.operation.parameters
        if each.where == "header"
    }
    content, body = call.content, call.body
    media_type = content.media_type if content else None
    is_form = media_type is not None and media_type.startswith(FORM)
    has_parts = media_type is not None and media_type.startswith(FORM_DATA)
    has_json = media_type is not None and is_json(media_type)
    is_raw = media_type is not None and not (is_form or has_parts or has_json)
    return Wire(
        method=call.operation.method,
        path=tuple(
            in_path[piece] if index % 2 else piece for index, piece in enumerate(pieces)
        ),
        query=sent["query"],
        headers=dict(sent["header"]),
        absent_headers=frozenset(declared - named),
        cookies=dict(sent["cookie"]),
        media_type=media_type,
        form=tuple(_fields(content, body)) if content and is_form else None,
        parts=tuple(_parts(content, body)) if content and has_parts else None,
        json=body if has_json else None,
        raw=str(body) if is_raw else None,
    )


Named = tuple[str, Text]


def named_values(parameter: Parameter, value: object) -> Iterator[Named]:
    """Yield the names and texts that a parameter's value is sent as."""
    if value is None:
        return
    name = parameter.name
    separator = SEPARATORS.get(parameter.style, ",")
    if isinstance(value, Mapping):
        if parameter.style == "deepObject":
            for key, item in value.items():
                for each in _scalars(item):
                    yield f"{name}[{key}]", Text((each,))
        elif parameter.explode and parameter.where in ("query", "cookie", "form"):
            for key, item in value.items():
                # No standard says how a list or a mapping within an object is sent: as if alone.
                inner = replace(parameter, name=key)
                if isinstance(item, Mapping):
                    inner = replace(inner, style="deepObject")
                yield from named_values(inner, item)
        else:
            flat = [each for pair in value.items() for each in pair]
            yield name, Text(tuple(flat), separator)
        return
    is_exploded = parameter.explode and parameter.where not in ("path", "header")
    if isinstance(value, list) and is_exploded:
        for each in value:
            yield name, Text(_scalars(each))
    else:
        yield name, Text(_scalars(value), separator)


def is_json(media_type: str) -> bool:
    """Return whether a body of a media type is JSON; `*/*` is taken for it."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain.endswith(("/json", "+json")) or plain in ("*/*", "application/*")


def is_file(schema: Schema) -> bool:
    """Return whether a member's value is the content of a file."""
    target = schema.target()
    if target is not None and is_file(target):
        return True
    if any(is_file(each) for each in schema.parts("allOf")):
        return True
    return schema.get("format") == "binary" or (
        schema.get("contentMediaType") is not None
        and schema.get("contentEncoding") is None
        and schema.get("contentMediaType") != "application/json"
    )


def members_of(schema: Schema) -> dict[str, Schema]:
    """Return the members that a schema names, with those of what it is made of."""
    found: dict[str, Schema] = {}
    target = schema.target()
    for each in [*([target] if target else []), *schema.parts("allOf")]:
        found |= members_of(each)
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        found |= {name: schema.at(each) for name, each in properties.items()}
    return found


def _scalars(value: object) -> tuple[Scalar, ...]:
    items = value if isinstance(value, list) else [value]
    found = tuple(each for each in items if isinstance(each, Scalar))
    if len(found) < len(items):
        raise ValueError(f"{value!r} has no form in a URL")
    return found


def _fields(content: Content, body: object) -> Iterator[Named]:
    for name, value in dict(body if isinstance(body, Mapping) else {}).items():
        encoding = content.encoding.get(name, {})
        style = encoding.get("style", "form")
        assert content.schema is not None
        yield from named_values(
            Parameter(
                name=name,
                where="form",
                required=True,
                style=style,
                explode=encoding.get("explode", style == "form"),
                schema=content.schema,
            ),
            value,
        )


def _parts(content: Content, body: object) -> Iterator[Part]:
    assert content.schema is not None
    members = members_of(content.schema)
    for name, value in dict(body if isinstance(body, Mapping) else {}).items():
        schema = members.get(name)
        items = schema.get("items") if schema is not None else None
        item = schema.at(items) if schema is not None and items is not None else schema
        for each in value if isinstance(value, list) else [value]:
            yield Part(
                name=name,
                value=each,
                is_file=item is not None and is_file(item),
                media_type=content.encoding.get(name, {}).get("contentType"),
            )
