"""The files beside a database, which are for the owner of the database only."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["open_private"]


def open_private(path: Path, *, flags: int = 0) -> int:
    """Open a file for reading and writing, and return its number.

    It is created if there is none. In a folder where others may write, one of them could have put
    a file there that they can write to, or a link to another file.

    Args:
        path: The file.
        flags: More flags of `os.open`.

    Raises:
        OSError: It cannot be opened, is a symbolic link, or belongs to another user who has access.
    """
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | flags, 0o600)
    try:
        if os.fstat(file).st_mode & 0o077:
            os.fchmod(file, 0o600)
    except BaseException:
        os.close(file)
        raise
    return file
