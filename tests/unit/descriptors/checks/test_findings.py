from __future__ import annotations

import pytest

from hipkit.descriptors.checks.findings import member, modules, quoted


@pytest.mark.parametrize(
    ("found", "paths"),
    [
        ([{}, 1, {}], [("capabilities", "webhook", 0), ("capabilities", "webhook", 2)]),
        ({"url": "x"}, [("capabilities", "webhook")]),
        ("x", []),
        (None, []),
    ],
)
def test_modules_are_those_that_are_objects(
    found: object, paths: list[tuple[str | int, ...]]
) -> None:
    document = {"capabilities": {"webhook": found}}
    assert [path for path, _ in modules(document, "webhook")] == paths


def test_a_member_that_is_no_object_is_an_empty_one() -> None:
    assert member({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert member({"a": []}, "a", "b") == {}
    assert member({"a": {"b": 1}}, "a", "b") == {}


def test_a_quotation_is_one_short_line() -> None:
    assert quoted("a b") == '"a b"'
    assert quoted("a\nb\x1b[31m") == '"a\\u000ab\\u001b[31m"'
    assert len(quoted("x" * 10_000)) == 65
