from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codegen.writing.render import LITERAL_WIDTH, wrapped


@given(st.text(alphabet=st.sampled_from("ab -\n'\"\\é{}")))
def test_a_wrapped_text_evaluates_to_the_text(text: str) -> None:
    assert eval(wrapped(text)) == text  # noqa: S307 - that it is a literal is the test


def test_a_long_text_is_wrapped_into_short_literals() -> None:
    pieces = wrapped("several words " * 20).strip("()").split("' '")

    assert len(pieces) > 4
    assert all(len(piece) <= LITERAL_WIDTH + 2 for piece in pieces)
