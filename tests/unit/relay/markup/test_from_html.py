from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.messages.message_html import plain_text as html_text
from hipkit.relay.markup.from_html import (
    DEEPEST,
    KNOWN,
    LONGEST_SOURCE,
    MOST_ELEMENTS,
    read_html_tree,
)
from hipkit.relay.markup.tree import Element, Node
from tests.unit.relay.markup.trees import outline


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("<strong>a</strong> <em>b</em> <del>c</del>", "<b>a</b> <i>b</i> <s>c</s>"),
        ("a<br>b<br/>c", "a<br>b<br>c"),
        ("<a href='https://x.y/z'>go</a>", "<a https://x.y/z>go</a>"),
        ("<ul><li>a</li><li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<h2>Head</h2>text", "<p><b>Head</b></p>text"),
        ("<dl><dt>a<dd>b</dl>c", "<p><b>a</b></p><p>b</p>c"),
        ("<div>a<p>b</p>c</div>", "<p>a</p><p>b</p><p>c</p>"),
        (
            "<table><thead><tr><th>a</thead><tbody><tr><td>b</tbody></table>",
            "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>",
        ),
        ("<span style='color:red'>a</span><font>b</font>", "ab"),
    ],
)
def test_the_tags_of_hipchat_are_read(html: str, tree: str) -> None:
    assert outline(read_html_tree(html)) == tree


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("user is <none>, 1 < 2", "user is <none>, 1 < 2"),
        ("&lt;b&gt; &amp;amp; &nbsp;x &#128077;", "<b> &amp; \xa0x 👍"),
        ("(thumbsup) @ann :-)", "(thumbsup) @ann :-)"),
    ],
)
def test_what_hipchat_showed_as_text_is_text(html: str, tree: str) -> None:
    assert outline(read_html_tree(html)) == tree


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("a  \n <b> c </b>  d<br> e \n", "a <b>c</b> d<br>e"),
        ("<p> a </p> <p> b </p>", "<p>a</p><p>b</p>"),
        ("a <b></b> b", "a b"),
        ("a<img src='https://x.y/z.png'> b", "a<img https://x.y/z.png> b"),
        ("<pre>\n a\n  b </pre>", "<pre> a\n  b </pre>"),
        ("<pre>a<br>b <b>c</b></pre>", "<pre>a\nb c</pre>"),
    ],
)
def test_white_space_collapses_as_in_browsers(html: str, tree: str) -> None:
    assert outline(read_html_tree(html)) == tree


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("<b>x <i>y</b> z</i>", "<b>x <i>y</i></b><i> z</i>"),
        ("<b><b>x</b>y</b>z", "<b>xy</b>z"),
        ("<b>x</b><b>y</b> <b>z</b>", "<b>xy</b> <b>z</b>"),
        ("<b>x<p>y</p>z</b>", "<b>x</b><p><b>y</b></p><b>z</b>"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<table><tr><td>a<td>b<tr></table>", "<table><tr><td>a</td><td>b</td></tr></table>"),
        ("<li>a<li>b", "<ul><li>a</li><li>b</li></ul>"),
        ("<ul>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<table>a<tr><td>b</table>", "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>"),
        ("<a href='https://x.y/1'>a<a href='https://x.y/2'>b</a>", "<a https://x.y/1>a</a><a https://x.y/2>b</a>"),
        ("</b>a</p>", "</b>a</p>"),
    ],
)  # fmt: skip
def test_broken_html_is_read_as_browsers_read_it(html: str, tree: str) -> None:
    assert outline(read_html_tree(html)) == tree


@pytest.mark.parametrize(
    "html",
    [
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='jAvAsCrIpT:alert(1)'>x</a>",
        "<a href='java&#10;script:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<img src='javascript:alert(1)' alt=x>",
        "<img src='/files/secret' alt='x'>",
    ],
)
def test_of_an_unsafe_address_the_text_stays(html: str) -> None:
    assert outline(read_html_tree(html)) == "x"


def test_a_web_address_in_the_text_is_a_link() -> None:
    tree = read_html_tree("see https://x.y/a_b?c=1&amp;d=2). <code>http://x.y</code>")
    assert outline(tree) == (
        "see <a https://x.y/a_b?c=1&d=2>https://x.y/a_b?c=1&d=2</a>). "
        "<code>http://x.y</code>"
    )


def test_what_is_too_long_is_cut_and_said_so() -> None:
    tree = outline(read_html_tree("x" * LONGEST_SOURCE + "yz"))
    assert tree.endswith("xx … (2 more characters)")


@pytest.mark.parametrize(
    "part",
    ["<b>", "<i>x</i><b>", "<div>", "<li>", "<table><tr><td>", "<p>x", "<b><p><i></b>"],
)
def test_hostile_nesting_is_bounded(part: str) -> None:
    start = "<b><i><s><code><a href='https://x.y'>"
    nodes = read_html_tree(start + part * (LONGEST_SOURCE // len(part)))
    assert depth(nodes) <= DEEPEST + 8
    assert count(nodes) <= 3 * MOST_ELEMENTS


def depth(nodes: tuple[Node, ...]) -> int:
    inner = [depth(node.children) for node in nodes if isinstance(node, Element)]
    return 1 + max(inner, default=0)


def count(nodes: tuple[Node, ...]) -> int:
    inner = [count(node.children) for node in nodes if isinstance(node, Element)]
    return len(inner) + sum(inner)


TAGS = sorted(KNOWN - {"a", "img"})
SOURCE = st.lists(
    st.one_of(
        st.sampled_from([f"<{name}>" for name in TAGS]),
        st.sampled_from([f"</{name}>" for name in [*TAGS, "a"]]),
        st.just("<a href='https://x.y'>"),
        st.just("<img src='https://x.y/z.png'>"),
        st.text("ab \n", max_size=5),
    ),
    max_size=40,
).map("".join)
HOLDS = {"ul": {"li"}, "ol": {"li"}, "table": {"tr"}, "tr": {"td", "th"}}
INLINE = {"a", "b", "code", "i", "s"}
MAY_BE_INLINE = INLINE | {"br", "img"}


@given(SOURCE)
def test_no_letter_is_lost_and_every_element_is_in_its_place(html: str) -> None:
    nodes = read_html_tree(html)
    shown = letters(outline_text(nodes))
    # Both keep all that they show as text. Only this one reads more tags than HipChat's.
    assert letters(html_text(html, KNOWN)).replace("(picture)", "") == shown
    check_places("", nodes)


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("<table><li>x", "<table><tr><td><ul><li>x</li></ul></td></tr></table>"),
        (
            "<table><tr>x<li>y</li><tr><td>z",
            "<table><tr><td>x<ul><li>y</li></ul></td></tr><tr><td>z</td></tr></table>",
        ),
        (
            "<table><ul><td>x<td>y",
            "<table><tr><td><ul><li><table><tr><td>x</td><td>y</td></tr></table></li></ul>"
            "</td></tr></table>",
        ),
    ],
)
def test_a_part_that_is_put_into_a_part_is_placed_there_too(
    html: str, tree: str
) -> None:
    nodes = read_html_tree(html)
    check_places("", nodes)
    assert outline(nodes) == tree


def letters(text: str) -> str:
    return "".join(text.replace("|", "").split())


def outline_text(nodes: tuple[Node, ...]) -> str:
    return "".join(
        outline_text(node.children) if isinstance(node, Element) else outline([node])
        for node in nodes
    )


def check_places(parent: str, nodes: tuple[Node, ...]) -> None:
    for node in nodes:
        kind = node.tag if isinstance(node, Element) else ""
        if parent in HOLDS:
            assert kind in HOLDS[parent]
        else:
            assert kind not in {"li", "td", "th", "tr"}
        if parent in INLINE:
            assert kind in MAY_BE_INLINE | {""}
        if isinstance(node, Element):
            check_places(kind, node.children)


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        (
            "<a href='https://evil.example/x'>https://<b>bank.example</b>/login</a>",
            "<a https://evil.example/x>https://<b>bank.example</b>/login (evil.example)</a>",
        ),
        (
            "<a href='https://bank.example/x'>https://bank.example</a>",
            "<a https://bank.example/x>https://bank.example</a>",
        ),
    ],
)
def test_a_link_that_reads_as_another_address_shows_its_host(
    html: str, tree: str
) -> None:
    assert outline(read_html_tree(html)) == tree


def test_a_picture_that_reads_as_another_address_shows_its_host() -> None:
    html = "<img src='https://evil.example/x.png' alt='https://bank.example'>"
    (picture,) = read_html_tree(html)
    assert isinstance(picture, Element)
    assert picture.alt == "https://bank.example (evil.example)"
