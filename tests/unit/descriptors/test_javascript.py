from __future__ import annotations

import pytest

from hipkit.descriptors.javascript import is_found_in_javascript


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "found"),
    [
        ("karma", "", "my karma", True),
        ("KARMA", "", "my karma", False),
        ("KARMA", "i", "my karma", True),
        ("ÄRGER", "i", "ärger", True),
        (r"^\d+$", "", "123", True),
        (r"^\d+$", "", "123\n", False),
        (r"^\d+$", "", "\u0661\u0662", False),
        (r"^[\d]$", "", "\u0661", False),
        (r"^\w$", "", "é", False),
        (r"^[^\w]$", "", "é", True),
        (r"\bx", "", "éx", True),
        (r"^b$", "", "a\nb", False),
        (r"^b$", "m", "a\nb\nc", True),
        (r"a.b", "", "a\u2028b", False),
        (r"a.b", "s", "a\nb", True),
        (r"(?<year>\d{4})-\k<year>", "", "2016-2016", True),
        (r"(?<=a)b(?!c)", "", "abd", True),
        (r"a[^]b", "", "a\nb", True),
        (r"[]", "", "a", False),
        (r"[a[]", "", "[", True),
        (r"[a\]]", "", "]", True),
        (r"https?:\/\/", "", "http://", True),
        (r"\u0041\x42\cJ", "", "AB\n", True),
        (r"\u{41}", "u", "A", True),
        (r"^\u{3}$", "", "uuu", True),
        (r"^\p{L}$", "u", "é", True),
        (r"\A\Z", "", "AZ", True),
        (r"\0", "", "\0", True),
        (r"(a)\1", "", "aa", True),
        (r"a{,2}", "", "a{,2}", True),
        (r"a{e<=1}", "", "b", False),
        (r"b", "y", "ab", False),
        (r"a|b", "y", "b", True),
        (r"x", "g", "x", True),
        (r"[(?]", "", "?", True),
    ],
)
def test_a_pattern_means_what_it_means_in_javascript(
    pattern: str, flags: str, text: str, found: bool
) -> None:
    assert is_found_in_javascript(pattern, flags, text) is found


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [
        ("(", ""),
        ("a", "ii"),
        ("a", "x"),
        ("(?i)a", ""),
        ("(?P<a>b)", ""),
        ("(?#note)", ""),
        ("[a", ""),
        ("a\\", ""),
        ("[\\", ""),
        ("*", ""),
        (r"\k<x>", ""),
        (r"\u{110000}", "u"),
        ("x{20000}", ""),
        ("a" * 2_000, ""),
    ],
)
def test_what_is_no_pattern_of_javascript_is_an_error(pattern: str, flags: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each has a reason of its own
        is_found_in_javascript(pattern, flags, "")


def test_a_search_has_a_time_limit() -> None:
    with pytest.raises(TimeoutError):
        is_found_in_javascript("^(a|a|aa)+$", "", "a" * 5_000 + "!")
