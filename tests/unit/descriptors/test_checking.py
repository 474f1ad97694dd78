from __future__ import annotations

import json
from typing import Any

import pytest

from hipkit.descriptors.checking import MOST_FINDINGS, MOST_VALUES, check_descriptor
from hipkit.descriptors.reading import read_descriptor
from tests.unit.descriptors.examples import CORRECT, changed


def places(document: Any) -> list[str]:
    return [fault.place for fault in check_descriptor(document)]


def test_a_correct_descriptor_has_no_faults() -> None:
    assert check_descriptor(CORRECT) == []
    body = json.dumps(CORRECT).encode()
    assert check_descriptor(body) == []
    assert check_descriptor(body, url=CORRECT["links"]["self"]) == []
    read_descriptor(body)


def test_the_least_descriptor_has_no_faults() -> None:
    least = {"key": "a", "name": "b", "description": "", "links": {"self": "https://a"}}
    assert check_descriptor(least) == []


def test_what_is_not_json_is_one_fault() -> None:
    (fault,) = check_descriptor(b'{"key": "a";}')
    assert fault.place == "line 1, column 12"
    assert fault.severity == "error"


def test_a_trailing_comma_is_a_fault_and_the_rest_is_checked() -> None:
    faults = check_descriptor(b'{"key": "a", "name": 1, "description": "",}')
    assert [(fault.place, fault.severity) for fault in faults] == [
        ("line 1, column 42", "error"),
        ("name", "error"),
        ("links", "error"),
    ]


def test_faults_are_in_the_order_of_the_document() -> None:
    document = changed(
        lambda it: it.update(configurable={}),
        lambda it: it["capabilities"]["webhook"][0].pop("url"),
        lambda it: it["capabilities"]["webhook"].append({"event": "room_enter"}),
        lambda it: it["links"].update(self="x"),
        lambda it: it.pop("name"),
    )
    assert places(document) == [
        "links.self",
        "capabilities.webhook[0].url",
        "capabilities.webhook[1]",
        "capabilities.webhook[1].url",
        "configurable",
        "name",
    ]


def test_every_fault_says_what_to_do() -> None:
    document = changed(
        lambda it: it["capabilities"].update(glance=[{}], dialog=[1], webhook="x"),
        lambda it: it.update(vendor=None, key=1, apiVersion="1"),
    )
    faults = check_descriptor(document)
    assert len(faults) > 6
    for fault in faults:
        assert fault.problem
        assert fault.remedy.endswith((".", '"'))


def test_a_document_has_a_bounded_number_of_faults() -> None:
    document = changed(lambda it: it["capabilities"].update(webhook=[{}] * 4_000))
    assert len(check_descriptor(document)) <= 7 * MOST_FINDINGS


@pytest.mark.parametrize(
    "filling",
    [
        {"webhook": [{}] * MOST_VALUES},
        {str(number): 1 for number in range(MOST_VALUES)},
        {"x": [[[1]]] * MOST_VALUES},
    ],
    ids=["modules", "members", "lists"],
)
def test_a_document_with_too_many_values_is_not_looked_at(
    filling: dict[str, object],
) -> None:
    (fault,) = check_descriptor(changed(lambda it: it.update(capabilities=filling)))
    assert fault.problem == "has more than 5000 values"
    assert fault.severity == "error"


@pytest.mark.parametrize("depth", [10, 100, 1_000, 2_000])
def test_deep_nesting_is_a_fault(depth: int) -> None:
    start, end = '{"type": "and", "conditions": [', "]}"
    body = f'{{"capabilities": {{"webPanel": [{{"conditions": [{start * depth}{end * depth}]}}]}}}}'
    assert any(
        "nested" in fault.problem and fault.severity == "error"
        for fault in check_descriptor(body.encode())
    )


def test_where_it_was_fetched_from_is_compared_with_its_own_link() -> None:
    (fault,) = check_descriptor(CORRECT, url="https://other.example.com/capabilities")
    assert fault.place == "links.self"
    assert fault.severity == "warning"
    assert check_descriptor(CORRECT, url="data:application/json,...") == []
