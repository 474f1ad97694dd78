"""`hipkit backup` and `hipkit restore`: what they print, and what they refuse to replace."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.cli.conftest import Hipkit


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "chat.db"
    asyncio.run(open_server(Settings(database=path))).close()
    return path


def test_a_backup_is_restored_to_a_new_database(
    hipkit: Hipkit, database: Path, tmp_path: Path
) -> None:
    backup, other = tmp_path / "backup.tar", tmp_path / "other.db"

    done = hipkit("backup", str(backup), "--db", str(database), "--json")
    restored = hipkit("restore", str(backup), "--db", str(other), "--json")

    assert (done.code, restored.code) == (0, 0), done.err + restored.err
    written, read = json.loads(done.out), json.loads(restored.out)
    assert written["backup"] == str(backup)
    assert read["database"] == str(other)
    assert read["saved_as"] is None
    for name in ("created", "files", "size_bytes", "missing"):
        assert written[name] == read[name]
    assert other.exists()


def test_people_read_how_much_was_backed_up(
    hipkit: Hipkit, database: Path, tmp_path: Path
) -> None:
    done = hipkit("backup", str(tmp_path / "backup.tar"), "--db", str(database))

    assert "the database and 0 files, " in done.out
    assert done.err == ""


def test_a_restore_replaces_a_database_only_on_request_and_saves_it_first(
    hipkit: Hipkit, database: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.tar"
    hipkit("backup", str(backup), "--db", str(database))

    refused = hipkit("restore", str(backup), "--db", str(database))
    replaced = hipkit("restore", str(backup), "--db", str(database), "--replace")

    assert refused.code != 0
    assert "--replace" in refused.err
    assert replaced.code == 0, replaced.err
    saved = replaced.out.splitlines()[1].removeprefix("the previous data is in ")
    assert Path(saved).exists()


def test_a_backup_never_replaces_a_file(
    hipkit: Hipkit, database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "backup.tar"
    target.write_text("mine")

    done = hipkit("backup", str(target), "--db", str(database))

    assert done.code != 0
    assert "already exists" in done.err
    assert target.read_text() == "mine"
