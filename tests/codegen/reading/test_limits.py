from __future__ import annotations

import pytest

from codegen.reading.document import Document, SpecError
from codegen.reading.flat import Flattener
from codegen.reading.limits import Limits, limits_of


def limits(schema: object) -> Limits:
    root = Document("spec.yaml", {"openapi": "3.1.0", "a": schema}, {}).root
    node = root.get("a")
    assert node is not None
    return limits_of(Flattener().flatten(node), None, None)


@pytest.mark.parametrize(
    ("schema", "bounds"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, (1, 9)),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9}, (2, 8)),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, (2, None)),
        ({"type": "number", "exclusiveMinimum": 1}, (None, None)),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, (None, None)),
    ],
)
def test_exclusive_bounds_become_inclusive_where_numbers_are_whole(
    schema: object, bounds: tuple[float | None, float | None]
) -> None:
    found = limits(schema)

    assert (found.minimum, found.maximum) == bounds


def test_a_pattern_that_python_does_not_read_is_left_out() -> None:
    assert limits({"pattern": "^a+$"}).pattern == "^a+$"
    assert limits({"pattern": "\\p{L}("}).pattern is None


def test_a_larger_limit_must_be_larger() -> None:
    assert limits({"maxLength": 5, "x-larger-max-length": 6}).larger_max_length == 6
    with pytest.raises(SpecError, match="must be larger than a 'maxLength' beside it"):
        limits({"maxLength": 5, "x-larger-max-length": 5})


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"minLength": -1}, "must be a whole number"),
        ({"minLength": True}, "must be a whole number"),
        ({"minimum": "1"}, "must be a number"),
        ({"pattern": 1}, "must be a text"),
        ({"x-decorates": "all"}, "must be 'any' or 'text'"),
        ({"x-aliases": []}, "must be a list of names"),
        ({"type": "string", "x-true-is-one": True}, "beside the type 'integer'"),
    ],
)
def test_invalid_limits_are_errors(schema: object, fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        limits(schema)


def test_a_rule_has_the_limits_that_are_set() -> None:
    some = Limits(min_length=0, required_when=(("style", ("link",)),), is_list=True)

    assert some.rule(required=False) == (
        ("min_length", 0),
        ("required_when", {"style": ("link",)}),
    )
    assert some.rule(required=True)[0] == ("required", True)
    assert Limits(is_list=True).rule(required=True) == ()
