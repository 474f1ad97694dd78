from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.addon.handlers.commands import (
    Command,
    UsageError,
    check_command_name,
    read_argument,
)
from hipkit.v2.models import User


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


def command(function: Callable[..., object]) -> Command:
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    return Command.of("/do", function, [read_argument(each) for each in parameters])


def values(function: Callable[..., object], text: str) -> Mapping[str, object]:
    jane = User(id=1, mention_name="Jane")
    return command(function).read(f"/do {text}", [jane])


def test_words_are_converted_to_the_types_of_the_parameters() -> None:
    def do(
        a: str,
        b: int,
        c: float,
        d: bool,
        e: Literal["x", 2],
        f: Size,
        g: User,
    ) -> None: ...

    assert values(do, '"two words" -3 2.5 YES 2 large @jane') == {
        "a": "two words",
        "b": -3,
        "c": 2.5,
        "d": True,
        "e": 2,
        "f": Size.LARGE,
        "g": User(id=1, mention_name="Jane"),
    }


def test_optional_arguments_may_be_left_out_and_the_rest_is_a_list() -> None:
    def do(a: str, b: int | None = None, *words: str) -> None: ...

    assert values(do, "x") == {"a": "x", "words": []}
    assert values(do, "x 1 y “z z”") == {"a": "x", "b": 1, "words": ["y", "z z"]}


def test_quotes_that_are_not_closed_are_part_of_words() -> None:
    def do(*words: str) -> None: ...

    assert values(do, 'a "b c” “d e" f') == {"words": ["a", "b c” “d e", "f"]}
    assert values(do, 'x"y z" “w “ v') == {"words": ['x"y', 'z"', "“w", "“", "v"]}
    assert values(do, '"""a" ""') == {"words": ["", "a", ""]}


def test_many_quotes_that_are_not_closed_take_no_longer_than_other_words() -> None:
    def do(*words: str) -> None: ...

    # With a search to the end for each of them this would take hours.
    assert len(cast("list[str]", values(do, "“ " * 500_000)["words"])) == 500_000


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "amount is missing. Usage: /do <amount> [size] [words ...]"),
        ("many", "amount must be a whole number. Usage:"),
        ("1_000", "amount must be a whole number"),
        ("1.5", "amount must be a whole number"),
        ("\u0661", "amount must be a whole number"),
        ("9" * 5_000, "amount must be a whole number"),
        ("1 huge", "size must be one of small, large"),
    ],
)
def test_wrong_arguments_are_answered_with_the_usage(text: str, answer: str) -> None:
    def do(amount: int, size: Size = Size.SMALL, *words: str) -> None: ...

    with pytest.raises(UsageError) as caught:
        values(do, text)
    assert str(caught.value).startswith(answer)


def test_superfluous_arguments_are_answered_with_the_usage() -> None:
    def do() -> None: ...

    with pytest.raises(UsageError, match="too many"):
        values(do, "x")


def test_somebody_who_is_not_mentioned_is_no_user() -> None:
    def do(who: User) -> None: ...

    with pytest.raises(UsageError, match="who must be a user, such as @jane"):
        values(do, "@bob")


def test_help_is_made_from_signature_and_docstring() -> None:
    def do(who: User, points: int = 1) -> None:
        """Give points.

        They are never taken back.
        """

    made = command(do)
    assert made.summary == "/do <who> [points] - Give points."
    for word in ("help", "--help"):
        with pytest.raises(UsageError) as caught:
            values(do, word)
        assert str(caught.value) == (
            "/do <who> [points]\nGive points.\n\nThey are never taken back."
        )


def test_only_the_whole_name_calls_a_command() -> None:
    def do() -> None: ...

    made = command(do)
    assert made.matches("/do")
    assert made.matches("/do\nx")
    assert not made.matches("/done")
    assert not made.matches(" /do")
    assert made.pattern == r"^/do(\s|$)"


@pytest.mark.parametrize("name", ["do", "/", "/a b", "/" + 40 * "a", "/ä", "//a"])
def test_a_name_that_is_no_command_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        check_command_name(name)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="/karma"):
        check_command_name(read_argument)


def test_a_required_argument_after_an_optional_one_is_refused() -> None:
    # Python refuses most of these itself, but not behind a parameter that is passed by type.
    def do(a: int = 1, *, b: int) -> None: ...

    with pytest.raises(TypeError, match="b is required"):
        command(do)


def test_a_type_that_words_cannot_be_converted_to_is_refused() -> None:
    def do(a: list[str]) -> None: ...

    def both(a: int | str) -> None: ...

    for function in (do, both):
        with pytest.raises(TypeError, match="the parameter a"):
            command(function)


@given(st.text(max_size=200))
def test_any_text_is_read_or_answered_with_the_usage(text: str) -> None:
    def do(a: int, b: bool = False, *words: str) -> None: ...

    try:
        found = values(do, text)
    except UsageError as error:
        assert "Usage: /do" in str(error) or str(error).startswith("/do <a>")  # noqa: PT017
    else:
        assert isinstance(found["a"], int)
