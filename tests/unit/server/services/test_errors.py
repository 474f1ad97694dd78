"""Errors that only a server raises, and what they repeat of a request."""

from __future__ import annotations

import pytest

from hipkit.server.services.errors import (
    InvalidValueError,
    MissingValueError,
    NotImplementedHereError,
    TooLargeError,
    format_value,
)


def test_an_invalid_value_is_shown_unless_it_is_a_secret() -> None:
    shown = InvalidValueError("name", "minLength", "is empty", "")
    secret = InvalidValueError("password", "minLength", "is shorter than 8 characters")

    assert str(shown) == "Value u'' for field 'name' is empty"
    assert str(secret) == "Field 'password' is shorter than 8 characters"
    assert (shown.field, shown.validation) == ("name", "minLength")


def test_a_missing_value_names_its_field() -> None:
    error = MissingValueError("name")

    assert str(error) == "Required field 'name' is missing"
    assert error.validation == "required"


def test_each_error_has_its_status() -> None:
    errors = (MissingValueError("x"), TooLargeError("x"), NotImplementedHereError("x"))

    assert [error.status for error in errors] == [400, 413, 501]


@pytest.mark.parametrize(
    ("value", "text"),
    [("ä", "u'ä'"), (1, "1"), (None, "None"), (["a"], "['a']"), (True, "True")],
)
def test_values_are_shown_as_python_2_did(value: object, text: str) -> None:
    assert format_value(value) == text


def test_a_long_value_is_cut() -> None:
    assert format_value("x" * 200) == "u'" + "x" * 98 + "..."
