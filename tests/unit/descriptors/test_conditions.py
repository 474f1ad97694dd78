from __future__ import annotations

import dataclasses
from typing import Any, cast

import msgspec
import pytest

from hipkit.descriptors.conditions import MOST_SEARCHES, Facts, MessageFacts, holds
from hipkit.v2.models import Condition


def conditions(*documents: object) -> list[Condition]:
    return msgspec.convert(list(documents), list[Condition])


def simple(
    name: str, invert: bool | None = None, **params: object
) -> dict[str, object]:
    found: dict[str, object] = {"condition": name, "params": params}
    return found if invert is None else found | {"invert": invert}


PUBLIC = simple("room_is_public")
ADMIN = simple("user_is_admin")
UNKNOWN = simple("moon_is_full")
IN_PUBLIC = Facts(room_is_public=True)


def check(condition: object, facts: Facts) -> bool:
    return holds(conditions(condition), facts)


def test_no_condition_holds() -> None:
    assert holds(None, Facts())
    assert holds([], Facts())


@pytest.mark.parametrize(
    "name", ["room_is_public", "user_is_admin", "user_is_guest", "user_is_room_owner"]
)
def test_a_fact_is_tested_and_negated(name: str) -> None:
    no = Facts()
    yes = dataclasses.replace(no, **cast("Any", {name: True}))
    assert check(simple(name), yes)
    assert not check(simple(name), no)
    assert check(simple(name, invert=True), no)
    assert not check(simple(name, invert=True), yes)


def test_all_conditions_of_a_list_hold() -> None:
    both = Facts(room_is_public=True, user_is_admin=True)
    assert holds(conditions(PUBLIC, ADMIN), both)
    assert not holds(conditions(PUBLIC, ADMIN), IN_PUBLIC)


@pytest.mark.parametrize(
    ("combination", "expected"),
    [
        ({"type": "and", "conditions": [PUBLIC, ADMIN]}, False),
        ({"type": "AND", "conditions": [PUBLIC, PUBLIC]}, True),
        ({"type": "or", "conditions": [ADMIN, PUBLIC]}, True),
        ({"type": "OR", "conditions": [ADMIN, ADMIN]}, False),
        ({"conditions": [PUBLIC, ADMIN]}, False),
        ({"conditions": [PUBLIC]}, True),
        ({"type": "and", "conditions": []}, True),
        ({"type": "or", "conditions": []}, True),
        ({"type": "xor", "conditions": [PUBLIC]}, False),
        ({"type": "or", "conditions": [ADMIN], "invert": True}, False),
        ({"type": "or", "conditions": [{"conditions": [PUBLIC]}, ADMIN]}, True),
    ],
)
def test_combinations(combination: object, expected: bool) -> None:
    assert check(combination, IN_PUBLIC) is expected


def test_conditions_are_nested_in_three_levels() -> None:
    condition: dict[str, Any] = PUBLIC
    for levels in range(1, 6):
        condition = {"type": "and", "conditions": [condition]}
        assert check(condition, IN_PUBLIC) is (levels <= 3)


def test_what_is_unknown_does_not_hold_negated_or_not() -> None:
    assert not check(UNKNOWN, Facts())
    assert not check(simple("moon_is_full", invert=True), Facts())
    assert not check({}, Facts())
    assert check({"type": "or", "conditions": [UNKNOWN, PUBLIC]}, IN_PUBLIC)


BUILD = {"number": 42, "state": "failed", "ok": False}
MESSAGE = MessageFacts(
    body="Deploy 42 failed: https://ci.example.com",
    type="notification",
    file_type="picture",
    sender="ci",
    has_link=True,
    card_style="link",
    card_metadata={"build": BUILD},
)
ON_MESSAGE = Facts(message=MESSAGE)


def matches(**params: Any) -> bool:
    return check(simple("message_matches", **params), ON_MESSAGE)


def test_all_that_is_given_of_a_message_matches() -> None:
    assert matches()
    assert matches(type="notification", sender="ci")
    assert not matches(type="notification", sender="ann")
    assert matches(file_type="image")
    assert matches(file_type="picture")
    assert not matches(file_type="video")
    assert matches(regex={"pattern": r"^deploy \d+", "flags": "i"})
    assert not matches(regex={"pattern": r"^deploy \d+"})
    assert check(simple("message_matches", invert=True, sender="ann"), ON_MESSAGE)


@pytest.mark.parametrize(
    "regex", ["x", {}, {"pattern": 1}, {"pattern": "("}, {"pattern": "a", "flags": 1}]
)
def test_an_expression_that_is_none_does_not_hold_negated_or_not(
    regex: object,
) -> None:
    assert not matches(regex=regex)
    assert not check(simple("message_matches", invert=True, regex=regex), ON_MESSAGE)


def test_only_so_many_searches_are_made() -> None:
    search = simple("message_matches", regex={"pattern": "failed"})
    assert holds(conditions(*[search] * MOST_SEARCHES), ON_MESSAGE)
    assert not holds(conditions(*[search] * (MOST_SEARCHES + 1)), ON_MESSAGE)


def test_a_slow_search_does_not_hold_negated_or_not() -> None:
    facts = Facts(message=MessageFacts(body="a" * 5_000 + "!"))
    for invert in (False, True):
        regex = {"pattern": "^(a|a|aa)+$"}
        assert not check(simple("message_matches", invert, regex=regex), facts)


def test_messages_have_links_and_senders() -> None:
    own = Facts(message=MessageFacts(body="x", is_own=True))
    assert check(simple("message_contains_link"), ON_MESSAGE)
    assert not check(simple("message_contains_link"), own)
    assert check(simple("message_sent_by_current_user"), own)
    assert not check(simple("message_sent_by_current_user"), ON_MESSAGE)


@pytest.mark.parametrize("invert", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "message_matches",
        "message_contains_link",
        "message_sent_by_current_user",
        "card_matches",
    ],
)
def test_without_a_message_no_test_of_messages_holds(name: str, invert: bool) -> None:
    assert not check(simple(name, invert=invert), Facts())


def compared(*comparisons: object, **params: Any) -> bool:
    condition = simple("card_matches", metadata=list(comparisons), **params)
    return check(condition, ON_MESSAGE)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ({"attr": "build.number", "eq": 42}, True),
        ({"attr": "build.number", "eq": 42.0}, True),
        ({"attr": "build.number", "eq": "42"}, False),
        ({"attr": "build.number", "gt": 41}, True),
        ({"attr": "build.number", "gt": 42}, False),
        ({"attr": "build.number", "lt": "43"}, True),
        ({"attr": "build.number", "gt": 41, "lt": 43}, True),
        ({"attr": "build.state", "eq": "failed"}, True),
        ({"attr": "build.state", "gt": "done"}, True),
        ({"attr": "build.state", "gt": 1}, False),
        ({"attr": "build.ok", "eq": False}, True),
        ({"attr": "build.ok", "eq": 0}, False),
        ({"attr": "build.nothing", "eq": None}, False),
        ({"attr": "build.nothing", "lt": 1}, False),
        ({"attr": "build", "gt": {}}, False),
        ({"attr": "build", "eq": BUILD}, False),
        ({"attr": "build.number.x", "eq": 42}, False),
        ({"attr": "build.number"}, False),
        ({"eq": 42}, False),
        ({"attr": 1, "eq": 42}, False),
        (None, False),
    ],
)
def test_metadata_is_compared_as_in_javascript(
    comparison: object, expected: bool
) -> None:
    assert compared(comparison) is expected


def test_a_card_has_a_style_and_metadata() -> None:
    number = {"attr": "build.number", "eq": 42}
    assert compared(number, style="link")
    assert not compared(number, style="image")
    assert not compared(number, {"attr": "build.number", "eq": 41})
    assert check(simple("card_matches", style="link"), ON_MESSAGE)
    without = Facts(message=MessageFacts(body="x", card_style="link"))
    assert not check(simple("card_matches", style="link"), without)


def test_a_glance_is_hidden_until_data_comes_and_shown_if_its_query_fails() -> None:
    count = {"attr": "count", "gt": 0}
    for invert in (False, True):
        condition = simple("glance_matches", invert=invert, metadata=[count])
        assert not check(condition, Facts())
        assert check(condition, Facts(glance_failed=True))
        assert check(condition, Facts(glance_metadata={"count": 1})) is not invert
        assert check(condition, Facts(glance_metadata={"count": 0})) is invert
    assert not check(simple("glance_matches"), Facts(glance_metadata={"count": 1}))
