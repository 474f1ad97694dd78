from __future__ import annotations

from codegen.planning.prose import paragraphs, titled


def test_a_long_title_becomes_a_paragraph() -> None:
    assert titled("Get a thing", "Call `get_thing`.") == ["Get a thing."]
    assert titled("long " * 20, "Call `get_thing`.") == [
        "Call `get_thing`.",
        f"{'long ' * 20}".strip() + ".",
    ]


def test_lists_keep_their_lines_and_text_is_joined() -> None:
    assert paragraphs("one\ntwo\n\n- a\n- b\n") == ["one two", "- a\n- b\n"]
