"""Answers made from the spec's schemas: full ones, bare ones, and what servers made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.contract.spec import Schema, follow, merged

__all__ = ["MOMENT", "NEW_VALUE", "bare", "full", "normal", "success"]

MOMENT = "2016-09-09T08:23:02.932694+00:00"
SECONDS = 1473409382
"""The same, as a server that writes UNIX seconds does."""
NEW_VALUE = "value_of_a_later_version"
MOMENTS = ("date-time", "unix-time")
DEEPEST = 4
"""Below this only required members are filled in: a room has an owner has a group has an owner."""

Change = Callable[[object, Schema], object]


def success(operation: Schema) -> list[tuple[int, Schema | None]]:
    """Return the documented answers of success: status and schema, `None` without a body."""
    return [
        (
            status,
            next(iter(response["content"].values()))["schema"]
            if response.get("content")
            else None,
        )
        for status, response in operation["responses"].items()
        if status < 400
    ]


def bare(schema: Schema) -> Any:
    """Make a value with nothing but what is required."""
    return _sample(schema, DEEPEST, 0, None)


def full(schema: Schema, choice: int = 0, change: Change | None = None) -> Any:
    """Make a value with every member.

    Args:
        schema: What it is a value of.
        choice: Which of several possible types to take, where there are several.
        change: Gets every value with its schema, the innermost first, and returns what to put
            in its place.
    """
    return _sample(schema, 0, choice, change)


def _sample(schema: Schema, depth: int, choice: int, change: Change | None) -> object:
    schema = merged(schema)
    value = _plain_sample(schema, depth, choice, change)
    return value if change is None else change(value, schema)


def _plain_sample(
    schema: Schema, depth: int, choice: int, change: Change | None
) -> object:
    options = [option for option in schema.get("oneOf", ()) if not _is_null(option)]
    if options:
        return _sample(options[choice % len(options)], depth, choice, change)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next(value for value in schema["enum"] if value is not None)
    types = schema.get("type", "anything")
    names = [types] if isinstance(types, str) else types
    names = [name for name in names if name != "null"]
    match names[choice % len(names)]:
        case "object":
            return _object(schema, depth, choice, change)
        case "array":
            return [
                _sample(schema["items"], depth, each, change)
                for each in (choice, choice + 1)
            ]
        case "string":
            return MOMENT if schema.get("format") in MOMENTS else "ein Wört 🎉"
        case "integer":
            return SECONDS if schema.get("format") in MOMENTS else 17
        case "number":
            return 1.5
        case "boolean":
            return True
        case _:
            return {"anything": [1, "zwei", None, True, {"at": "all"}]}


def _object(
    schema: Schema, depth: int, choice: int, change: Change | None
) -> dict[str, object]:
    properties: dict[str, Schema] = schema.get("properties", {})
    required = schema.get("required", ())
    value = {
        name: _sample(member, depth + 1, choice, change)
        for name, member in properties.items()
        if depth < DEEPEST or name in required
    }
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        value["a name"] = _sample(extra, depth + 1, choice, change)
    elif not properties:
        value["free"] = {"form": ["ü", 1, None]}
    return value


def _is_null(schema: Schema) -> bool:
    return follow(schema).get("type") == "null"


def normal(value: Any) -> Any:
    """Bring dates into one form and drop members that are null, to compare two JSON values."""
    if value == SECONDS:
        return datetime.fromtimestamp(SECONDS, UTC)
    if isinstance(value, dict):
        return {name: normal(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, str) and value[:4].isdigit() and "T" in value:
        return datetime.fromisoformat(value)
    return value
