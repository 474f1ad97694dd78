"""The annotated functions of two pages are those that the type checkers read in tests/typing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", ["history", "sending"])
def test_the_type_checkers_read_the_pages_function(repository: Path, page: str) -> None:
    text = (repository / "docs/how-to/developers" / f"{page}.md").read_text("utf-8")
    checked = (repository / "tests/typing" / f"page_{page}.py").read_text("utf-8")
    (block,) = (block for block in BLOCK.findall(text) if ") -> " in block)
    _, _, function = checked.partition('"""\n\n')
    assert function
    assert block.startswith(function)
