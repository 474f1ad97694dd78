"""One server a database, whatever name it goes by."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.lock import (
    InUseError,
    RunningServer,
    announce,
    announced,
    hold_lock,
    is_held,
)
from hipkit.server.storage.sqlite.database import SqliteDatabase


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hipkit.db"
    SqliteDatabase.open(path, durable=False).close()
    return path


def same_name(path: Path) -> Path:
    return path


def hard_link(path: Path) -> Path:
    (path.parent / "elsewhere").mkdir()
    link = path.parent / "elsewhere" / "other.db"
    link.hardlink_to(path)
    return link


def symbolic_link(path: Path) -> Path:
    link = path.with_name("link.db")
    link.symlink_to(path)
    return link


def link_to_a_hard_link(path: Path) -> Path:
    return symbolic_link(hard_link(path))


def renamed(path: Path) -> Path:
    return path.rename(path.with_name("renamed.db"))


def through_a_linked_folder(path: Path) -> Path:
    folder = path.parent / "folder"
    folder.symlink_to(path.parent)
    return folder / path.name


@pytest.mark.parametrize(
    "name",
    [
        same_name,
        hard_link,
        symbolic_link,
        link_to_a_hard_link,
        renamed,
        through_a_linked_folder,
    ],
)
def test_a_second_server_is_kept_away_under_every_name(
    database: Path, name: Callable[[Path], Path]
) -> None:
    with hold_lock(database):
        other = name(database)
        there = sorted(database.parent.rglob("*"))

        with pytest.raises(StorageError, match="another server runs on it") as caught:
            hold_lock(other).__enter__()

        assert str(other) in str(caught.value)
        assert sorted(database.parent.rglob("*")) == there
    with hold_lock(other):
        pass


def test_a_second_server_is_kept_from_the_name_of_a_file_that_went(
    database: Path,
) -> None:
    with hold_lock(database):
        database.unlink()

        with pytest.raises(StorageError, match="another server runs on it"):
            hold_lock(database).__enter__()


def test_the_lock_stays_while_connections_come_and_go(database: Path) -> None:
    with hold_lock(database):
        SqliteDatabase.open(database, durable=False).close()

        with pytest.raises(StorageError, match="another server runs on it"):
            hold_lock(hard_link(database)).__enter__()


def test_other_processes_may_write_meanwhile(database: Path) -> None:
    program = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1]);"
        "connection.execute('UPDATE chat_groups SET name = ?', ('new',));"
        "connection.commit()"
    )

    with hold_lock(database):
        subprocess.run([sys.executable, "-c", program, database], check=True)


def test_what_a_server_announces_is_read_and_ends_with_the_next_one(
    database: Path,
) -> None:
    running = RunningServer("https://chat.example.com", ["10.0.0.0/8"], True)
    with hold_lock(database):
        assert announced(database) is None
        announce(database, running)
        assert announced(database) == running
        with pytest.raises(InUseError):
            hold_lock(database).__enter__()

    with hold_lock(database):
        assert announced(database) is None


def no_open_file_locks(handle: object, command: int, argument: object = 0) -> bytes:
    """Answer as a kernel does that lacks such locks."""
    assert command in (fcntl.F_OFD_GETLK, fcntl.F_OFD_SETLK)
    raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize("kernel", ["with open file locks", "without"])
def test_whether_a_server_runs_is_asked_without_taking_its_place(
    database: Path, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kernel == "without":
        monkeypatch.setattr(fcntl, "fcntl", no_open_file_locks)
    assert not is_held(database)
    with hold_lock(database):
        assert is_held(database)
        assert is_held(hard_link(database))
    assert not is_held(database)


def test_no_server_runs_on_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert not is_held(tmp_path / "pipe")
    assert not is_held(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
