"""What the tests of the generator share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codegen.packages import Generate, generating


@pytest.fixture
def generate(tmp_path: Path) -> Iterator[Generate]:
    """Generate from a document and import the package."""
    with generating(tmp_path) as function:
        yield function
