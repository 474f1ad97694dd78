"""How long the generator takes for documents of three sizes, its formatter included."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks.children import REPOSITORY
from benchmarks.competing import take_turns
from benchmarks.measuring import Spread
from benchmarks.report import Table, figure, judged
from benchmarks.scene import Scene

__all__ = ["document_of", "measure"]

ROUNDS = 10
AIMS = {94: 1.5, 1_000: 10.0}
"""Operations, and the most seconds of CPU for them."""
PER_THING = 4


def measure(scene: Scene) -> Table:
    """Generate packages from HipChat's spec and from made-up documents, a process each."""
    documents = {"HipChat's API v2": REPOSITORY / "spec" / "hipchat-v2.yaml"}
    for operations in AIMS:
        path = scene.folder / f"{operations}.json"
        path.write_text(json.dumps(document_of(operations)), encoding="utf-8")
        documents[f"made up, {operations:,} methods"] = path
    programs = {
        name: [
            *("-m", "codegen", "--spec", str(path), "--package", "measured"),
            *("--out", str(scene.folder / f"out_{path.stem}")),
        ]
        for name, path in documents.items()
    }
    costs = take_turns(scene, programs, rounds=ROUNDS)
    aims = dict(zip(documents, [None, *AIMS.values()], strict=True))
    return Table(
        title="A client generated from an OpenAPI document",
        headings=("document", "CPU", "wall", "aim"),
        lines=[
            (
                name,
                figure(Spread.of(cost.cpu), "s"),
                figure(Spread.of(cost.wall), "s"),
                "" if aim is None else _judged(cost.cpu, aim),
            )
            for name, cost in costs.items()
            for aim in [aims[name]]
        ],
        note="The whole process, ruff's part included. The made-up documents have four operations"
        " for each kind of object, with a model of its own.",
    )


def _judged(seconds: tuple[float, ...], aim: float) -> str:
    return judged(Spread.of(seconds).median, aim, f"at most {aim:g} s of CPU")


def document_of(operations: int) -> dict[str, object]:
    """Return a document with so many operations, four for each kind of object."""
    names = [f"thing_{number}" for number in range(-(-operations // PER_THING))]
    paths: dict[str, dict[str, object]] = {}
    for number, name in enumerate(names):
        paths |= _paths(name, f"tag {number // 10}")
    spare = len(names) * PER_THING - operations
    for method in ("put", "get")[:spare]:
        del paths[f"/{names[-1]}/{{id}}"][method]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {
                name: _model(other)
                for name, other in zip(names, [*names[1:], names[0]], strict=True)
            }
        },
    }


def _paths(name: str, tag: str) -> dict[str, dict[str, object]]:
    model = _content({"$ref": f"#/components/schemas/{name}"})
    body = {"required": True, **model}
    one = {"200": {"description": "The thing.", **model}, "404": {"description": "-"}}
    items: dict[str, object] = {
        "type": "array",
        "items": {"$ref": f"#/components/schemas/{name}"},
    }
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    number = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "integer"},
    }
    both: dict[str, object] = {"tags": [tag]}
    return {
        f"/{name}": {
            "get": both
            | {
                "operationId": f"list_{name}",
                "summary": "List all.",
                "parameters": [limit],
            }
            | {"responses": {"200": {"description": "All.", **_content(items)}}},
            "post": both
            | {"operationId": f"add_{name}", "requestBody": body, "responses": one},
        },
        f"/{name}/{{id}}": {
            "parameters": [number],
            "get": both | {"operationId": f"get_{name}", "responses": one},
            "put": both
            | {"operationId": f"put_{name}", "requestBody": body, "responses": one},
        },
    }


def _content(schema: Mapping[str, object]) -> dict[str, object]:
    return {"content": {"application/json": {"schema": schema}}}


def _model(other: str) -> dict[str, object]:
    return {
        "type": "object",
        "description": "A thing, and which one comes after it.",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "maxLength": 50, "description": "Its name."},
            "kind": {"type": "string", "enum": ["large", "small"]},
            "made": {"type": "string", "format": "date-time"},
            "next": {"$ref": f"#/components/schemas/{other}"},
        },
    }
