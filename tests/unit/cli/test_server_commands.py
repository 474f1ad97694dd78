"""`hipkit serve` and `hipkit admin`, where no server has to run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.cli.conftest import Hipkit


def test_an_address_that_is_none_is_refused_before_anything_is_made(
    hipkit: Hipkit, tmp_path: Path
) -> None:
    database = tmp_path / "chat.db"

    done = hipkit(
        "serve", "--db", str(database), "--port", "0", "--admin-email", "nonsense"
    )

    assert done.code == 2
    assert "--admin-email" in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [1, 2, 3])
def test_the_database_may_be_named_after_any_word_of_a_command(
    place: int, hipkit: Hipkit, tmp_path: Path
) -> None:
    database = tmp_path / "chat.db"
    asyncio.run(open_server(Settings(database=database))).close()
    words = ["admin", "user", "list"]
    words[place:place] = ["--db", str(database)]

    done = hipkit(*words, "--json")

    assert done.code == 0, done.err
    assert "admin@example.com" in done.out


def test_the_later_database_wins(hipkit: Hipkit, tmp_path: Path) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    asyncio.run(open_server(Settings(database=second))).close()

    done = hipkit("admin", "--db", str(first), "user", "list", "--db", str(second))

    assert done.code == 0, done.err
    assert not first.exists()


def test_a_command_of_admin_explains_db(hipkit: Hipkit) -> None:
    assert "--db" in hipkit("admin", "user", "list", "--help").out
