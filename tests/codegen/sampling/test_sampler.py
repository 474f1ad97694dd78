"""The sampler: valid values, the same ones each time, of every kind that a schema allows."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tests.codegen.sampling.reading import Description, Schema, read
from tests.codegen.sampling.sampler import (
    NEW_VALUE,
    ROUNDS,
    Place,
    Round,
    Sampler,
    UnsampleableError,
)


def schema(value: object, version: str = "3.1.0", **schemas: object) -> Schema:
    """Return a schema of a document with other schemas."""
    components = {"schemas": {**schemas, "it": value}}
    root: dict[str, object] = {
        "openapi": version,
        "paths": {},
        "components": components,
    }
    return description(root).events["it"]


def description(root: dict[str, object]) -> Description:
    body = {"content": {"a/json": {"schema": {"$ref": "#/components/schemas/it"}}}}
    root = {**root, "webhooks": {"it": {"post": {"requestBody": body}}}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(root))
        file.flush()
        return read(Path(file.name))


def sampled(
    value: object, place: Place = "body", version: str = "3.1.0", **schemas: object
) -> list[object]:
    """Return a value of each round."""
    found = schema(value, version, **schemas)
    return [Sampler("a seed", which).value(found, place) for which in ROUNDS]


USER = {
    "type": "object",
    "required": ["id", "pin"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "pin": {"type": "string", "writeOnly": True},
        "name": {"type": ["string", "null"]},
    },
}


def test_the_same_seed_gives_the_same_values() -> None:
    assert sampled(USER) == sampled(USER)


def test_a_request_has_no_member_that_is_only_read_and_an_answer_none_that_is_only_written() -> (
    None
):
    for value in sampled(USER, "body"):
        assert isinstance(value, dict)
        assert "id" not in value
        assert "pin" in value
    for value in sampled(USER, "answer"):
        assert isinstance(value, dict)
        assert "id" in value
        assert "pin" not in value


def test_members_are_left_out_given_and_null() -> None:
    found = sampled(USER)

    assert found[0] == {"pin": found[0]["pin"]}  # type: ignore[index] # an object
    names = [
        value.get("name", "left out") for value in found if isinstance(value, dict)
    ]
    assert {"left out", None} < set(names)
    assert any(isinstance(name, str) and name != "left out" for name in names)


def test_an_answer_has_a_text_that_its_enumeration_does_not_list() -> None:
    listed = {"type": "string", "enum": ["a", "b"]}

    assert NEW_VALUE in sampled(listed, "answer")
    assert NEW_VALUE not in sampled(listed, "body")


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_discriminator_names_the_chosen_branch(version: str) -> None:
    branch = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}, "a": {"type": "integer"}},
    }
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/cat"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"feline": "#/components/schemas/cat"},
        },
    }

    for value in sampled(choice, version=version, cat=branch):
        assert isinstance(value, dict)
        assert value["kind"] == "feline"


@pytest.mark.parametrize(
    "value",
    [
        {"type": "string", "pattern": "^[a-f0-9]{8}$"},
        {"type": "string", "minLength": 3, "maxLength": 4},
        {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
        {"type": "number", "multipleOf": 0.5, "minimum": 1, "maximum": 2},
        {
            "type": "array",
            "items": {"enum": [1, 2, 3]},
            "uniqueItems": True,
            "minItems": 3,
        },
        {"allOf": [{"minimum": 5}, {"type": "integer"}, {"maximum": 5}]},
        {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "null"}}]},
        {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "minProperties": 1,
        },
        {"const": {"a": [1]}},
        {},
        True,
    ],
)
def test_limits_are_kept(value: object) -> None:
    # The sampler asks the validator of others itself, and raises if that rejects each try.
    assert len(sampled(value)) == len(ROUNDS)


def test_what_nothing_fits_is_told() -> None:
    nothing = schema({"type": "string", "enum": [1]})

    with pytest.raises(UnsampleableError):
        Sampler("a seed", "all").value(nothing, "body")


def test_a_schema_within_itself_ends() -> None:
    tree = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/it"}},
    }

    assert len(sampled(tree)) == len(ROUNDS)


@pytest.mark.parametrize("which", ROUNDS)
def test_no_text_has_the_character_that_separates_items(which: Round) -> None:
    items = schema({"type": "array", "items": {"type": "string", "minLength": 40}})

    found = Sampler("a seed", which).value(items, "query", " ")

    assert isinstance(found, list)
    assert not any(" " in text for text in found)
