from __future__ import annotations

import operator
from functools import reduce
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import descriptors
from hipkit.addon.descriptor.conditions import (
    Expression,
    card_matches,
    glance_matches,
    message_contains_link,
    message_matches,
    room_is_public,
    user_is_admin,
    user_is_guest,
    user_is_room_owner,
)
from hipkit.v2.models import Condition

SIMPLE = {
    "room_is_public": room_is_public,
    "user_is_guest": user_is_guest,
    "user_is_admin": user_is_admin,
}


def test_an_expression_becomes_the_list_of_a_descriptor() -> None:
    expression = room_is_public & ~user_is_guest | glance_matches("open", gt=0)
    assert expression.to_list("glance") == [
        Condition(
            type="or",
            conditions=[
                Condition(
                    type="and",
                    conditions=[
                        Condition(condition="room_is_public"),
                        Condition(condition="user_is_guest", invert=True),
                    ],
                ),
                Condition(
                    condition="glance_matches",
                    params={"metadata": [{"attr": "open", "gt": 0}]},
                ),
            ],
        )
    ]


def test_conditions_that_must_all_hold_are_a_plain_list() -> None:
    expression = room_is_public & (user_is_admin & ~user_is_guest)
    assert [each.condition for each in expression.to_list("webPanel")] == [
        "room_is_public",
        "user_is_admin",
        "user_is_guest",
    ]


def holds(condition: Condition, facts: dict[str, bool]) -> bool:
    if condition.condition is not None:
        return facts[condition.condition] != bool(condition.invert)
    assert condition.invert is None, "only a single test can be inverted"
    assert condition.conditions is not None
    inner = [holds(each, facts) for each in condition.conditions]
    return all(inner) if condition.type == "and" else any(inner)


Pair = tuple[Expression, str]
expressions: st.SearchStrategy[Pair] = st.recursive(
    st.sampled_from([(each, name) for name, each in SIMPLE.items()]),
    lambda inner: st.one_of(
        inner.map(lambda one: (~one[0], f"(not {one[1]})")),
        st.tuples(inner, inner).map(
            lambda two: (two[0][0] & two[1][0], f"({two[0][1]} and {two[1][1]})")
        ),
        st.tuples(inner, inner).map(
            lambda two: (two[0][0] | two[1][0], f"({two[0][1]} or {two[1][1]})")
        ),
    ),
    max_leaves=6,
)


@given(expressions)
def test_an_expression_means_what_python_would_mean_by_it(pair: Pair) -> None:
    expression, text = pair
    for values in product([True, False], repeat=len(SIMPLE)):
        facts = dict(zip(SIMPLE, values, strict=True))
        expected = eval(text, {}, facts)  # noqa: S307 - the text is made above
        assert holds(expression.condition, facts) == expected


def test_a_double_negation_is_none() -> None:
    assert ~~user_is_guest == user_is_guest


def test_nesting_beyond_three_levels_is_refused() -> None:
    deep = reduce(
        lambda inner, sign: sign(room_is_public, sign(inner, user_is_admin)),
        [operator.or_, operator.and_, operator.or_],
        user_is_guest & user_is_admin,
    )
    with pytest.raises(ValueError, match="nested 3 levels"):
        deep.to_list("webPanel")


def test_three_levels_are_allowed_as_servers_evaluate_them() -> None:
    deepest = user_is_room_owner | (room_is_public & (user_is_guest | user_is_admin))
    facts = descriptors.Facts(room_is_public=True, user_is_admin=True)
    assert descriptors.holds(deepest.to_list("webPanel"), facts)


def test_a_condition_is_refused_where_its_module_cannot_have_it() -> None:
    with pytest.raises(ValueError, match=r"webPanel cannot .* glance_matches"):
        glance_matches("open", eq=1).to_list("webPanel")
    with pytest.raises(ValueError, match=r"glance cannot .* message_contains_link"):
        (room_is_public | message_contains_link).to_list("glance")


def test_pythons_words_are_refused_since_they_would_lose_a_condition() -> None:
    with pytest.raises(TypeError, match="&"):
        bool(room_is_public)
    with pytest.raises(TypeError, match="combined"):
        operator.and_(room_is_public, True)


def test_parameters_are_those_of_the_descriptor() -> None:
    message = message_matches(pattern="^a", flags="i", sender="1", file_type="image")
    assert message.condition.params == {
        "regex": {"pattern": "^a", "flags": "i"},
        "sender": "1",
        "file_type": "image",
    }
    assert card_matches(style="link").condition.params == {"style": "link"}
    assert card_matches("a.b", lt=3, style="link").condition.params == {
        "style": "link",
        "metadata": [{"attr": "a.b", "lt": 3}],
    }


def test_a_condition_without_a_comparison_is_refused() -> None:
    with pytest.raises(ValueError, match="something to compare"):
        message_matches()
    with pytest.raises(ValueError, match="pattern"):
        message_matches(flags="i")
    with pytest.raises(ValueError, match="one of eq, lt and gt"):
        glance_matches("a")
    with pytest.raises(ValueError, match="one of eq, lt and gt"):
        glance_matches("a", eq=1, gt=2)
    with pytest.raises(ValueError, match="one of eq, lt and gt"):
        card_matches("", eq=1)


def test_an_expression_shows_what_it_says() -> None:
    assert repr(~room_is_public | user_is_admin) == (
        "<Expression (~room_is_public | user_is_admin)>"
    )
    assert hash(room_is_public & user_is_admin) == hash(room_is_public & user_is_admin)
