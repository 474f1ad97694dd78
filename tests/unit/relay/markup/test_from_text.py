from __future__ import annotations

import pytest

from hipkit.relay.markup.from_html import LONGEST_SOURCE
from hipkit.relay.markup.from_text import read_text_tree
from tests.unit.relay.markup.trees import outline


def test_html_in_a_text_is_text() -> None:
    assert outline(read_text_tree("<b>1 &lt; 2</b>")) == "<b>1 &lt; 2</b>"


def test_lines_and_spaces_stay() -> None:
    assert outline(read_text_tree("a  b\r\n    c\n\n")) == "a  b<br>    c"


def test_only_users_that_are_mentioned_are_mentions() -> None:
    tree = read_text_tree("@Ann @nobody @All ann@example.com", mentions=["ann", "all"])
    assert outline(tree) == "{ann} @nobody {all} ann@example.com"


def test_links_are_found_as_the_server_finds_them() -> None:
    tree = read_text_tree("(https://x.y/@ann). javascript:alert(1) (thumbsup)")
    assert outline(tree) == (
        "(<a https://x.y/%40ann>https://x.y/@ann</a>). javascript:alert(1) (thumbsup)"
    )


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("/code\nif x:\n  @ann", "<pre>if x:\n  @ann</pre>"),
        ("/quote a\n@ann", "<blockquote>a<br>{ann}</blockquote>"),
        ("/me waves at @ann", "<i>Bob waves at {ann}</i>"),
        ("/codex", "/codex"),
    ],
)
def test_slash_commands_have_their_effect(text: str, tree: str) -> None:
    assert outline(read_text_tree(text, mentions=["ann"], sender="Bob")) == tree


def test_what_is_too_long_is_cut_and_said_so() -> None:
    tree = outline(read_text_tree("x" * LONGEST_SOURCE + "yz"))
    assert tree.endswith("xx … (2 more characters)")
