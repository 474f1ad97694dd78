"""What holds for the SQLite file alone: whose it is, and how its writer commits."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.services.sweep import sweep_messages
from hipkit.server.storage import sqlite
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import ScanTooLongError, Stores
from hipkit.server.storage.sqlite.database import SqliteDatabase
from hipkit.server.storage.sqlite.file import APPLICATION_ID
from hipkit.server.storage.stores.search import Phrase
from tests.contract.storage import filling
from tests.unit.server.observing import NotingObserver

NOW = 1_700_000_000_000_000


SAID_BEFORE = """
INSERT INTO chat_groups (name, subdomain, created_us) VALUES ('G', '', 1);
INSERT INTO conversations (group_id) VALUES (1);
INSERT INTO files (group_id, key, name, size_bytes, content_type, created_us)
VALUES (1, 'k', 'Report.pdf', 1, 'application/pdf', 1);
INSERT INTO messages (id, conversation_id, sent_us, kind, sender_label, body,
    format, notify, mentions, links, emoticons, file_id)
VALUES ('a', 1, 1, 'notification', 'x', '<b>CAFÉ</b> open', 'html', 0,
    '{}', '[]', '[]', 1);
"""


def open_files(path: Path) -> int:
    """Count how often this process has a file open, where the system tells."""
    handles = Path("/proc/self/fd")
    links = handles.iterdir() if handles.is_dir() else ()
    return sum(os.path.realpath(link) == str(path) for link in links)


async def add_group(database: SqliteDatabase, name: str) -> int:
    return await database.write(
        lambda stores: stores.groups.add(name=name, subdomain="", now_us=NOW)
    )


def make(path: Path) -> None:
    SqliteDatabase.open(path, durable=False).close()


def other_programs_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    make(tmp_path / "hipkit.db")

    assert stat.S_IMODE((tmp_path / "hipkit.db").stat().st_mode) == 0o600


def test_what_is_stored_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    first = SqliteDatabase.open(path)
    asyncio.run(add_group(first, "One"))
    first.close()

    second = SqliteDatabase.open(path)
    group = asyncio.run(second.stores.groups.first())
    second.close()

    assert group is not None
    assert group.name == "One"


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db")
    try:
        settings = {
            name: database._writing.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    finally:
        database.close()

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    "content",
    [b"not a database", os.urandom(5000), b"SQLite format 3\0", b"\0" * 100],
    ids=["text", "random", "magic", "zeros"],
)
def test_a_file_that_is_not_hipkits_is_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "their.file"
    path.write_bytes(content)

    with pytest.raises(StorageError, match="not a hipkit database"):
        SqliteDatabase.open(path)

    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["their.file"]


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "their.db"
    other_programs_file(path)
    content = path.read_bytes()

    with pytest.raises(StorageError, match="not a hipkit database"):
        SqliteDatabase.open(path)

    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["folder", "missing/hipkit.db"])
def test_a_place_that_takes_no_file_is_told_in_one_line(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageError) as caught:
        SqliteDatabase.open(tmp_path / name)

    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_something_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not a file"):
        SqliteDatabase.open(Path("/dev/null"))


def test_a_newer_hipkits_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    make(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()

    with pytest.raises(StorageError, match="made by a newer hipkit"):
        SqliteDatabase.open(path)


def test_a_damaged_database_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    make(path)
    content = bytearray(path.read_bytes())
    content[100:2000] = b"\xff" * 1900
    path.write_bytes(content)

    with pytest.raises(StorageError) as caught:
        SqliteDatabase.open(path)

    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_opened_is_let_go_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    make(path)
    content = bytearray(path.read_bytes())
    content[16:18] = b"\xff\xff"  # no size that a page can have
    path.write_bytes(content)

    with pytest.raises(StorageError) as caught:
        SqliteDatabase.open(path)

    # While the error lives, so does every frame that it went through, and what they hold.
    assert caught.value is not None
    assert open_files(path) == 0


def test_the_file_says_in_its_header_whose_it_is(tmp_path: Path) -> None:
    make(tmp_path / "hipkit.db")

    header = (tmp_path / "hipkit.db").read_bytes()[:100]

    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID


def test_a_lock_held_by_another_program_may_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.server.storage.sqlite.file.BUSY_TIMEOUT_SECONDS", 0.05)
    database = SqliteDatabase.open(tmp_path / "hipkit.db")
    other = sqlite3.connect(tmp_path / "hipkit.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageError) as caught:
            asyncio.run(add_group(database, "Late"))
        other.execute("ROLLBACK")
        assert asyncio.run(add_group(database, "Next")) == 1
    finally:
        other.close()
        database.close()

    assert caught.value.may_pass


def test_what_was_said_before_the_index_came_is_found(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    first = resources.files(sqlite) / "migrations" / "0001_start.sql"
    connection = sqlite3.connect(path)
    connection.executescript(first.read_text())
    connection.executescript(SAID_BEFORE)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()

    database = SqliteDatabase.open(path, durable=False)
    try:
        phrases = [Phrase(["cafe", "open"]), Phrase(["report"])]
        found = asyncio.run(
            database.stores.search.page(1, phrases, before_us=NOW + 1, count=9)
        )
    finally:
        database.close()

    assert [message.id for message in found] == ["a"]


def test_the_index_holds_the_words_of_every_text_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    database = SqliteDatabase.open(path, durable=False)
    room_ids = asyncio.run(fill(database))

    async def remove_some() -> None:
        await database.write(lambda stores: stores.rooms.delete(room_ids[0]))
        await sweep_messages(database, BlobStore(tmp_path / "files"))

    asyncio.run(remove_some())
    database.close()

    connection = sqlite3.connect(path)
    count = connection.execute("SELECT count(*) FROM message_texts").fetchone()
    connection.execute(
        "INSERT INTO message_words (message_words, rank) VALUES ('integrity-check', 1)"
    )
    connection.execute("DELETE FROM message_texts WHERE sequence = 2")
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute(
            "INSERT INTO message_words (message_words, rank)"
            " VALUES ('integrity-check', 1)"
        )
    connection.close()
    assert count == (50,)


async def fill(database: SqliteDatabase) -> list[int]:
    group_id = await add_group(database, "Group")
    owner_id = await filling.add_user(database, group_id, "ann")
    room_ids = [
        await filling.add_room(database, group_id, owner_id, name) for name in "ab"
    ]

    async def say(number: int) -> None:
        conversation_id = number % 2 + 1
        said = filling.message(number, owner_id)
        await database.write(
            lambda stores: stores.messages.add(conversation_id, said, NOW)
        )

    await asyncio.gather(*map(say, range(100)))
    return room_ids


def test_a_long_read_is_broken_off_while_it_runs(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)
    endless = (
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"
        " SELECT count(*) FROM numbers"
    )

    async def count(stores: Stores) -> object:
        return await stores.groups._session.all(tuple[int], endless)

    try:
        with pytest.raises(ScanTooLongError):
            asyncio.run(database.scan(count, seconds=0.05))
        assert asyncio.run(database.scan(lambda s: s.groups.first())) is None
    finally:
        database.close()


def test_waiting_commands_share_one_commit(tmp_path: Path) -> None:
    noting = NotingObserver()
    path = tmp_path / "hipkit.db"
    database = SqliteDatabase.open(path, durable=False, observer=noting)

    async def write_many() -> None:
        await asyncio.gather(*(add_group(database, str(n)) for n in range(500)))

    asyncio.run(write_many())
    database.close()

    groups = [commands for commands, _ in noting.commits]
    assert sum(groups) == 500
    assert len(groups) < 50
    assert max(groups) <= 256


def test_what_was_asked_for_before_closing_is_still_written(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    database = SqliteDatabase.open(path, durable=False)

    async def write_and_close() -> list[int]:
        tasks = [
            asyncio.create_task(add_group(database, str(number))) for number in range(3)
        ]
        await asyncio.sleep(0)  # They have asked, and nothing was handed over yet.
        database.close()
        return await asyncio.gather(*tasks)

    assert asyncio.run(write_and_close()) == [1, 2, 3]
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM chat_groups").fetchone() == (3,)
    connection.close()


def test_a_failing_commit_fails_every_command_in_it(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)

    async def command(stores: Stores) -> None:
        await stores.groups.add(name="Lost", subdomain="", now_us=NOW)
        # What a full disk does in the middle of a statement.
        database._writing.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk full")

    async def write_some() -> list[object]:
        return list(
            await asyncio.gather(
                add_group(database, "Before"),
                database.write(command),
                add_group(database, "After"),
                return_exceptions=True,
            )
        )

    outcomes = asyncio.run(write_some())
    group = asyncio.run(database.stores.groups.first())
    again = asyncio.run(add_group(database, "Again"))
    database.close()

    failed = [isinstance(one, StorageError) for one in outcomes]
    # The first may have had a commit to itself before the others came.
    assert failed[1]
    assert (group is None) == failed[0]
    assert again > 0


def test_the_writer_lives_on_whatever_a_commit_runs_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = SqliteDatabase.open(tmp_path / "x.db", durable=False)

    class Failing:
        def __iter__(self) -> Iterator[str]:
            raise ValueError("not foreseen")

    async def run() -> None:
        with monkeypatch.context() as patch:
            module = "hipkit.server.storage.sqlite.database"
            patch.setattr(f"{module}.UPDATE_INDEX", Failing())
            with pytest.raises(ValueError, match="not foreseen"):
                await add_group(database, "lost")
        await add_group(database, "kept")
        group = await database.stores.groups.first()
        assert group is not None
        assert group.name == "kept"

    asyncio.run(run())
    database.close()


def test_a_command_that_waits_is_a_mistake_and_harms_no_other(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)

    async def command(stores: Stores) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something other"):
        asyncio.run(database.write(command))
    assert asyncio.run(add_group(database, "Fine")) == 1
    database.close()


def test_readers_cannot_write(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)

    with pytest.raises(StorageError):
        asyncio.run(database.stores.groups.add(name="Sly", subdomain="", now_us=NOW))
    database.close()
