"""Texts of one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.services.representations.lines import one_line


@given(st.text())
def test_one_line_removes_line_ends_and_direction_marks_for_good(text: str) -> None:
    line = one_line(text)
    assert one_line(line) == line
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u200b")


def test_one_line_limits_the_accents_of_a_letter() -> None:
    assert len(one_line("Z" + "\u0301" * 500)) < 10
