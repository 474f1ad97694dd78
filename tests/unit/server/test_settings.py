"""Settings name the files that belong to a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.server.settings import Settings


@pytest.mark.parametrize(
    ("name", "path"),
    [("file_folder", "hipkit.db.files"), ("token_file", "hipkit.db.admin-token")],
)
def test_what_belongs_to_a_database_stands_beside_it(name: str, path: str) -> None:
    assert getattr(Settings(database=Path("/srv/hipkit.db")), name) == (
        Path("/srv") / path
    )
