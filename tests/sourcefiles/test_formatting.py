"""What ruff cannot format is an error, with ruff's own words."""

from __future__ import annotations

import pytest

from sourcefiles.errors import GenerationError
from sourcefiles.formatting import formatted


def test_what_is_not_python_is_an_error_that_names_the_file() -> None:
    with pytest.raises(GenerationError, match=r"^ruff check failed: .*broken\.py"):
        formatted("package", {"broken.py": "def\n"})
