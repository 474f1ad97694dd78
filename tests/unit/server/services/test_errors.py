"""Errors that only a server raises, and what they repeat of a request."""

from __future__ import annotations

import pytest

from hipkit.server.services.errors import (
    InvalidValueError,
    MissingValueError,
    NotImplementedHereError,
    TooLargeError,
    format_value,
    plain_words,
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


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        (
            "Value u'bob' for field 'owner' is not a user",
            "Value 'bob' for field 'owner' is not a user",
        ),
        (
            "Value u\"it's\" for field 'x' is empty",
            "Value \"it's\" for field 'x' is empty",
        ),
        (
            "This action requires one of the following scopes: [u'view_room', u'admin_room']",
            "This action requires one of the following scopes: 'view_room', 'admin_room'",
        ),
        (
            "Value u'pink' for field 'color' is not in the enumeration: [u'red', u'gray']",
            "Value 'pink' for field 'color' is not one of 'red', 'gray'",
        ),
        ("Value None for field 'x' is empty", "Value null for field 'x' is empty"),
        ("Value True for field 'x' is wrong", "Value true for field 'x' is wrong"),
        ("Invalid content type: None", "The content type is missing"),
        (
            "'utf8' codec can't decode byte 0xe4 in position 7: invalid start byte",
            "byte 0xe4 at position 7: invalid start byte",
        ),
        (
            "'utf8' codec can't decode bytes in position 7-8: unexpected end of data",
            "bytes at position 7-8: unexpected end of data",
        ),
        (
            "Value u'" + "x" * 98 + "... for field",
            "Value '" + "x" * 98 + "... for field",
        ),
        ("Room tu'bu not found", "Room tu'bu not found"),
        ("Room u'u'bu' not found", "Room 'u'bu' not found"),
        ("Room [a] not found", "Room [a] not found"),
    ],
)
def test_people_are_told_without_the_words_of_python_2(
    message: str, plain: str
) -> None:
    assert plain_words(message) == plain
    assert plain_words(plain) == plain
