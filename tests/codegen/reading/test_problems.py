from __future__ import annotations

import pytest

from codegen.reading.document import SpecError
from codegen.reading.problems import Problems


def test_a_problem_that_many_operations_meet_is_told_once() -> None:
    problems = Problems()

    for label in ("GET /a", "GET /b"):
        with problems.collecting(label):
            raise SpecError("the schema is odd")

    assert [str(error) for error in problems.found] == ["the schema is odd"]
    assert list(problems.left_out) == ["GET /a", "GET /b"]


def test_a_chosen_name_is_told_once_for_each_reason_with_the_first_five() -> None:
    problems = Problems()

    for number in range(7):
        problems.choose("without a tag", f"op{number}", SpecError("no tag"))

    assert list(problems.notes()) == [
        "without a tag: op0, op1, op2, op3, op4 and 2 more"
    ]
    assert problems.found == []


def test_a_chosen_name_is_a_problem_in_strict_mode() -> None:
    with pytest.raises(SpecError, match="no tag"):
        Problems(strict=True).choose("without a tag", "op", SpecError("no tag"))
