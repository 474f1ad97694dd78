"""Backups of a server that is at work, and back again under one."""

from __future__ import annotations

import json
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.serving import Running, hipkit, serving

WRITERS = 4
FILE = (
    b"--b\r\nContent-Type: application/json\r\n\r\n%s\r\n--b\r\n"
    b'Content-Disposition: attachment; name="file"; filename="a.bin"\r\n\r\n%s\r\n--b--'
)


@dataclass
class Load:
    """Threads that say numbers in a room, every tenth with a file that holds it."""

    server: Running
    is_over: threading.Event = field(default_factory=threading.Event)
    answers: set[int] = field(default_factory=set)
    said: list[int] = field(default_factory=lambda: [0] * WRITERS)

    def __enter__(self) -> Load:
        self.threads = [
            threading.Thread(target=self.say, args=(number,))
            for number in range(WRITERS)
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def say(self, writer: int) -> None:
        while not self.is_over.is_set():
            number = self.said[writer]
            message = {"message": f"{writer} {number}"}
            if number % 10:
                status, _, _ = self.server.call("POST", "/room/Ops/message", message)
            else:
                status = share(self.server, message)
            self.answers.add(status)
            self.said[writer] += 1

    def wait_for(self, more: int) -> None:
        """Wait until every thread has said so many more."""
        wanted = [count + more for count in self.said]
        while any(now < then for now, then in zip(self.said, wanted, strict=True)):
            assert all(thread.is_alive() for thread in self.threads)
            self.is_over.wait(0.01)


def share(server: Running, message: dict[str, str]) -> int:
    body = FILE % (json.dumps(message).encode(), message["message"].encode() * 10_000)
    connection = server.connect()
    headers = {
        "Authorization": f"Bearer {server.token}",
        "Content-Type": "multipart/related; boundary=b",
    }
    connection.request("POST", "/v2/room/Ops/share/file", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def read_all(server: Running) -> list[str]:
    """Return everything that was said, the newest first; each file is what it should be."""
    said: list[str] = []
    path = "/room/Ops/history?date=2100-01-01&max-results=1000&reverse=false"
    while True:
        status, _, body = server.call("GET", f"{path}&start-index={len(said)}")
        assert status == 200
        page: dict[str, Any] = json.loads(body)
        for item in page["items"]:
            said.append(item["message"])
            if "file" in item:
                address = "/" + item["file"]["url"].split("/", 3)[3]
                connection = server.connect()
                connection.request("GET", address)
                content = connection.getresponse().read()
                connection.close()
                assert content == item["message"].encode() * 10_000
        if "next" not in page["links"]:
            return said


def check_whole(said: list[str]) -> int:
    """Check that each thread's numbers are there from the first on, and return how many in all."""
    for writer in range(WRITERS):
        own = [text for text in said if text.startswith(f"{writer} ")]
        assert own == [f"{writer} {n}" for n in reversed(range(len(own)))]
    return len(said)


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    folder = tmp_path / "busy"
    folder.mkdir()
    return folder


def test_a_backup_under_load_is_one_snapshot(busy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with serving(busy, "--no-rate-limits") as server:
        assert server.call("POST", "/room", {"name": "Ops"})[0] == 201
        with Load(server) as load:
            load.wait_for(20)
            least = sum(load.said)
            done = hipkit(busy, "backup", "--db", "chat.db", "../a.tar", "--json")
            most = sum(load.said) + WRITERS
            load.wait_for(20)
        token = server.token
        assert load.answers == {201, 204}
        assert server.stop() == 0
        assert server.stderr_lines == [
            line for line in server.stderr_lines if "ERROR" not in line
        ]
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["missing"] == 0
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert len(tar.getnames()) == report["files"] + 2

    back = hipkit(elsewhere, "restore", "--db", "chat.db", "../a.tar")

    assert back.returncode == 0, back.stderr
    (elsewhere / "chat.db.admin-token").write_text(token)
    with serving(elsewhere, "--no-rate-limits") as server:
        assert least <= check_whole(read_all(server)) <= most


def test_a_restore_under_load_is_seen_at_once(busy: Path, tmp_path: Path) -> None:
    with serving(busy, "--no-rate-limits") as server:
        assert server.call("POST", "/room", {"name": "Ops"})[0] == 201
        with Load(server) as load:
            load.wait_for(10)
        done = hipkit(busy, "backup", "--db", "chat.db", "a.tar")
        assert done.returncode == 0, done.stderr
        before = read_all(server)
        with Load(server) as later:
            later.wait_for(10)
            back = hipkit(
                busy, "restore", "--db", "chat.db", "a.tar", "--replace", "--json"
            )
            assert back.returncode == 0, back.stderr
            after_restore = list(later.said)
            later.wait_for(10)
        # No call failed, and all that was said after the restore is there.
        assert later.answers == {201, 204}
        said = read_all(server)
        assert said[-len(before) :] == before
        newer = said[: -len(before)]
        for writer in range(WRITERS):
            own = [text for text in newer if text.startswith(f"{writer} ")]
            last = later.said[writer]
            first = last - len(own)
            assert own == [f"{writer} {n}" for n in reversed(range(first, last))]
            assert first <= after_restore[writer] + 1
        status, _, _ = server.call("POST", "/room/Ops/message", {"message": "and on"})
        assert status == 201
        assert server.stop() == 0
    saved = Path(json.loads(back.stdout)["saved_as"])
    assert saved.parent == busy
    assert saved.stat().st_mode & 0o077 == 0
    assert not list(busy.glob(".hipkit-work-*"))


def test_a_backup_goes_down_a_pipe(busy: Path) -> None:
    with serving(busy) as server:
        assert server.call("POST", "/room", {"name": "Ops"})[0] == 201
        done = hipkit(busy, "backup", "--db", "chat.db", "--", "a.tar")
        assert done.returncode == 0, done.stderr
        assert hipkit(busy, "backup", "--db", "chat.db", "a.tar").returncode == 1
        assert server.stop() == 0
    assert hipkit(busy, "restore", "--db", "b.db", "a.tar").returncode == 0
    assert hipkit(busy, "restore", "--db", "b.db", "a.tar").returncode == 1
