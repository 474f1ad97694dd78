"""Walk through a document and its schema side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from hipkit.descriptors.checks.findings import Path
from hipkit.descriptors.schema import descriptor_schema

__all__ = ["Described", "described_objects", "resolve"]

Schema = Mapping[str, object]


class Described(NamedTuple):
    """An object of a document, and what the schema says about its members."""

    path: Path
    value: Mapping[str, object]
    members: Mapping[str, Schema]
    required: frozenset[str]
    is_closed: bool
    """Whether other members are errors."""


def described_objects(document: Mapping[str, object]) -> Iterator[Described]:
    """Yield the objects that the schema describes, each before those inside of it.

    Conditions are left out: they may be nested without end, and have checks of their own.
    """
    yield from _walk((), document, descriptor_schema())


def resolve(schema: Schema) -> Schema:
    """Return what a reference inside of the schema refers to."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    definitions = cast("Mapping[str, Schema]", descriptor_schema()["definitions"])
    return definitions[reference.removeprefix("#/definitions/")]


def _walk(path: Path, value: object, schema: Schema) -> Iterator[Described]:
    schema = resolve(schema)
    choices = cast("list[Schema]", schema.get("anyOf", [schema]))
    if isinstance(value, Mapping):
        fitting = [each for each in map(resolve, choices) if "properties" in each]
        if len(fitting) != 1:
            return
        (schema,) = fitting
        members = cast("Mapping[str, Schema]", schema["properties"])
        required = frozenset(cast("list[str]", schema.get("required", ())))
        is_closed = schema.get("additionalProperties") is False
        yield Described(path, value, members, required, is_closed)
        for name, inner in value.items():
            if name in members:
                yield from _walk((*path, name), inner, members[name])
    elif isinstance(value, list):
        for each in map(resolve, choices):
            if "items" in each:
                items = cast("Schema", each["items"])
                for number, inner in enumerate(value):
                    yield from _walk((*path, number), inner, items)
