"""What `--db` takes."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Hipkit

ADDRESS = "postgresql://ann:correct-horse@localhost/chat"


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--db", ADDRESS),
        ("admin", "status", "--db", ADDRESS),
        ("admin", "--db", ADDRESS, "user", "list"),
        ("backup", "copy", "--db", ADDRESS),
        ("relay", "relay.toml", "--db", ADDRESS),
    ],
)
def test_an_address_with_its_password_is_not_quoted(
    hipkit: Hipkit, command: tuple[str, ...]
) -> None:
    ended = hipkit(*command)

    assert ended.code == 2
    assert "must be a SQLite file, not an address" in ended.err
    assert "horse" not in ended.out + ended.err
