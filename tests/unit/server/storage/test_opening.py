"""Which database settings name, and what is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.opening import open_database
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.sqlite.database import SqliteDatabase


def test_a_path_alone_is_a_sqlite_file(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "hipkit.db")

    assert isinstance(opened, SqliteDatabase)
    opened.close()


def test_an_address_is_tried_and_no_file_is_made(tmp_path: Path) -> None:
    nowhere = Address("postgresql:///chat?host=/nowhere")

    with pytest.raises(StorageError, match="postgresql:///nowhere/chat: "):
        open_database(tmp_path / "hipkit.db", nowhere)
    assert list(tmp_path.iterdir()) == []


def test_without_its_package_an_address_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StorageError, match=r"pip install '\.\[postgres\]'"):
        Address("postgresql:///chat")


def test_a_server_on_sqlite_loads_nothing_of_postgresql() -> None:
    program = "import sys, hipkit.server.app; print('psycopg' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
