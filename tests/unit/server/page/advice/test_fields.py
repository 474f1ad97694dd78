"""Advice on fields of a request."""

from __future__ import annotations

import pytest

from hipkit.server.page.advice.fields import V1_FLAGS, advice_on_field
from hipkit.server.services.errors import plain_words
from hipkit.v1.catalog import OPERATIONS
from tests.unit.server.asgi import Site


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (
            "Value 'x' for field 'color' is not one of 'red', 'gray', 'random'",
            "Change `color` in the program to one of `red`, `gray` or `random`.",
        ),
        (
            "Value 'x' for field 'v' is not one of 'a'",
            "Change `v` in the program to `a`.",
        ),
        ("Required field 'message' is missing", "Add the field `message`"),
        (
            "Value 1 for field 'a' is not of type 'boolean'",
            "Send `a` as `true` or `false`",
        ),
        (
            "Field 'a[0].b' is not of type 'odd'",
            "Send `a[0].b` as a value of the type odd",
        ),
        (
            "Value '' for field 'a' is shorter than 1",
            "Send a text in `a`: it is empty.",
        ),
        ("Value '' for field 'a' is shorter than 3", "at least 3 characters in `a`."),
        ("Value 'x' for field 'a' is longer than 50", "Shorten `a` to at most 50"),
        ("Value 'x' for field 'a' is longer than 50 characters", "at most 50 char"),
        ("Value 0 for field 'a' is less than 1", "Send `1` or more in `a`."),
        ("Value 9 for field 'a' is greater than 5", "Send `5` or less in `a`."),
        (
            "Value 'x' for field 'a' does not match regular expression '^a.*$'",
            "so that it matches `^a.*$`.",
        ),
        ("Value '@x' for field 'owner' is not a user", "Change `owner` in the program"),
        (
            "Value ''\n for field 'a' is not one of 'x'' for field 'b' is not a user",
            "Change `b` in the program",
        ),
    ],
)
def test_a_field_gets_what_to_change(problem: str, advice: str) -> None:
    assert advice in (advice_on_field(problem) or "")


@pytest.mark.parametrize("problem", ["", "Another room exists", "(a private chat)"])
def test_an_error_that_names_no_field_gets_none(problem: str) -> None:
    assert advice_on_field(problem) is None


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        (
            {"message": "x", "color": "orange"},
            "Change `color` in the program to one of ",
        ),
        ({"message": "x", "notify": "perhaps"}, "Send `notify` as `true` or `false`"),
        ({"message": ""}, "Send a text in `message`: it is empty."),
        ({"message": "x" * 10_001}, "Shorten `message` to at most 10000 characters."),
        ({"msg": "x"}, "Add the field `message`"),
    ],
)
def test_the_servers_own_errors_are_understood(
    site: Site, body: dict[str, object], advice: str
) -> None:
    site.add_room("Ops")
    answer = site.post("/v2/room/Ops/notification", body)

    assert answer.status == 400
    problem = plain_words(answer.json["error"]["message"])
    assert advice in (advice_on_field(problem) or problem)


@pytest.mark.parametrize(
    "problem",
    [
        "Value 'yes' for field 'notify' is not of type 'integer'",
        "Value 2 for field 'notify' is not one of 0, 1",
    ],
)
def test_a_boolean_of_version_1_is_0_or_1(problem: str) -> None:
    assert advice_on_field(problem, is_v1=True) == "Send `notify` as `0` or `1`."
    assert advice_on_field(problem) != advice_on_field(problem, is_v1=True)


def test_the_booleans_of_version_1_are_those_of_its_operations() -> None:
    kinds = [entry.load() for entry in OPERATIONS]
    found = {
        name for kind in kinds for name, rule in kind.rules.items() if rule.true_is_one
    }

    assert found == V1_FLAGS
