"""A disk that fills up: clear answers that say to come back, and all goes on once there is room.

On a small file system in memory a file grows until nothing fits beside it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

from tests.e2e.serving import Running
from tests.faults.load import ROOM
from tests.faults.namespace import can_mount, mount_small_disk, run_inside
from tests.faults.serving import serving

__all__ = ["can_mount", "run"]

DISK_BYTES = 16 * 1024 * 1024
LEFT_BYTES = 512 * 1024
PIECE = bytes(4096)
TEXT = "x" * 5000
MOST_POSTS = 2000
FILE = (
    b'--b\r\nContent-Disposition: attachment; name="file"; filename="a.bin"\r\n\r\n'
    + bytes(2 * 1024 * 1024)
    + b"\r\n--b--\r\n"
)


def run() -> str:
    """Fill a disk under a server, and return what was seen."""
    return run_inside("tests.faults.full_disk")


def _inside(folder: Path) -> None:
    mount_small_disk(folder, DISK_BYTES)
    with serving(folder) as server:
        assert server.call("POST", "/room", {"name": ROOM})[0] == 201
        promised = [_post(server, "before")]
        ballast = folder / "ballast"
        _fill(ballast)
        refused = None
        for number in range(MOST_POSTS):
            text = f"{number} {TEXT}"
            status, headers, body = _try(server, text)
            if status != 204:
                refused = status, dict(headers), json.loads(body)
                break
            promised.append(text)
        assert refused is not None, "the disk was never full"
        status, said, answer = refused
        assert (status, said["Retry-After"]) == (503, "5"), refused
        assert answer["error"]["code"] == 503
        shared = server.raw(_share(server))
        assert shared.startswith(b"HTTP/1.1 503 "), shared[:200]
        assert b"Retry-After: 5\r\n" in shared
        # Reading goes on, and what was promised is there.
        assert _stored(server) == sorted(promised)
        ballast.unlink()
        promised.append(_post(server, "after"))
        assert server.raw(_share(server)).startswith(b"HTTP/1.1 204 ")
        assert _stored(server) == sorted(promised)
        assert server.stop() == 0
        assert "Traceback" not in "".join(server.stderr_lines)
    print(
        f"disk full after {len(promised) - 2} messages: 503 with Retry-After for messages and"
        " files, reading went on; with room again all went on without a restart"
    )


def _fill(ballast: Path) -> None:
    """Let a file grow until nothing more fits, and leave room for a few messages."""
    with ballast.open("wb", buffering=0) as file:
        try:
            for _ in itertools.count():
                file.write(PIECE)
        except OSError:
            file.truncate(file.tell() - LEFT_BYTES)


def _try(server: Running, text: str) -> tuple[int, list[tuple[str, str]], bytes]:
    return server.call("POST", f"/room/{ROOM}/notification", {"message": text})


def _post(server: Running, text: str) -> str:
    status, _, body = _try(server, text)
    assert status == 204, body
    return text


def _share(server: Running) -> bytes:
    head = (
        f"POST /v2/room/{ROOM}/share/file HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {server.token}\r\nConnection: close\r\n"
        "Content-Type: multipart/related; boundary=b\r\n"
        f"Content-Length: {len(FILE)}\r\n\r\n"
    )
    return head.encode() + FILE


def _stored(server: Running) -> list[str]:
    path = (
        f"/room/{ROOM}/history?date=2100-01-01T00:00:00Z&reverse=false&max-results=1000"
    )
    status, _, body = server.call("GET", path)
    assert status == 200
    items = json.loads(body)["items"]
    return sorted(item["message"] for item in items if "file" not in item)


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
