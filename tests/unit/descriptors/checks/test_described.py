from __future__ import annotations

from hipkit.descriptors.checks.described import described_objects
from tests.unit.descriptors.examples import CORRECT


def test_objects_are_found_with_what_the_schema_says_of_them() -> None:
    found = {each.path: each for each in described_objects(CORRECT)}
    top = found[()]
    assert top.required == {"key", "name", "description", "links"}
    assert not top.is_closed
    assert found["vendor",].is_closed
    webhook = found["capabilities", "webhook", 0]
    assert webhook.value is CORRECT["capabilities"]["webhook"][0]
    assert "pattern" in webhook.members
    assert ("capabilities", "hipchatApiConsumer", "avatar") in found
    assert ("capabilities", "action", 0, "target") in found
    assert ("capabilities", "dialog", 0, "options", "size") in found
    assert not any("conditions" in path for path in found)


def test_values_of_another_type_are_passed_over() -> None:
    odd = {"links": [], "capabilities": {"webhook": 1, "glance": [[], None]}}
    assert [each.path for each in described_objects(odd)] == [(), ("capabilities",)]
