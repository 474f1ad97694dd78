"""A database has one name, is closed while it is used, and is not taken into another process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hipkit.addon.storage.sqlite import SqliteStorage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "add on.db"


async def test_a_link_to_the_file_is_another_name_of_it(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    one, other = SqliteStorage(path), SqliteStorage(link)
    before = one.version()
    await other.put("token", "a", b"1")
    assert one.version() != before
    async with one.lock("a"):
        waiting = asyncio.create_task(other.lock("a").__aenter__())
        await other.get("token", "a")
        assert not waiting.done()
        waiting.cancel()
    names = {each.name for each in path.parent.iterdir()}
    assert {name for name in names if name.startswith("link")} == {"link.db"}
    for each in (one, other):
        await each.aclose()


async def test_its_files_stay_where_they_are_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    storage = SqliteStorage("x.db")
    await storage.open()
    monkeypatch.chdir(elsewhere)
    await storage.put("token", "a", b"1")
    async with storage.lock("a"):
        assert not [*elsewhere.iterdir()]
    await storage.aclose()


@pytest.mark.parametrize("is_open", [True, False])
async def test_what_is_used_while_it_is_closed_opens_it_again(
    path: Path, *, is_open: bool
) -> None:
    storage = SqliteStorage(path)
    if is_open:
        await storage.open()
    writing = asyncio.create_task(storage.put("token", "a", b"1"))
    await asyncio.sleep(0)
    closing_it = asyncio.create_task(storage.aclose())
    reading = asyncio.create_task(storage.get("token", "b"))
    await asyncio.gather(writing, closing_it, reading)
    assert await storage.get("token", "a") == b"1"
    await storage.aclose()


FORKER = """
import asyncio, os, sys
from hipkit import StorageError
from hipkit.addon.storage.sqlite import SqliteStorage

storage = SqliteStorage(sys.argv[1])
loop = asyncio.new_event_loop()
loop.run_until_complete(storage.open())
if child := os.fork():
    _, status = os.waitpid(child, 0)
    loop.run_until_complete(storage.put("token", "a", b"1"))
    loop.run_until_complete(storage.aclose())
    sys.exit(os.waitstatus_to_exitcode(status))
try:
    asyncio.run(storage.get("token", "a"))
except StorageError as error:
    asyncio.run(storage.aclose())
    print(error, flush=True)
    os._exit(3)
"""


def test_a_process_that_was_forked_afterwards_is_refused(path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKER, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (3, "")
    assert "before this process was forked" in ended.stdout
