from __future__ import annotations

from functools import partial
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.relay.markup.cutting import (
    count_characters,
    cut_line,
    escaped_line,
    fit,
    json_bytes,
    utf8_bytes,
    utf16_units,
)
from hipkit.relay.markup.dialect import ANGLES, MARKDOWN, PLAIN
from hipkit.relay.markup.from_html import read_html_tree
from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.marked_text import write_marked
from hipkit.relay.markup.tree import Text

markdown = partial(write_marked, dialect=MARKDOWN)
plain = partial(write_marked, dialect=PLAIN)
LINK = "https://relay.example.com/m/1"


def test_each_unit_counts_as_its_targets_do() -> None:
    assert (len("é👍"), utf8_bytes("é👍"), utf16_units("é👍")) == (2, 6, 3)
    assert json_bytes('é"\n') == 6


def test_what_fits_is_not_changed() -> None:
    assert fit((Text("a b"),), plain, 3) == "a b"


def test_a_cut_is_at_a_word_and_says_how_much_is_missing() -> None:
    nodes = read_html_tree("one two three four five six seven eight")
    assert fit(nodes, plain, 35) == "one two three… (26 more characters)"
    assert (
        fit(nodes, markdown, 80, link=LINK) == "one two three four five six seven eight"
    )
    assert fit(nodes, plain, 34) == "one two… (32 more characters)"


def test_the_ending_leads_to_the_whole_message() -> None:
    nodes = read_html_tree("word " * 100)
    text = fit(nodes, markdown, 120, link=LINK)
    assert text.endswith(
        f"word… ([{499 - text.count('word') * 5 + 1} more characters]({LINK}))"
    )


def test_a_cut_is_within_no_link_tag_or_escape() -> None:
    html = "<b>" + "a*b <a href='https://x.y/z'>link text</a> &amp; " * 200 + "</b>"
    nodes = read_html_tree(html)
    for limit in range(60, 400, 7):
        text = fit(nodes, markdown, limit).partition("… (")[0]
        assert text.count("[") == text.count("](https://x.y/z)")
        assert text.count("**") % 2 == 0
        html = fit(nodes, write_html, limit)
        assert html.count("<a") == html.count("</a>")
        assert html.count("&") == html.count("&amp;")


def test_an_address_is_whole_or_left_out() -> None:
    nodes = read_html_tree(
        "see https://example.com/a/very/long/path/indeed for more of it all"
    )
    assert fit(nodes, plain, 40) == "see… (63 more characters)"


def test_one_long_word_is_cut_between_characters() -> None:
    nodes = (Text("👨‍👩‍👧" * 100),)
    shown, _, rest = fit(nodes, plain, 60).partition("…")
    assert shown
    assert shown == "👨‍👩‍👧" * (len(shown) // 5)
    assert rest == f" ({500 - len(shown)} more characters)"


def test_where_nothing_fits_nothing_is_returned() -> None:
    assert fit((Text("word " * 10),), plain, 5) == ""


def test_a_line_is_cut_at_a_word() -> None:
    assert cut_line("one two three", 13) == "one two three"
    assert cut_line("one two three", 9) == "one two…"
    assert cut_line("👍👍👍👍", 5, utf16_units) == "👍👍…"
    assert cut_line("abc", 0) == ""


def test_an_escaped_line_is_cut_before_it_is_escaped() -> None:
    assert escaped_line("a < b < c", 12, escape) == "a &lt; b…"


TAGS = ["<b>", "</b>", "<p>", "</p>", "<li>", "<pre>", "</pre>", "<br>", "</a>"]
PIECES = [
    "<table><tr><td>",
    "&lt;",
    "*",
    "`",
    "👍🏽",
    "é",
    "@here",
    "looooooooooooooong",
]
PICTURE, LINKED = "<img src='https://x.y/z'>", "<a href='https://x.y/z'>"
HTML = st.lists(
    st.sampled_from([*TAGS, *PIECES, PICTURE, LINKED, "https://x.y/q", "word ", "\n"]),
    max_size=60,
).map("".join)


@given(
    HTML,
    st.integers(30, 300),
    st.sampled_from([len, utf8_bytes, utf16_units, json_bytes]),
)
@pytest.mark.parametrize(
    "write",
    [markdown, plain, partial(write_marked, dialect=ANGLES), write_html],
    ids=["markdown", "plain", "angles", "html"],
)
def test_a_text_is_within_its_limit_in_its_unit(write, html, limit, measure) -> None:  # type: ignore[no-untyped-def]
    nodes = read_html_tree(html)
    text = fit(nodes, write, limit, measure=measure, link="https://r.e/1")
    assert measure(text) <= limit
    if count_characters(nodes) and measure(write(nodes)) <= limit:
        assert text == write(nodes)
