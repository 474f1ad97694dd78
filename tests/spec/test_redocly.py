"""Redocly's linter finds nothing in the specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.tools import SPEC, lint

FAULTS = {
    "operation-operationId": ("      operationId: receive_room_archived\n", ""),
    "operation-2xx-response": (
        "        '200':\n          $ref: '#/components/responses/followed_picture'\n",
        "",
    ),
    "info-license": ("  license:\n    name: MIT License\n    identifier: MIT\n", ""),
    "no-unresolved-refs": ("schemas/capabilities_document'", "schemas/no_document'"),
}


@pytest.mark.parametrize("document", sorted(SPEC.glob("hipchat-*.yaml")), ids=str)
def test_a_spec_has_neither_errors_nor_warnings(document: Path) -> None:
    assert lint(document) == []


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_is_found(rule: str, tmp_path: Path) -> None:
    good, bad = FAULTS[rule]
    text = (SPEC / "hipchat-v2.yaml").read_text("utf-8")
    assert good in text
    document = tmp_path / "faulty.yaml"
    document.write_text(text.replace(good, bad, 1), encoding="utf-8")
    assert lint(document) == [rule]
