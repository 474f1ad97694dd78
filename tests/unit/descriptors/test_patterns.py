"""Patterns come from strangers: what they take is bounded."""

from __future__ import annotations

import pytest

from hipkit.descriptors import patterns
from hipkit.descriptors.patterns import find_match, find_problem, is_found


def test_a_pattern_that_would_grow_large_is_rejected() -> None:
    assert find_problem(r"^/deploy [\w-]{1,100} to (prod|stage){1}$") is None

    for pattern in ("(?:(?:abc){50}){50}", "x{20000}", "(?:[a-z]{30}){30}"):
        assert find_problem(pattern) == "repeats its parts too often"


def test_only_so_many_patterns_are_kept_compiled() -> None:
    for number in range(patterns.MOST_COMPILED + 50):
        assert find_problem(f"a{number}") is None

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


def test_a_match_has_the_groups_of_the_pattern() -> None:
    found = find_match(r"^/karma (?P<name>@\w+)( .*)?", "/karma @bob")
    assert found is not None
    assert found.groups() == ("@bob", None)
    assert found.groupdict() == {"name": "@bob"}
    assert find_match("^/karma", "karma") is None
