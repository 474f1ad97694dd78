"""Files whose names are paths, or worse: nothing is written elsewhere, and nothing is run.

Each is shared as it stands, byte for byte, and fetched again from where the server says it is.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.serving import Running
from tests.faults.load import ROOM
from tests.faults.serving import DATABASE, serving

__all__ = ["NAMES", "run"]

CONTENT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
NAMES = (
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\boot.ini",
    "....//....//etc/passwd",
    "..",
    ".",
    "",
    "a/../../b",
    "%2e%2e%2fetc%2fpasswd",
    "~root/.ssh/authorized_keys",
    "CON",
    "chat.db",
    "a" * 5000,
    "a\tb",
    "évil\u202etxt.exe",
    "page.html",
    "picture.svg",
    "a'b;c&d<script>alert(1)</script>.html",
)


def run(folder: Path) -> int:
    """Share a file of each name; return how many were taken.

    Raises:
        AssertionError: Something is where it does not belong, or a browser could run it.
    """
    inside = folder / "inside"
    inside.mkdir()
    with serving(inside) as server:
        assert server.call("POST", "/room", {"name": ROOM})[0] == 201
        before = set(_files(folder))
        taken = [name for name in NAMES if _share(server, name) == 204]
        assert taken, "no name was taken"
        for name, url in _shared(server):
            _fetch(server, name, url)
        for target in (*NAMES, "..%2f..%2fchat.db", "../chat.db", "/../../chat.db"):
            path = f"/files/{target}".encode(errors="replace").replace(b" ", b"%20")
            answer = server.raw(
                b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            assert not answer.startswith(b"HTTP/1.1 200 "), target
        assert server.stop() == 0
        assert "Traceback" not in "".join(server.stderr_lines)
    kept = inside / f"{DATABASE}.files"
    for file in set(_files(folder)) - before:
        is_database = file.name.startswith(DATABASE)
        assert is_database or file.is_relative_to(kept), file
        assert is_database or file.stat().st_mode & 0o111 == 0, file
    assert len(list(_files(kept))) == len(taken)
    return len(taken)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _share(server: Running, name: str) -> int:
    disposition = (
        b'Content-Disposition: attachment; name="file"; filename="%b"' % name.encode()
    )
    body = b"--b\r\n" + disposition + b"\r\n\r\n" + CONTENT + b"\r\n--b--\r\n"
    head = (
        f"POST /v2/room/{ROOM}/share/file HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {server.token}\r\nConnection: close\r\n"
        "Content-Type: multipart/related; boundary=b\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    status = int(server.raw(head.encode() + body).split()[1])
    assert status in (204, 400), (name, status)
    return status


def _shared(server: Running) -> Iterator[tuple[str, str]]:
    path = f"/room/{ROOM}/history?max-results=100"
    for item in json.loads(server.call("GET", path)[2])["items"]:
        yield item["file"]["name"], item["file"]["url"]


def _fetch(server: Running, name: str, url: str) -> None:
    assert "/" not in name, name
    assert "\\" not in name, name
    assert name not in ("", ".", ".."), name
    target = url.removeprefix(server.base_url.removesuffix("/v2"))
    request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    head, _, body = server.raw(request.encode()).partition(b"\r\n\r\n")
    assert body == CONTENT, head
    shown = head.lower()
    assert b"x-content-type-options: nosniff" in shown
    # Either it is kept for the disk, or a browser shows it without running anything in it.
    assert b"content-disposition: attachment" in shown or b"sandbox" in shown, head


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    for _ in range(parser.parse_args().rounds):
        with tempfile.TemporaryDirectory() as name:
            taken = run(Path(name))
        print(
            f"{taken} of {len(NAMES)} names were taken, the others refused; every file lies in"
            " the folder for files, none can be run by a browser"
        )


if __name__ == "__main__":
    main()
