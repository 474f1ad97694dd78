"""Clients of the project's own documents: made, called, answered, and read by mypy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.packages import CASES
from tests.codegen.sampling.reading import fault_of
from tests.codegen.sampling.running import Outcome, check_document, type_problems

DOCUMENTS = sorted(Path(__file__).with_name("documents").glob("*.yaml"))
OWN_CONVENTIONS = ("bodies", "vendor_fields")
"""Cases with HipChat's own kind of body, and extension fields that change what is sent."""
NOT_SAMPLED = ("further_members", "media_types", "unions")
"""Cases with mappings in the query, a form without a schema, and recursive objects.

The sampler has no values for them; their calls are in `test_models` and `test_media_types`.
"""
CASE_DOCUMENTS = [
    path / "spec.yaml"
    for path in sorted(CASES.iterdir())
    if path.name not in (*OWN_CONVENTIONS, *NOT_SAMPLED)
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_valid_for_the_validator_of_others(path: Path) -> None:
    assert fault_of(path) is None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_operation_is_made_sent_and_read(path: Path, tmp_path: Path) -> None:
    check(check_document(path, tmp_path))


@pytest.mark.parametrize("path", CASE_DOCUMENTS, ids=lambda path: path.parent.name)
def test_so_is_every_operation_of_the_small_cases(path: Path, tmp_path: Path) -> None:
    check(check_document(path, tmp_path))


def check(outcome: Outcome) -> None:
    assert outcome.lines == []
    assert outcome.report is not None
    made = outcome.report.made
    assert len(made) == len(outcome.report.sent) == outcome.report.operations
    assert made or outcome.report.events


def test_mypy_finds_nothing_in_any_of_the_packages(tmp_path: Path) -> None:
    names = [check_document(path, tmp_path).name for path in DOCUMENTS]

    assert type_problems(tmp_path, names) == []
