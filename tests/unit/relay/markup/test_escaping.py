from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.relay.markup.escaping import (
    ZERO_WIDTH_SPACE,
    code_with_gaps,
    code_with_longer_fence,
    defuse,
    escape_angles,
    escape_markdown,
    escape_markdown_line,
    markdown_link,
    pre_with_gaps,
    pre_with_longer_fence,
)


@pytest.mark.parametrize(
    "text",
    ["@here", "@Channel", "x @all", "é@everyone", "a@here", "x@all.com", "@**all**", "@bob", "@"]
)  # fmt: skip
def test_an_at_sign_mentions_nobody(text: str) -> None:
    assert defuse(text) == text.replace("@", f"@{ZERO_WIDTH_SPACE}")


@pytest.mark.parametrize("text", ["<!here>", "<!channel|x>", "<#C1>", "<users/all>"])
def test_a_bracket_mentions_nobody(text: str) -> None:
    assert defuse(text) == text.replace("<", f"<{ZERO_WIDTH_SPACE}")


@pytest.mark.parametrize("text", ["ann@example.com", "at 5 @ noon", "1 < 2 <b>"])
def test_what_mentions_nobody_stays_as_it_is(text: str) -> None:
    assert defuse(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*a* `b` ~c~ [d](e) f|g \\h", r"\*a\* \`b\` \~c\~ \[d\](e) f\|g \\h"),
        ("disk_free _a_", r"disk_free \_a\_"),
        (
            "1 < 2 <!here> <https://x|y>",
            r"1 &lt; 2 &lt;" + "\u200b" + r"!here> &lt;https://x\|y>",
        ),
        ("R&D &amp; &#64;here", "R&D &amp;amp; &amp;#64;here"),
    ],
)
def test_markdown_in_a_text_is_none(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("# a", r"\# a"),
        ("- a", r"\- a"),
        ("+ a", r"\+ a"),
        ("> a", r"\> a"),
        ("---", r"\---"),
        ("===", r"\==="),
        ("=", r"\="),
        ("- - -", r"\- - -"),
        ("--\t-", "\\--\t-"),
        ("12. a", r"12\. a"),
        ("3) a", r"3\) a"),
        ("    a", "\xa0\xa0\xa0\xa0a"),
        ("-5 degrees", "-5 degrees"),
        ("12.5 GB", "12.5 GB"),
        ("**a**", "**a**"),
    ],
)
def test_a_line_begins_nothing(line: str, escaped: str) -> None:
    assert escape_markdown_line(line) == escaped


def test_an_address_does_not_end_its_link() -> None:
    link = markdown_link("a", "https://x.y/(b)c")
    assert link == "[a](https://x.y/%28b%29c)"
    link = markdown_link("a", "https://x.y/?a=1&b=2&copy;")
    assert link == "[a](https://x.y/?a=1&b=2&amp;copy;)"


@given(st.text("`a \n@<!", min_size=1))
def test_code_does_not_end_early(text: str) -> None:
    line = text.replace("\n", " ")
    code, block = code_with_longer_fence(line), pre_with_longer_fence(text)
    fence = code[: len(code) - len(code.lstrip("`"))]
    assert fence not in code[len(fence) : -len(fence)]
    fence = block.partition("\n")[0]
    assert fence not in block[len(fence) : -len(fence)]
    assert code_with_gaps(line).count("`") == 2
    assert "```" not in pre_with_gaps(text)[4:-4]


def test_nothing_rings_out_of_code() -> None:
    assert "@here" not in code_with_longer_fence("@here")
    assert "<!here" not in pre_with_longer_fence("<!here>")


def test_brackets_and_references_are_escaped_for_slack() -> None:
    assert escape_angles("<!here> &lt; a") == "&lt;\u200b!here&gt; &amp;lt; a"
