"""Disks that nobody may write to: clear errors, and all goes on once they are writable.

First the folder of shared files alone is read-only, under a server that runs; then, for one that is
to start, everything is.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest

from tests.e2e.serving import Running
from tests.faults.load import ROOM
from tests.faults.namespace import (
    can_mount,
    mount_small_disk,
    remount_read_only,
    run_inside,
)
from tests.faults.serving import DATABASE, serving

__all__ = ["can_mount", "run"]

DISK_BYTES = 16 * 1024 * 1024
FILE = (
    b'--b\r\nContent-Disposition: attachment; name="file"; filename="a.txt"\r\n\r\n'
    b"text\r\n--b--\r\n"
)


def run() -> str:
    """Make a server's disks read-only, and return what was seen."""
    return run_inside("tests.faults.read_only")


def _inside(folder: Path) -> None:
    mount_small_disk(folder, DISK_BYTES)
    files = folder / f"{DATABASE}.files"
    files.mkdir()
    mount_small_disk(files, DISK_BYTES)
    with serving(folder) as server:
        assert server.call("POST", "/room", {"name": ROOM})[0] == 201
        assert _share(server)[0] == 204
        remount_read_only(files, is_read_only=True)
        status, answer = _share(server)
        assert status in (500, 503), answer
        assert b"Traceback" not in answer
        assert _post(server) == 204  # Messages need no files.
        remount_read_only(files, is_read_only=False)
        assert _share(server)[0] == 204

        assert server.stop() == 0
        assert "Traceback" not in "".join(server.stderr_lines)
    remount_read_only(folder, is_read_only=True)
    with pytest.raises(RuntimeError) as caught, serving(folder):
        pass
    assert "Traceback" not in str(caught.value)
    assert DATABASE in str(caught.value)
    remount_read_only(folder, is_read_only=False)
    with serving(folder) as server:
        items = json.loads(server.call("GET", f"/room/{ROOM}/history")[2])["items"]
        assert len(items) == 3
    print(
        f"files read-only: {status} for files, messages went on, and files too once writable"
        " again, without a restart; everything read-only: the start is refused in a line"
    )


def _post(server: Running) -> int:
    path = f"/room/{ROOM}/notification"
    return server.call("POST", path, {"message": "hello"})[0]


def _share(server: Running) -> tuple[int, bytes]:
    head = (
        f"POST /v2/room/{ROOM}/share/file HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {server.token}\r\nConnection: close\r\n"
        "Content-Type: multipart/related; boundary=b\r\n"
        f"Content-Length: {len(FILE)}\r\n\r\n"
    )
    answer = server.raw(head.encode() + FILE)
    return int(answer.split()[1]), answer


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside is not None:
        _inside(arguments.inside)
        return
    if not can_mount():
        sys.exit("this machine lets nobody mount a file system of their own")
    for _ in range(arguments.rounds):
        print(run(), end="")


if __name__ == "__main__":
    main()
