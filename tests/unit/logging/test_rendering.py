from __future__ import annotations

import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.messages.message_html import plain_text
from hipkit.logging.rendering import (
    COLORS,
    LARGEST_BATCH,
    Entry,
    color_of,
    compose,
    level_number,
    render,
)

TRACEBACK = """Traceback (most recent call last):
  File "app.py", line 1, in <module>
    1 / 0 < 1
ZeroDivisionError: division by zero"""


def test_markup_and_mentions_of_a_record_are_text() -> None:
    assert render("<b>@all</b> & x") == "&lt;b&gt;@all&lt;/b&gt; &amp; x"


def test_what_follows_the_first_line_is_preformatted() -> None:
    assert render(f"\nit failed\n{TRACEBACK}\n") == (
        f"it failed<pre>{TRACEBACK.replace('<', '&lt;').replace('>', '&gt;')}</pre>"
    )


def test_of_a_long_traceback_begin_and_end_are_kept() -> None:
    frames = "".join(f"  File {n}\n" for n in range(10_000))
    html = render(f"it failed\n{TRACEBACK}\n{frames}ValueError: the reason")
    assert html.startswith("it failed<pre>Traceback (most recent")
    assert html.endswith("ValueError: the reason</pre>")
    assert "\n…\n" in html
    assert len(html) < LARGEST_BATCH


def test_a_record_of_any_size_fits_into_one_message() -> None:
    html = render("&" * 1_000_000 + "\n" + "<" * 1_000_000)
    assert len(html) < LARGEST_BATCH
    assert html.endswith("…")


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_record_has_no_html(text: str) -> None:
    assert render(text) == ""


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    assert render("no such file: caf\udce9") == "no such file: caf\\udce9"


def test_control_characters_are_shown_as_escapes() -> None:
    assert render("a\x00b\x1b[31m\tc\nd\x7f") == "a\\x00b\\x1b[31m\tc<pre>d\\x7f</pre>"


def test_a_batch_has_a_line_for_each_record_and_says_what_was_dropped() -> None:
    entries = [Entry(10, "one"), Entry(20, "two<pre>x</pre>"), Entry(10, "three")]
    assert compose(entries, 0) == "one<br>two<pre>x</pre>three"
    assert compose(entries[:1], 1) == "one<br><i>1 record was dropped</i>"
    assert compose(entries[1:2], 1234) == (
        "two<pre>x</pre><i>1,234 records were dropped</i>"
    )


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_a_batch_shows_the_text_of_its_records(texts: list[str]) -> None:
    entries = [Entry(0, html) for text in texts if (html := render(text))]
    shown = plain_text(compose(entries, 0))
    for text in texts:
        readable = text.encode("utf-8", "backslashreplace").decode()
        for word in re.split(r"[\s\x00-\x1f\x7f]+", readable):
            assert word in shown


@pytest.mark.parametrize(
    ("level", "color"),
    [
        (0, "gray"),
        (logging.DEBUG, "gray"),
        (logging.INFO, "green"),
        (logging.WARNING, "yellow"),
        (logging.WARNING + 5, "yellow"),
        (logging.ERROR, "red"),
        (logging.CRITICAL, "red"),
    ],
)
def test_a_level_has_the_color_of_the_next_lower_one_that_has_one(
    level: int, color: str
) -> None:
    assert color_of(level, COLORS) == color


def test_a_level_below_all_others_has_the_servers_color() -> None:
    assert color_of(logging.INFO, {logging.ERROR: "red"}) is None


def test_a_level_is_a_number_or_a_name() -> None:
    assert level_number("ERROR") == level_number(40) == 40
    with pytest.raises(ValueError, match=r"'LOUD'.*CRITICAL"):
        level_number("LOUD")
