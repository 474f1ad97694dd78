from __future__ import annotations

from typing import Any

import pytest

from hipkit.descriptors.checks.conditions import find_condition_faults
from tests.unit.descriptors.examples import changed


def faults(kind: str, condition: object) -> list[tuple[str, str, str]]:
    document = changed(
        lambda it: it["capabilities"][kind][0].update(conditions=[condition])
    )
    found = [each.fault() for each in find_condition_faults(document)]
    return [(fault.severity, fault.place, fault.problem) for fault in found]


def nested(levels: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"condition": "room_is_public"}
    for _ in range(levels):
        condition = {"type": "or", "conditions": [condition]}
    return condition


def test_conditions_are_nested_in_three_levels() -> None:
    assert faults("webPanel", nested(3)) == []
    ((severity, place, problem),) = faults("webPanel", nested(4))
    assert severity == "error"
    assert place == "capabilities.webPanel[0].conditions[0]" + ".conditions[0]" * 3
    assert problem == "is nested in more than 3 others"


@pytest.mark.parametrize(
    ("regex", "problem"),
    [
        ({"pattern": "("}, "is not a regular expression"),
        ({"pattern": "a", "flags": "ii"}, "is not a regular expression"),
        ({"pattern": "(?i)a"}, "is not a regular expression"),
        ({"flags": "i"}, "has no pattern"),
        ("a", "has no pattern"),
        ({"pattern": "a", "flags": 1}, "has flags that are no text"),
    ],
)
def test_an_expression_that_cannot_match_is_a_warning(
    regex: object, problem: str
) -> None:
    condition = {"condition": "message_matches", "params": {"regex": regex}}
    ((severity, place, found),) = faults("action", condition)
    assert severity == "warning"
    assert place == "capabilities.action[0].conditions[0].params.regex"
    assert found.startswith(problem)
    assert found.endswith("so it never holds")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"metadata": "x"},
        {"metadata": [{"attr": "a"}]},
        {"metadata": [{"attr": 1, "eq": 1}]},
        {"metadata": [1]},
    ],
)
def test_comparisons_that_cannot_hold_are_a_warning(params: object) -> None:
    ((severity, _, _),) = faults(
        "glance", {"condition": "glance_matches", "params": params}
    )
    assert severity == "warning"


def test_a_card_may_be_chosen_by_its_style_alone() -> None:
    style = {"condition": "card_matches", "params": {"style": "link"}}
    assert faults("action", style) == []


def test_the_input_field_has_no_message_to_test() -> None:
    document = changed(
        lambda it: it["capabilities"]["action"][1].update(
            conditions=[
                {"type": "or", "conditions": [{"condition": "message_contains_link"}]},
                {"condition": "user_is_admin"},
            ]
        )
    )
    (finding,) = find_condition_faults(document)
    fault = finding.fault()
    assert fault.severity == "warning"
    assert fault.place == "capabilities.action[1].conditions[0].conditions[0]"
    assert fault.problem == "never holds, as the input field has no message"
