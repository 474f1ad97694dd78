"""Settings name the files that belong to a database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hipkit.server.certificates import create_or_renew
from hipkit.server.settings import Settings


@pytest.mark.parametrize(
    ("name", "path"),
    [("file_folder", "hipkit.db.files"), ("token_file", "hipkit.db.admin-token")],
)
def test_what_belongs_to_a_database_stands_beside_it(name: str, path: str) -> None:
    assert getattr(Settings(database=Path("/srv/hipkit.db")), name) == (
        Path("/srv") / path
    )


def test_a_certificate_of_the_own_authority_is_known_by_the_file_beside_it(
    tmp_path: Path,
) -> None:
    created = create_or_renew(tmp_path / "ca", ["localhost"], datetime.now(UTC))
    database, bought = tmp_path / "hipkit.db", tmp_path / "server.pem"
    bought.write_bytes(created.server_certificate.read_bytes())

    def has_own_authority(certificate: Path | None) -> bool:
        return Settings(
            database=database, tls_certificate=certificate
        ).has_own_authority

    assert has_own_authority(created.server_certificate)
    assert not has_own_authority(bought)
    assert not has_own_authority(None)
