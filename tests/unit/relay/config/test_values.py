from __future__ import annotations

import pytest

from hipkit.relay.config.values import (
    parse_duration,
    parse_name,
    parse_pattern,
    parse_template,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("2d", 172_800), ("1w", 604_800)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "d", "0d", "-1d", "1.5h", "2 d", "2y", "٢d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="such as 30m, 12h or 2d"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", " ", " a", "a\n", "a\u202eb", "a" * 101])
def test_a_name_is_one_line_of_text(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_name(text)


def test_a_template_may_have_the_fields_there_are_and_single_braces() -> None:
    assert (
        parse_template("{from} in {room} {color} } {") == "{from} in {room} {color} } {"
    )


def test_an_unknown_field_is_told_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match=r"no \{colour\}, did you mean color\? There are \{room\}"
    ):
        parse_template("{colour}")


@pytest.mark.parametrize("text", ["{}", "{ }", "{a!r}", "{from.__class__}", "{0}"])
def test_no_other_field_of_formats_gets_through(text: str) -> None:
    with pytest.raises(ValueError, match="there is no"):
        parse_template(text)


def test_a_pattern_that_cannot_be_used_is_told() -> None:
    assert parse_pattern(r"(?i)failed|down") == r"(?i)failed|down"
    with pytest.raises(ValueError, match="the pattern is not"):
        parse_pattern("(")
