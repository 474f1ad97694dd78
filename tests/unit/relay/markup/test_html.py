"""The tree as HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.tree import Element, Mention, Node, Text


def element(tag: str, *children: Node, **more: str) -> Element:
    return Element(tag=tag, children=children, **more)  # type: ignore[arg-type]  # any of the tags


@pytest.mark.parametrize(
    ("nodes", "html"),
    [
        ([Text("a < b & c")], "a &lt; b &amp; c"),
        ([element("b", Text("x")), Text("y")], "<strong>x</strong>y"),
        ([element("i", element("s", Text("x")))], "<em><del>x</del></em>"),
        ([Text("a"), element("br"), Text("b")], "a<br>b"),
        (
            [element("ul", element("li", Text("one")), element("li", Text("two")))],
            "<ul><li>one</li><li>two</li></ul>",
        ),
        (
            [element("table", element("tr", element("th", Text("a"))))],
            "<table><tr><th>a</th></tr></table>",
        ),
        ([element("pre", Text("a\n  b"))], "<pre>a\n  b</pre>"),
        (
            [element("a", Text("log"), url='https://ci.example.com/?a=1&b="2"')],
            '<a href="https://ci.example.com/?a=1&amp;b=&quot;2&quot;">log</a>',
        ),
        ([Mention("bob"), Mention("here")], "@bob@here"),
    ],
)
def test_each_kind_of_node_has_its_html(nodes: list[Node], html: str) -> None:
    assert write_html(nodes) == html


@pytest.mark.parametrize(
    ("shows_pictures", "alt", "html"),
    [
        (True, "CPU", '<img src="https://e.com/a.png" alt="CPU">'),
        (False, "CPU", '<a href="https://e.com/a.png">CPU</a>'),
        (False, "", '<a href="https://e.com/a.png">https://e.com/a.png</a>'),
    ],
)
def test_a_picture_is_shown_or_linked(
    shows_pictures: bool, alt: str, html: str
) -> None:
    nodes = [element("img", url="https://e.com/a.png", alt=alt)]

    assert write_html(nodes, shows_pictures=shows_pictures) == html


def test_who_is_mentioned_can_be_written_otherwise() -> None:
    assert write_html([Mention("bob")], write_mention=str.upper) == "BOB"
    assert write_html([Mention("bob"), Text("x")], write_text=str.upper) == "@BOBX"


@given(st.text(), st.text(), st.text())
def test_no_text_of_the_source_becomes_markup(text: str, url: str, name: str) -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(
            self, tag: str, attrs: list[tuple[str, str | None]]
        ) -> None:
            self.found.append(tag)
            assert [name for name, _ in attrs] == (["href"] if tag == "a" else [])

    parser = Tags()

    parser.feed(write_html([element("a", Text(text), url=url), Mention(name)]))
    parser.close()

    assert parser.found == ["a"]
