"""What of a notification's HTML is a tag, and what is there to be read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.messages.message_html import (
    CARD_TAGS,
    TAGS,
    Tag,
    Text,
    plain_text,
    read_html,
)

AS_TYPED = [
    "From: Bob <bob@example.com> wrote",
    "job=<none> is down",
    "if (a<b) then",
    "<3",
    "a < b > c",
    "x <-> y <= z => w <> v",
    "</nosuch>",
    "</b>",
    "<!-- c -->",
    "<!DOCTYPE html>",
    "<![CDATA[ x ]]>",
    "<?php echo $x; ?>",
    "<script>alert(1)</script>",
    "<style>* { display: none }</style>",
    "<svg><math><mtext>",
    '<iframe src="https://a.example">',
    '<div class="x">',
    "<u>",
    "<hr/>",
    "<h1>Title</h1>",
    "<bold>",
    "<b",
    "< b>",
    "<b/x>",
    '<a href="never ends>link</a>',
    "<a friend of mine>",
    "<b and c>",
    "<a>",
    "<img>",
    "<td>a</td><td>b</td>",
    "<b\u00e9>",
    "<@ann>",
    "<1>",
    "List<String>",
    "<https://ci.example/1>",
    "<" * 100,
    ">" * 100,
]


@pytest.mark.parametrize("text", AS_TYPED)
def test_what_is_not_drawn_is_read_as_it_was_typed(text: str) -> None:
    assert plain_text(text) == text
    assert all(isinstance(part, Text) for part in read_html(text))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>x</b> <I>y</I> <em >z</em>", "x y z"),
        ("<b>never closed", "never closed"),
        ("<b><i>x</b></i></u>", "x</u>"),
        ("&lt;b&gt; &amp;lt; &eacute;", "<b> &lt; \u00e9"),
        ('<foo a="&lt;<b>x</b>"> &lt;', '<foo a="&lt;<b>x</b>"> <'),
        ("<a title=\"a > b\" href='x'>l</a>", "l"),
        ('<a href="x"title="y">l</a>', "l"),
        ("<a href=https://a.example/?b=c>l</a>", "l"),
        ("<script><b>x</b></script>", "<script>x</script>"),
        ("<b><none></b>", "<none>"),
        ("a\0b", "a\ufffdb"),
        ("one<br>two<BR />three<br/><br/>four", "one\ntwo\nthree\n\nfour"),
        ("one<p>two</p>three", "one\ntwo\nthree"),
        ("<ul>\n  <li>a</li>\n  <li>b\n</ul>\nc", "a\nb\nc"),
        ("<dl><dt>t</dt><dd>d</dd></dl>", "t\nd"),
        ("x<pre>\n  a\n   b\n</pre>y", "x\n  a\n   b\ny"),
        ("typed\nlines <b>stay</b>", "typed\nlines stay"),
        ('<img src="x" alt="a &amp; b"><img src="x">', "a & b(picture)"),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>e", "a | b\nc | d\ne"),
        ("<table><tr><td></td><td>b</td></tr></table>", "| b"),
        (
            "<table>\n <tr>\n  <th>Host</th>\n  <th>State</th>\n </tr>\n <tr>\n"
            "  <td>\n <p>db1</p> </td>\n  <td>down<br>again</td>\n </tr>\n</table>",
            "Host | State\ndb1 | down again",
        ),
        ("<table><caption>c</caption><tbody><tr><td>a</table>", "c\na"),
    ],
)
def test_lines_stand_below_each_other_and_cells_apart(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_a_card_has_fewer_tags() -> None:
    html = "<b>x</b><table><tr><td>y</table><pre>"

    assert plain_text(html, CARD_TAGS) == "x<table><tr><td>y</table><pre>"


def test_attributes_are_read_with_and_without_quotes() -> None:
    source = '<A HREF=x title = \'a"b\' class="c" href=y>'

    (tag,) = read_html(source)

    attributes = {"href": "x", "title": 'a"b', "class": "c"}
    assert tag == Tag("a", False, attributes, source)


def test_a_cell_may_have_attributes_without_a_value() -> None:
    tags = list(read_html("<table border><tr><td nowrap>x"))

    assert [type(tag) for tag in tags] == [Tag, Tag, Tag, Text]


@pytest.mark.parametrize(
    "chunk",
    [
        *("<", "<!--", "</", "<b", "<b>", "</b>", "<a ", "<a\t", "<a b=", "&#"),
        *('<a b="', "<a b='", "<a b=\"' ", "<a b='\" c=\"' ", "<b x y z ", "<a x"),
        *("<table><tr><td>", "<td>", "<pre>", '<a b="x"', 'a="', " ", "\n<p>"),
    ],
)
def test_it_takes_time_in_proportion_to_the_length(chunk: str) -> None:
    def seconds(count: int) -> float:
        html = "<b " + chunk * count
        began = time.process_time()
        plain_text(html)
        return time.process_time() - began

    # Ten times as much would take a hundred times as long if it were not so.
    short = min(seconds(5_000) for _ in range(3))
    assert min(seconds(50_000) for _ in range(3)) < 40 * short + 0.05


HTML = st.lists(
    st.sampled_from(
        [
            *("<b>", "</b>", "<i>", "</i>", "<table>", "</table>", "<tr>", "<td>"),
            *("<p>", "<br>", "<none>", "<!--", "-->", "<a href='x'>", "</a>", "<", ">"),
            *('"', "'", "=", "/", "&lt;", "&amp;", "<b and c>", "\n", " ", "word"),
        ]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)


@given(HTML)
def test_the_parts_hold_all_that_is_no_tag(html: str) -> None:
    parts = list(read_html(html))
    texts = "".join(part.source for part in parts if isinstance(part, Text))
    tags = [part for part in parts if isinstance(part, Tag)]

    assert all(tag.name in TAGS for tag in tags)
    assert len(texts) <= len(html)
    if not tags:
        assert texts == html


@given(HTML)
def test_every_sign_of_a_text_is_in_the_plain_form(html: str) -> None:
    texts = "".join(part.text for part in read_html(html) if isinstance(part, Text))

    def signs(text: str) -> str:
        return "".join(text.replace("|", "").split())

    assert signs(plain_text(html)) == signs(texts)
