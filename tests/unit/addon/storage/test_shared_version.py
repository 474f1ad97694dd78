from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hipkit import StorageError
from hipkit.addon.storage.shared_version import SharedVersion


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "add on.db-version"


def test_a_change_is_seen_by_all_that_have_the_file_open(path: Path) -> None:
    one, two = SharedVersion(path), SharedVersion(path)
    before = one.get()
    assert before is not None
    assert two.get() == before
    with one.change():
        pass
    assert one.get() == two.get() == before + 1


def test_there_is_no_version_while_it_is_changed(path: Path) -> None:
    one, two = SharedVersion(path), SharedVersion(path)
    with one.change():
        assert one.get() is None
        assert two.get() is None


def test_a_change_that_failed_has_ended(path: Path) -> None:
    version = SharedVersion(path)
    before = version.get()
    with pytest.raises(KeyError), version.change():
        raise KeyError
    assert version.get() not in (before, None)


def test_a_change_that_was_cut_off_ends_with_the_next_one(path: Path) -> None:
    killed, other = SharedVersion(path), SharedVersion(path)
    before = other.get()
    never_left = killed.change()
    never_left.__enter__()
    assert other.get() is None
    with other.change():
        pass
    assert other.get() not in (before, None)


def test_a_change_that_ends_late_undoes_nothing_of_the_next_one(path: Path) -> None:
    one, two = SharedVersion(path), SharedVersion(path)
    with one.change():
        with two.change():
            pass
        after = two.get()
    assert two.get() == after


def test_it_can_be_closed_twice_and_is_opened_again(path: Path) -> None:
    version = SharedVersion(path)
    with version.change():
        pass
    before = version.get()
    for _ in range(2):
        version.close()
    assert version.get() == before


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened: No such file"):
        SharedVersion(tmp_path / "missing" / "x").get()


def test_it_can_be_closed_while_another_thread_changes_it(path: Path) -> None:
    version = SharedVersion(path)
    before = version.get()
    with version.change():
        version.close()
    assert version.get() not in (before, None)


def test_a_full_disk_is_an_error_and_does_not_end_the_process(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(StorageError, match="No space left"):
        SharedVersion(path).get()


def test_two_that_create_the_file_at_once_undo_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = SharedVersion(path), SharedVersion(path)
    write = os.write

    def change_first(file: int, content: bytes) -> int:
        monkeypatch.setattr(os, "write", write)
        with one.change():
            return write(file, content)

    monkeypatch.setattr(os, "write", change_first)
    assert two.get() == one.get() == 1
