from __future__ import annotations

from sourcefiles.errors import LONGEST_MESSAGE, GenerationError


def test_an_error_is_one_short_line() -> None:
    text = str(GenerationError("one\ntwo\x1b" + "x" * 2 * LONGEST_MESSAGE))

    assert text.startswith("one two x")
    assert len(text) == LONGEST_MESSAGE + len("...")
