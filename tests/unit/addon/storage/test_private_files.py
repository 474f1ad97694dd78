from __future__ import annotations

import os
from pathlib import Path

import pytest

from hipkit.addon.storage.private_files import open_private


def access(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_created_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "x"
    file = open_private(path)
    assert os.write(file, b"abc") == 3
    os.close(file)
    assert access(path) == 0o600


def test_access_of_others_is_taken_away_and_what_it_holds_stays(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    path.chmod(0o666)
    os.close(open_private(path))
    assert access(path) == 0o600
    assert path.read_bytes() == b"abc"


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_not_followed(tmp_path: Path, *, exists: bool) -> None:
    target = tmp_path / "of somebody else"
    if exists:
        target.write_bytes(b"abc")
    path = tmp_path / "x"
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        open_private(path)
    assert target.exists() == exists


def test_a_file_whose_access_cannot_be_changed_is_not_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.touch()
    path.chmod(0o644)
    opened: list[int] = []

    def refuse(file: int, _: int) -> None:
        opened.append(file)
        raise PermissionError

    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(PermissionError):
        open_private(path)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
