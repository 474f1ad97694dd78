"""Texts of one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.page.formatting import (
    code,
    format_size,
    iso_timestamp,
    show_code,
    show_command,
)


@given(st.text())
def test_code_and_what_stands_around_it_are_escaped(text: str) -> None:
    shown = show_code(f"Send {code(text)}.")

    assert shown.startswith("Send <code>")
    assert shown.endswith("</code>.")
    inner = shown.removeprefix("Send <code>").removesuffix("</code>.")
    assert "<" not in inner.replace('<span class="whole">', "").replace("</span>", "")


def test_options_of_commands_are_not_broken() -> None:
    assert show_command("run --a-b 'c--d' <e") == (
        'run <span class="whole">--a-b</span> &#39;c--d&#39; &lt;e'
    )


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_500, "1.5 KB"),
        (9_950, "10 KB"),
        (999_400, "999 KB"),
        (999_500, "1.0 MB"),
        (20_000_000, "20 MB"),
    ],
)
def test_a_size_has_two_or_three_digits_and_a_unit(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text


def test_a_timestamp_is_iso_8601_in_utc() -> None:
    assert iso_timestamp(1_700_000_000_123_456) == "2023-11-14T22:13:20Z"
