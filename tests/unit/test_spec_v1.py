"""The spec of API v1 keeps the rules that spec/README.md gives."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.unit.test_spec import (
    EVERYWHERE,
    KNOWN_EXTENSIONS,
    SCOPES,
    SURENESS,
    TOKEN_TYPES,
    Described,
    Tree,
    described,
    follow,
    parameters,
    schemas_with_members,
    walk,
)


@pytest.fixture(scope="module")
def spec(repository: Path) -> Tree:
    text = (repository / "spec" / "hipchat-v1.yaml").read_text("utf-8")
    loaded: Tree = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def operations(spec: Tree) -> list[Described]:
    return described(spec)


def test_the_document_is_valid_openapi_3_1(spec: Tree) -> None:
    document: dict[Hashable, Any] = {}
    document.update(spec)
    OpenAPIV31SpecValidator(document).validate()


def test_an_operation_is_named_after_its_method(operations: list[Described]) -> None:
    assert len(operations) == 14
    for operation in operations:
        official = operation.path.removeprefix("/")
        assert operation.node["x-official-name"] == official
        name = operation.name.removesuffix("_by_get")
        assert name == official.replace("/", "_")


def test_every_operation_says_what_it_is_and_how_sure_that_is(
    operations: list[Described],
) -> None:
    for name, node in ((operation.name, operation.node) for operation in operations):
        assert node["summary"], name
        assert node["description"].strip(), name
        assert node["x-auth"] == "bearer", name
        assert set(node["x-scopes"]) <= SCOPES, name
        assert set(node["x-token-types"]) <= TOKEN_TYPES, name
        assert node["x-confidence"] in SURENESS, name
        assert node["x-scopes-confidence"] in SURENESS, name
        assert node["x-sources"], name


def test_every_operation_has_a_success_and_its_errors(
    spec: Tree, operations: list[Described]
) -> None:
    for operation in operations:
        statuses = set(operation.node["responses"])
        assert statuses >= EVERYWHERE | {"200", "400", "401", "403"}, operation.name
        for status in statuses - {"200"}:
            answer = follow(spec, operation.node["responses"][status])
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/error_envelope"}


def test_everything_is_described_and_used(
    spec: Tree, operations: list[Described]
) -> None:
    for place, node in schemas_with_members(spec):
        assert set(node.get("required", [])) <= set(node["properties"]), place
        for name, member in node["properties"].items():
            described = follow(spec, member) if "description" not in member else member
            assert described.get("description"), f"{place}: {name}"
    for operation in operations:
        for node in parameters(spec, operation):
            assert node.get("description"), f"{operation.name}: {node['name']}"
    used = {node["$ref"] for _, node in walk(spec) if isinstance(node.get("$ref"), str)}
    for kind, components in spec["components"].items():
        if kind != "securitySchemes":
            assert {f"#/components/{kind}/{name}" for name in components} <= used


def test_messages_are_never_shown(spec: Tree) -> None:
    schemas = spec["components"]["schemas"]
    assert schemas["message_text"]["x-secret"] is True
    assert spec["components"]["parameters"]["message"]["x-secret"] is True
    assert schemas["message"]["properties"]["message"]["x-secret"] is True


def test_every_extension_and_source_is_explained(
    spec: Tree, operations: list[Described], repository: Path
) -> None:
    used = {
        key
        for place, node in walk(spec)
        for key in node
        if key.startswith("x-") and not place.endswith("/properties")
    }
    assert used <= KNOWN_EXTENSIONS
    readme = (repository / "spec" / "README.md").read_text("utf-8")
    codes = set(re.findall(r"^\| ([A-Z]{2}) \|", readme, re.MULTILINE))
    assert {one for item in operations for one in item.node["x-sources"]} <= codes


def test_no_default_points_at_a_service_that_is_gone(spec: Tree) -> None:
    (server,) = spec["servers"]
    assert server["url"] == "https://{host}/v1"
    assert server["variables"]["host"]["default"].endswith(".example.com")
