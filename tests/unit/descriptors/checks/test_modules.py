from __future__ import annotations

from typing import Any

import pytest

from hipkit.descriptors.checks.modules import find_module_faults
from tests.unit.descriptors.examples import Change, changed


def faults(*changes: Change) -> list[tuple[str, str, str]]:
    found = [
        each.fault()
        for each in find_module_faults(
            changed(*((lambda it, do=do: do(it["capabilities"])) for do in changes))
        )
    ]
    return [(fault.severity, fault.place, fault.problem) for fault in found]


def test_one_object_for_a_list_of_webhooks_is_a_warning() -> None:
    assert faults(lambda it: it.update(webhook=it["webhook"][0])) == [
        ("warning", "capabilities.webhook", "is one object instead of a list")
    ]


@pytest.mark.parametrize("authentication", [{}, {"authentication": "none"}])
def test_an_unsigned_webhook_is_a_warning(authentication: dict[str, str]) -> None:
    def change(it: Any) -> None:
        del it["webhook"][0]["authentication"]
        it["webhook"][0].update(authentication)

    ((severity, place, problem),) = faults(change)
    assert (severity, place) == ("warning", "capabilities.webhook[0]")
    assert problem.startswith("is not signed")


@pytest.mark.parametrize("pattern", ["(", "*", "x{20000}", "(?R)", "a" * 1_001])
def test_a_pattern_that_cannot_be_used_is_an_error(pattern: str) -> None:
    ((severity, place, problem),) = faults(
        lambda it: it["webhook"][0].update(pattern=pattern)
    )
    assert (severity, place) == ("error", "capabilities.webhook[0].pattern")
    assert problem


def test_a_pattern_on_another_event_is_a_warning() -> None:
    assert faults(lambda it: it["webhook"][0].update(event="room_enter")) == [
        ("warning", "capabilities.webhook[0].pattern", "has no effect for room_enter")
    ]
    assert faults(lambda it: it["webhook"][0].update(event="room_notification")) == []


def test_a_key_twice_is_a_warning_also_in_another_kind() -> None:
    assert faults(lambda it: it["dialog"].append(dict(it["dialog"][0]))) == [
        (
            "warning",
            "capabilities.dialog[1].key",
            'is "karma-dialog", which another dialog has too',
        )
    ]
    ((_, place, problem),) = faults(
        lambda it: it["externalPage"][0].update(key="karma-panel")
    )
    assert place == "capabilities.externalPage[0].key"
    assert problem == 'is "karma-panel", which another webPanel has too'


def test_a_webhook_may_have_the_key_of_a_view() -> None:
    assert faults(lambda it: it["webhook"][0].update(key="karma-panel")) == []
    assert faults(lambda it: it["webhook"].append(dict(it["webhook"][0]))) != []


@pytest.mark.parametrize("target", ["karma-panl", {"key": "karma-panl"}])
@pytest.mark.parametrize("kind", ["action", "glance"])
def test_a_target_that_names_no_module_is_a_warning(kind: str, target: object) -> None:
    ((severity, place, problem),) = faults(lambda it: it[kind][0].update(target=target))
    assert severity == "warning"
    assert place.startswith(f"capabilities.{kind}[0].target")
    assert problem == 'is "karma-panl", which is no module, did you mean karma-panel?'


def test_a_glance_is_opened_by_actions_that_name_it_alone() -> None:
    def aim(kind: str, target: object) -> list[tuple[str, str, str]]:
        return faults(lambda it: it[kind][0].update(target=target))

    assert aim("action", "karma-glance") == []
    assert aim("action", {"key": "karma-glance"}) != []
    assert aim("glance", "karma-glance") != []
    assert aim("action", "com.example.karma:karma-panel") == []


def test_a_dialog_has_sizes_with_units() -> None:
    size = {"width": "400", "height": "50 %"}
    found = faults(lambda it: it["dialog"][0].update(options={"size": size}))
    assert [place for _, place, _ in found] == [
        "capabilities.dialog[0].options.size.width",
        "capabilities.dialog[0].options.size.height",
    ]
