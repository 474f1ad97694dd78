from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hipkit.relay.markup.dialect import ANGLES, MARKDOWN, PLAIN, Marker
from hipkit.relay.markup.from_html import read_html_tree
from hipkit.relay.markup.from_text import read_text_tree
from hipkit.relay.markup.marked_text import plain_text, text_of, write_marked
from hipkit.relay.markup.tree import Element, Mention, Node, Text


def markdown(html: str) -> str:
    return write_marked(read_html_tree(html), MARKDOWN)


def slack(html: str) -> str:
    return write_marked(read_html_tree(html), ANGLES)


def plain(html: str) -> str:
    return plain_text(read_html_tree(html))


def test_each_element_has_its_markup() -> None:
    html = "<b>a</b> <i>b</i> <s>c</s> <code>d</code> <a href='https://x.y'>e</a>"
    assert markdown(html) == "**a** _b_ ~~c~~ `d` [e](https://x.y)"
    assert slack(html) == "*a* _b_ ~c~ `d` <https://x.y|e>"
    assert plain(html) == "a b c d e (https://x.y)"


def test_lists_are_indented() -> None:
    html = "<ul><li>a<li>b<ol><li>c<li>d</ol></ul>"
    assert markdown(html) == "- a\n- b\n  1. c\n  2. d"
    assert slack(html) == "• a\n• b\n  1. c\n  2. d"


def test_a_dialect_says_how_cells_and_rows_end() -> None:
    nodes = read_html_tree("<table><tr><td>a|b<td>c<tr><td>d</table>")
    doubled = replace(MARKDOWN, escape=str, cell=lambda text: text.replace("|", "!"))
    assert write_marked(nodes, doubled).startswith("| a!b | c |\n| --- | --- |")
    spaced = replace(PLAIN, line_break="\n\n")
    assert write_marked(nodes, spaced) == "a|b | c\n\nd"


def test_a_table_has_rows_of_cells() -> None:
    html = "<table><tr><th>a<th>b|c<tr><td>d<br>e<td><b>f</b><td>g</table>"
    assert markdown(html) == (
        "| a | b\\|c |  |\n| --- | --- | --- |\n| d e | **f** | g |"
    )
    assert slack(html) == "*a* | *b|c*\nd e | *f* | g"


def test_paragraphs_quotations_and_code_stand_apart() -> None:
    html = "a<p>b</p><blockquote>c<br>d</blockquote><pre>e\n f</pre>g"
    assert markdown(html) == "a\n\nb\n\n> c\n> d\n\n```\ne\n f\n```\n\ng"
    assert slack(html) == "a\nb\n> c\n> d\n```\ne\n f\n```\ng"


def test_white_space_is_outside_of_markers() -> None:
    nodes = (Element(tag="b", children=(Text(" a "),)), Text("b"))
    assert write_marked(nodes, MARKDOWN) == "**a** b"


def test_every_line_has_its_own_markers() -> None:
    assert markdown("<b>a<br>b</b>") == "**a**\n**b**"


def test_a_marker_that_needs_a_gap_touches_no_word() -> None:
    assert slack("foo<b>bar</b>baz <b>x</b>") == "foo\u200b*bar*\u200bbaz *x*"
    assert markdown("foo<b>bar</b><i>baz</i>q") == "foo**bar**_baz_\u200aq"


def test_a_link_that_shows_its_address_is_the_address() -> None:
    html = "https://x.y/a_b <a href='https://x.y'> https://x.y</a>"
    assert markdown(html) == "https://x.y/a_b https://x.y"
    assert slack(html) == "<https://x.y/a_b> <https://x.y>"


def test_an_address_that_was_encoded_is_shown_as_it_was_typed() -> None:
    html = "https://x.y/a|b"
    assert markdown(html) == r"[https://x.y/a\|b](https://x.y/a%7Cb)"
    assert plain(html) == html


def test_text_after_an_address_is_no_part_of_it() -> None:
    assert markdown("https://x.y/a, b") == "https://x.y/a, b"
    assert markdown("https://x.y/a*") == r"[https://x.y/a](https://x.y/a)\*"


def test_a_picture_is_a_link() -> None:
    html = (
        "<img src='https://x.y/z.png' alt='a*b'>"
        "<a href='https://x.y'><img src='https://x.y/q.png' alt=q></a>"
    )
    assert markdown(html) == r"[a\*b](https://x.y/z.png)[q](https://x.y)"


def test_the_text_of_a_link_does_not_end_it() -> None:
    assert markdown("<a href='https://x.y'>a](b)</a>") == r"[a\](b)](https://x.y)"
    assert slack("<a href='https://x.y/?a=1&amp;b|c'>a&gt;b</a>") == (
        "<https://x.y/?a=1&amp;b%7Cc|a&gt;b>"
    )


def test_only_users_that_are_mapped_are_mentioned() -> None:
    nodes = read_text_tree("@ann @bob", mentions=["ann", "bob"])
    assert write_marked(nodes, ANGLES, {"bob": "<@U1>"}) == "@\u200bann <@U1>"


def test_markup_in_the_text_is_none() -> None:
    assert markdown("# *a*<br>- _b_") == "\\# \\*a\\*\n\\- \\_b\\_"


def test_a_marker_may_have_another_end() -> None:
    dialect = replace(PLAIN, bold=Marker("<b>", "</b>"))
    assert write_marked(read_html_tree("<b>a</b>"), dialect) == "<b>a</b>"


@pytest.mark.parametrize(
    "html", ["", "<b> </b>", "<ul></ul>", "<table><tr><td></table>"]
)
def test_nothing_is_written_of_nothing(html: str) -> None:
    assert markdown(html) == ""


def test_the_text_of_a_tree_is_not_escaped() -> None:
    nodes = (
        Text("*a*"),
        Mention("ann"),
        Element(tag="br"),
        Element(tag="img", alt="b"),
    )
    assert text_of(nodes) == "*a*@ann\nb"


# What CommonMark makes of it, by a parser of others.

SIGNS = ["*", "**", "_", "__", "~", "~~", "`", "```", "[", "]", "(", ")", "<", ">", "#", "-",
         "+", "1.", "1)", "=", "|", "\\", "!", "![", ":", "$", "---", "===", "| --- |"]  # fmt: skip
WORDS = ["a", "b_c", "é", "0", "word ", " ", "    ", "\t", "\n", "\n\n", "&amp;", "&lt;", "&",
         "&#35;", "<!--", "http://x.y", "@here"]  # fmt: skip
TAGS = ["<b>", "</b>", "<i>", "</i>", "<s>", "</s>", "<code>", "</code>", "<p>", "</p>", "<br>",
        "<ul>", "<li>", "</ul>", "<ol>", "</ol>", "<pre>", "</pre>", "<blockquote>", "</a>",
        "<a href='http://x.y/z'>", "<table><tr><td>", "<td>", "<tr>", "<th>", "</table>",
        "<img src='http://x.y/i.png' alt='al*t'>"]  # fmt: skip
PARSER = MarkdownIt("commonmark", {"breaks": True, "html": False})
PARSER.enable(["table", "strikethrough"])
NEVER = {"h1", "h2", "hr", "img"}


class Shown(HTMLParser):
    """Collects the text and the tags of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        """Add a text."""
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add a tag."""
        self.tags.add(tag)


def shown(nodes: Iterable[Node]) -> Shown:
    return Shown(PARSER.render(write_marked(nodes, MARKDOWN)))


def letters(text: str) -> str:
    """Return a text without white space, and without what keeps markup apart."""
    return "".join(text.replace("\u200b", "").split())


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*SIGNS, *WORDS]), max_size=14).map("".join))
@example("!http://x.y*")
@example("http://x.y&#35;")
@example("*\n=")
@example("--\t-")
def test_a_text_is_shown_as_it_was_typed(text: str) -> None:
    found = shown(read_text_tree(text, commands=False))
    assert letters(found.text) == letters(text)
    assert found.tags <= {"a", "br", "p"}


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*SIGNS, *WORDS, *TAGS]), max_size=14).map("".join))
@example("é<b>*")
@example("a<b><i>*")
@example("<b>*<ul></ul>*")
@example("<ul>*<ul><table><tr><td>")
@example("<code><table><tr><td>| --- |")
@example("<table><tr><td><code>a\\|b</code>|<td>\\|")
@example("<a href='http://x.y/z'><b><img src='http://x.y/i.png' alt='al*t'>")
def test_html_is_shown_with_its_own_markup_alone(html: str) -> None:
    nodes = read_html_tree(html)
    found = shown(nodes)
    assert letters(found.text) == letters(text_with_addresses(nodes))
    assert not found.tags & NEVER


def text_with_addresses(nodes: Iterable[Node]) -> str:
    """Return the text of a tree, with the address of a link that shows nothing."""
    text = ""
    for node in nodes:
        if isinstance(node, Element) and node.tag not in ("br", "img"):
            inner = text_with_addresses(node.children)
            text += inner if inner.strip() else node.url
        else:
            text += text_of([node])
    return text
