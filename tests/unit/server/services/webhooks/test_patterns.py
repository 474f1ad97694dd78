"""Patterns of webhooks come from outside: what they take is bounded."""

from __future__ import annotations

import pytest

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.webhooks import patterns
from hipkit.server.services.webhooks.patterns import check_pattern, is_found


def test_a_pattern_that_would_grow_large_is_rejected() -> None:
    check_pattern(r"^/deploy [\w-]{1,100} to (prod|stage){1}$")

    for pattern in ("(?:(?:abc){50}){50}", "x{20000}", "(?:[a-z]{30}){30}"):
        with pytest.raises(InvalidValueError, match="too often"):
            check_pattern(pattern)


def test_only_so_many_patterns_are_kept_compiled() -> None:
    for number in range(patterns.MOST_COMPILED + 50):
        check_pattern(f"a{number}")

    assert patterns._compile.cache_info().currsize == patterns.MOST_COMPILED


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (r"^/cmd(\s|$)", "/cmd now", True),
        (r"^/cmd(\s|$)", "/cmdnow", False),
        ("(?i)STRASSE", "Strasse", True),
        (r"\bdone\b", "well done!", True),
        ("a{e<=3}", "b", False),
        ("a{e<=3}", "a{e<=3}", True),
        (r'^\{"a": [0-9]{2,3}\}$', '{"a": 123}', True),
        ("^a{2}$", "aa", True),
        ("[{e}]", "{", True),
        (r"(?P<who>\w+)-(?P=who)", "x-x", True),
    ],
)
def test_patterns_are_those_of_python(pattern: str, text: str, found: bool) -> None:
    assert is_found(pattern, text) is found


def test_a_pattern_has_a_time_limit() -> None:
    with pytest.raises(TimeoutError):
        is_found(r"^(a|a|aa)+$", "a" * 5_000 + "!")
