from __future__ import annotations

from tests.docs.console import matches, read_steps


def test_a_block_is_split_at_its_prompts() -> None:
    block = "$ first\nits output\n$ second \\\n> and more\n\n$ third\n"
    assert list(read_steps(block)) == [
        ("first", "its output\n"),
        ("second \\\nand more", "\n"),
        ("third", ""),
    ]


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert matches("id 17, sent\n", "id ..., sent")
    assert matches("a\nb\nc\n", "a\n...\nc\n")
    assert not matches("id 17, lost\n", "id ..., sent")
    assert not matches("a+b\n", "aab\n")


def test_dots_on_a_line_stand_for_any_lines_or_none() -> None:
    assert matches("a\nb\n", "a\n...\nb\n...")
    assert not matches("a\nb\n", "...\nc\n...")


def test_columns_may_be_wider_than_the_page_shows() -> None:
    assert matches("ID    NAME\n1     Long name\n", "ID  NAME\n1   Long name")
    assert not matches("  ID\n", "ID\n  name")
