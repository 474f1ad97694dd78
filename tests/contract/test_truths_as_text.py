"""Truths written as text: taken by the server in every body, unless it is strict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.server.http.decoding import decode
from hipkit.v2.catalog import OPERATIONS

WIRE = Path(__file__).resolve().parent / "wire"
ENTRIES = {entry.operation_id: entry for entry in OPERATIONS}


def spelled(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Give a body once for every truth in it, with that one as text, and its place."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, item in items:
        name = f"{place}[{key}]" if isinstance(value, list) else f"{place}.{key}"
        found = [(name, str(item))] if isinstance(item, bool) else spelled(item, name)
        for inner, changed in found:
            copy = value.copy()
            copy[key] = changed
            yield inner.removeprefix("."), copy


def bodies() -> Iterator[Any]:
    for file in sorted(WIRE.glob("*.json")):
        for operation_id, calls in json.loads(file.read_text()).items():
            for call in calls.values():
                if isinstance(call.get("body"), dict):
                    for place, body in spelled(call["body"]):
                        if ".metadata." in place:
                            continue  # Anything may stand there.
                        yield pytest.param(
                            operation_id, place, body, id=f"{operation_id} {place}"
                        )


BODIES = list({case.id: case for case in bodies()}.values())


def read(operation_id: str, body: dict[str, object], *, strict: bool) -> object:
    kind = ENTRIES[operation_id].load()
    path = {name: "1" for name in kind.rules if f"{{{name}}}" in kind.path}
    return decode(kind, path=path, query={}, headers={}, body=body, strict=strict)


def test_there_are_truths_to_be_tried() -> None:
    assert len(BODIES) > 10


@pytest.mark.parametrize(("operation_id", "place", "body"), BODIES)
def test_a_truth_as_text_is_taken_unless_the_server_is_strict(
    operation_id: str, place: str, body: dict[str, object]
) -> None:
    read(operation_id, body, strict=False)

    with pytest.raises(BadRequestError) as caught:
        read(operation_id, body, strict=True)
    assert caught.value.field == place
    assert caught.value.validation == "type"
    assert caught.value.expected_type == "boolean"
