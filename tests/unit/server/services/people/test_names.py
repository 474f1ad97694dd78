"""Names and e-mail addresses that are valid."""

from __future__ import annotations

import pytest

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.people.names import (
    NAME_CHARACTERS,
    check_email,
    clean_name,
)


def test_surrounding_spaces_are_removed() -> None:
    assert clean_name("  Ann Lee\t") == "Ann Lee"
    assert check_email(" ann@example.com ") == "ann@example.com"


@pytest.mark.parametrize(
    ("name", "validation"),
    [
        ("", "minLength"),
        (" \n ", "minLength"),
        ("x" * (NAME_CHARACTERS + 1), "maxLength"),
        ("two\nlines", "pattern"),
        ("bell\x07", "pattern"),
        ("delete\x7f", "pattern"),
    ],
)
def test_an_invalid_name_is_refused_by_the_rule_that_it_breaks(
    name: str, validation: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        clean_name(name, most_characters=NAME_CHARACTERS)

    assert (caught.value.field, caught.value.validation) == ("name", validation)


def test_a_name_of_any_length_is_valid_without_a_limit() -> None:
    assert clean_name("x" * 1000) == "x" * 1000


@pytest.mark.parametrize(
    "email",
    ["", "ann", "@example.com", "ann@", "a@b@c", "a b@c.de", "a@b\nc", "x" * 65 + "@y"],
)
def test_what_is_not_an_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        check_email(email)

    assert caught.value.field == "email"
