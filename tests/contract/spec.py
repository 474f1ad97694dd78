"""The spec as the tests read it: plain YAML with references followed, without codegen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Schema", "document", "follow", "merged", "operations"]

Schema = dict[str, Any]

SPEC = Path(__file__).resolve().parents[2] / "spec" / "hipchat-v2.yaml"


@cache
def document() -> Schema:
    """Return the whole document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    whole: Schema = yaml.load(SPEC.read_text(), Loader=loader)  # noqa: S506 - both are safe
    return whole


@cache
def operations() -> dict[str, Schema]:
    """Return every operation by name, with its `method` and `path`, references followed."""
    return {operation["operationId"]: operation for operation in _operations()}


def _operations() -> Iterator[Schema]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if "x-same-as" in operation:
                continue
            parameters = [follow(each) for each in operation.get("parameters", [])]
            body = follow(operation.get("requestBody", {})).get("content", {})
            yield {
                **operation,
                "method": method.upper(),
                "path": path,
                "parameters": parameters,
                "body": body,
                "responses": {
                    int(status): answer
                    for status, response in operation["responses"].items()
                    if "x-after-redirect" not in (answer := follow(response))
                },
            }


def follow(value: Schema) -> Schema:
    """Return what a `$ref` stands for, or the value itself."""
    while "$ref" in value:
        target: Any = document()
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        beside = {key: value[key] for key in value if key != "$ref"}
        if "required" in beside:  # Both apply.
            beside["required"] = [*target.get("required", ()), *beside["required"]]
        value = {**target, **beside}
    return value


def merged(schema: Schema) -> Schema:
    """Follow a schema and merge its `allOf`; the later part wins."""
    schema = follow(schema)
    if "allOf" not in schema:
        return schema
    whole: Schema = {"type": "object", "properties": {}, "required": []}
    for part in map(merged, schema["allOf"]):
        whole["properties"] = {**whole["properties"], **part.get("properties", {})}
        whole["required"] = [*whole["required"], *part.get("required", [])]
    return whole
