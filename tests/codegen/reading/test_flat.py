from __future__ import annotations

import pytest

from codegen.reading.document import Document, SpecError
from codegen.reading.flat import Flat, Flattener


def flatten(schemas: dict[str, object], version: str = "3.1.0") -> Flat:
    """Flatten the schema `a`."""
    root = Document("spec.yaml", {"openapi": version, **schemas}, {}).root
    node = root.get("a")
    assert node is not None
    return Flattener().flatten(node)


def test_all_of_is_merged_and_the_later_schema_wins() -> None:
    flat = flatten(
        {
            "a": {
                "allOf": [
                    {"$ref": "#/b"},
                    {"properties": {"y": {}}, "required": ["y"], "title": "second"},
                ],
                "title": "own",
            },
            "b": {"properties": {"x": {}}, "required": ["x"], "title": "first"},
        }
    )

    assert list(flat.properties) == ["x", "y"]
    assert flat.required == {"x", "y"}
    assert flat.word("title") == "own"


def test_a_schema_without_members_of_its_own_is_that_which_it_refers_to() -> None:
    shared = {"type": "object", "properties": {"x": {}}}

    same = flatten({"a": {"$ref": "#/b", "description": "One."}, "b": shared})
    more = flatten({"a": {"$ref": "#/b", "required": ["x"]}, "b": shared})

    assert same.node.place == ("b",)
    assert same.description == "One."
    assert more.node.place == ("a",)


@pytest.mark.parametrize(("version", "maximum"), [("3.0.3", None), ("3.1.0", 5)])
def test_keywords_beside_a_reference_count_since_openapi_3_1(
    version: str, maximum: int | None
) -> None:
    schemas: dict[str, object] = {
        "a": {"$ref": "#/b", "maximum": 5},
        "b": {"type": "integer"},
    }

    assert flatten(schemas, version).word("maximum") == maximum


def test_a_schema_that_contains_itself_by_all_of_is_an_error() -> None:
    with pytest.raises(SpecError, match="the schema contains itself"):
        flatten({"a": {"allOf": [{"$ref": "#/a"}]}})


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"maxLenght": 5}, "'maxLenght' is not a keyword of a schema"),
        ({"properties": {"x": "string"}}, "must be a schema"),
    ],
)
def test_mistakes_in_a_schema_are_errors(schema: dict[str, object], fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        flatten({"a": schema})
