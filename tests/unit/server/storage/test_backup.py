from __future__ import annotations

import asyncio
import contextlib
import io
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.archive import ArchiveWriter, unpack
from hipkit.server.storage.backup import back_up, back_up_to, restore
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.sqlite import copy as sqlite_copy
from hipkit.server.storage.sqlite.database import SqliteDatabase
from hipkit.server.storage.sqlite.file import (
    latest_version,
    run_scripts,
    schema_version,
)
from hipkit.server.storage.stores.search import Phrase
from tests.unit.server.asgi import Site, open_site

MULTIPART = ("Content-Type", "multipart/related; boundary=b")


def share(site: Site, content: bytes, name: str = "a.txt") -> None:
    body = (
        b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n"
        b'Content-Disposition: attachment; name="file"; filename="%s"\r\n\r\n%s\r\n--b--'
        % (name.encode(), content)
    )
    reply = site.send("POST", "/v2/room/Ops/share/file", body=body, headers=[MULTIPART])
    assert reply.status == 204, reply.body


def contents(site: Site) -> list[tuple[str, bytes | None]]:
    """Return every message of the room, with the bytes of its file."""
    found = []
    for message in site.messages("Ops"):
        url = message.get("file", {}).get("url")
        data = None if url is None else site.get(url.partition("chat.test")[2]).body
        found.append((message["message"], data))
    return found


@pytest.fixture
def filled(site: Site) -> Site:
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "first"})
    share(site, b"content of a")
    return site


def database_of(site: Site) -> Path:
    return site.server.settings.database


def test_a_backup_restores_into_an_empty_place(filled: Site, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    manifest = back_up(database_of(filled), filled.server.runtime.blobs, target)
    share(filled, b"content of b", "b.txt")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    files = BlobStore(elsewhere / "hipkit.db.files")
    done = restore(target, elsewhere / "hipkit.db", files, replace=False)

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert len(manifest.file_keys) == 1
    assert manifest.missing == ()
    assert done.saved_as is None
    assert stat.S_IMODE((elsewhere / "hipkit.db").stat().st_mode) == 0o600
    assert sorted(path.name for path in elsewhere.iterdir()) == [
        "hipkit.db",
        "hipkit.db.files",
    ]
    (elsewhere / "hipkit.db.admin-token").write_text(filled.token)
    copy = open_site(elsewhere)
    try:
        assert contents(copy) == [("first", None), ("", b"content of a")]
    finally:
        copy.server.close()


def test_a_restore_replaces_what_a_running_server_has(
    filled: Site, tmp_path: Path
) -> None:
    server, target = filled.server, tmp_path / "backup.tar"
    back_up(database_of(filled), server.runtime.blobs, target)
    before = contents(filled)
    filled.post("/v2/room/Ops/message", {"message": "second"})
    share(filled, b"content of b", "b.txt")
    after = contents(filled)

    done = restore(target, database_of(filled), server.runtime.blobs, replace=True)

    assert contents(filled) == before
    assert len(list(server.runtime.blobs.path.glob("*/*"))) == 1
    filled.post("/v2/room/Ops/message", {"message": "third"})
    assert [text for text, _ in contents(filled)] == ["first", "", "third"]
    # What was replaced is not lost.
    assert done.saved_as is not None
    restore(done.saved_as, database_of(filled), server.runtime.blobs, replace=True)
    assert contents(filled) == after


def test_a_restore_ends_tokens_that_the_backup_does_not_have(
    filled: Site, tmp_path: Path
) -> None:
    files, target = filled.server.runtime.blobs, tmp_path / "backup.tar"
    back_up(database_of(filled), files, target)
    token = filled.add_token(user="admin@example.com", scopes=["view_group"])
    assert filled.get("/v2/room", token=token).status == 200

    restore(target, database_of(filled), files, replace=True)

    assert filled.get("/v2/room", token=token).status == 401


def test_a_right_that_a_restore_takes_back_does_not_return_with_the_next_change(
    filled: Site, tmp_path: Path
) -> None:
    user = filled.add_user("Ann", email="ann@example.com")
    token = filled.add_token(user="ann@example.com")
    files, target = filled.server.runtime.blobs, tmp_path / "backup.tar"
    back_up(database_of(filled), files, target)
    change(filled, "UPDATE users SET is_group_admin = 1 WHERE id = ?", user)
    assert is_admin(filled, token)

    restore(target, database_of(filled), files, replace=True)
    # Counted from the backup on, this is the change that made the user an administrator.
    change(filled, "UPDATE users SET title = 'Engineer' WHERE id = ?", user)

    assert not is_admin(filled, token)


def test_a_restore_leaves_a_gap_after_which_all_streams_are_checked(
    filled: Site, tmp_path: Path
) -> None:
    files, target = filled.server.runtime.blobs, tmp_path / "backup.tar"
    back_up(database_of(filled), files, target)
    user = filled.add_user("Ann")
    change(filled, "UPDATE users SET is_group_admin = 1 WHERE id = ?", user)
    store = filled.server.database.stores.access_changes
    seen = asyncio.run(store.newest())

    restore(target, database_of(filled), files, replace=True)

    found = asyncio.run(store.after(seen))
    assert found
    assert found[0].id > seen + 1


def change(site: Site, sql: str, row_id: int) -> None:
    """Change a row as another process does: on a connection of its own."""
    with contextlib.closing(sqlite3.connect(database_of(site))) as connection:
        connection.execute(sql, (row_id,))
        connection.commit()


def is_admin(site: Site, token: str) -> bool:
    actors = site.server.runtime.actors
    return asyncio.run(actors.identify(token, site.now_us)).is_group_admin


def test_nothing_that_is_there_is_replaced_unasked(
    filled: Site, tmp_path: Path
) -> None:
    files, target = filled.server.runtime.blobs, tmp_path / "backup.tar"
    back_up(database_of(filled), files, target)
    content = target.read_bytes()

    with pytest.raises(StorageError, match="already exists"):
        restore(target, database_of(filled), files, replace=False)
    with pytest.raises(StorageError, match="already exists"):
        back_up(database_of(filled), files, target)
    with pytest.raises(StorageError, match="already exists"):
        back_up(database_of(filled), files, database_of(filled))
    assert target.read_bytes() == content
    assert contents(filled)


def test_files_that_went_meanwhile_are_told(filled: Site, tmp_path: Path) -> None:
    share(filled, b"content of b", "b.txt")
    gone = sorted(path.name for path in filled.server.runtime.blobs.path.glob("*/*"))[0]
    filled.server.runtime.blobs.remove(gone)
    target = tmp_path / "backup.tar"

    manifest = back_up(database_of(filled), filled.server.runtime.blobs, target)

    assert manifest.missing == (gone,)
    elsewhere = tmp_path / "elsewhere.db"
    done = restore(target, elsewhere, BlobStore(tmp_path / "f"), replace=False)
    assert done.manifest.missing == (gone,)


def test_a_backup_may_go_into_a_pipe(filled: Site, tmp_path: Path) -> None:
    stream = io.BytesIO()
    back_up_to(database_of(filled), filled.server.runtime.blobs, stream)
    (tmp_path / "from_pipe.tar").write_bytes(stream.getvalue())

    place = tmp_path / "elsewhere.db"
    files = BlobStore(tmp_path / "f")
    done = restore(tmp_path / "from_pipe.tar", place, files, replace=False)
    assert len(done.manifest.file_keys) == 1


Members = dict[str, Any]
Spoil = Callable[[Members], None]


def cut_database(members: Members) -> None:
    members["database.sqlite3"] = members["database.sqlite3"][:-4096]


def other_file(members: Members) -> None:
    name = next(name for name in members if name.startswith("files/"))
    members[name] = members[name].swapcase()


def renamed_file(members: Members) -> None:
    name = next(name for name in members if name.startswith("files/"))
    members["files/" + "A" * 43] = members.pop(name)


def no_manifest(members: Members) -> None:
    del members["manifest.json"]


def other_format(members: Members) -> None:
    members["manifest.json"] = members["manifest.json"].replace(
        b"backup 1", b"backup 9"
    )


def broken_manifest(members: Members) -> None:
    members["manifest.json"] = b"[" * 100_000


def stray(name: str, kind: bytes = tarfile.REGTYPE) -> Spoil:
    def spoil(members: Members) -> None:
        info = tarfile.TarInfo(name)
        info.type = kind
        info.linkname = "/etc/passwd"
        members[name + " "] = info

    spoil.__name__ = f"{name} as {kind.decode()}"
    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        cut_database,
        other_file,
        renamed_file,
        no_manifest,
        other_format,
        broken_manifest,
        stray("../../outside"),
        stray("/outside"),
        stray("files/../../outside"),
        stray("files/" + "B" * 43),
        stray("files/" + "C" * 43, tarfile.SYMTYPE),
        stray("database.sqlite3", tarfile.LNKTYPE),
        stray("files/" + "D" * 43, tarfile.CHRTYPE),
    ],
)
def test_a_spoilt_backup_changes_nothing(
    filled: Site, tmp_path: Path, spoil: Spoil
) -> None:
    files, target = filled.server.runtime.blobs, tmp_path / "backup.tar"
    back_up(database_of(filled), files, target)
    with tarfile.open(target) as tar:
        members: Members = {
            info.name: (tar.extractfile(info) or io.BytesIO()).read() for info in tar
        }
    spoil(members)
    spoilt = tmp_path / "spoilt.tar"
    with tarfile.open(spoilt, "w") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    before = contents(filled)
    there = sorted(tmp_path.rglob("*"))

    with pytest.raises(StorageError) as caught:
        restore(spoilt, database_of(filled), files, replace=True)
    with pytest.raises(StorageError):
        restore(spoilt, tmp_path / "new.db", BlobStore(tmp_path / "n"), replace=False)

    assert "\n" not in str(caught.value)
    assert contents(filled) == before
    assert sorted(tmp_path.rglob("*")) == there


def test_a_backup_that_names_a_file_elsewhere_is_refused(
    filled: Site, tmp_path: Path
) -> None:
    copy, source, elsewhere = tmp_path / "copy.db", tmp_path / "b.tar", "../../outside"
    version = sqlite_copy.snapshot(database_of(filled), copy)
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as database:
        database.execute("UPDATE files SET key = ?", (elsewhere,))
    with source.open("wb") as stream:
        writer = ArchiveWriter(stream)
        writer.add_database(copy)
        writer.add_file(elsewhere, tmp_path / "nowhere")
        writer.finish(schema_version=version, created="now")

    with pytest.raises(StorageError, match="invalid key"):
        restore(source, tmp_path / "new.db", BlobStore(tmp_path / "n"), replace=False)


def test_a_file_with_a_hole_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    source, folder = tmp_path / "holes.tar", tmp_path / "work"
    folder.mkdir()
    with tarfile.open(source, "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("files/" + "H" * 43)
        info.pax_headers = {
            "GNU.sparse.size": str(8 * 1024 * 1024),
            "GNU.sparse.numblocks": "1",
            "GNU.sparse.map": "0,1",
        }
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))

    with pytest.raises(StorageError, match="not part of a backup"):
        unpack(source, folder)

    assert list(folder.iterdir()) == []


def header(kind: bytes, content: bytes, size_bytes: int | None = None) -> bytes:
    info = tarfile.TarInfo("files/" + "H" * 43)
    info.type = kind
    info.size = len(content) if size_bytes is None else size_bytes
    return info.tobuf(tarfile.GNU_FORMAT) + content.ljust(512, b"\0")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(header(b"x", b"11 path=aa\n") * 3000, id="headers of headers"),
        pytest.param(header(b"L", b"name\0") * 3000, id="names of names"),
        pytest.param(header(tarfile.REGTYPE, b"x", 1 << 80), id="an endless file"),
        pytest.param(header(tarfile.REGTYPE, b"x", -5), id="less than nothing"),
    ],
)
def test_an_archive_that_the_library_stumbles_over_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    source, folder = tmp_path / "odd.tar", tmp_path / "work"
    folder.mkdir()
    source.write_bytes(content)

    with pytest.raises(StorageError, match="not a complete tar file"):
        unpack(source, folder)


@pytest.mark.parametrize("size", [0, 1, 511, 5000, -1, -600, -12000])
def test_a_backup_that_was_cut_short_is_refused(
    filled: Site, tmp_path: Path, size: int
) -> None:
    target = tmp_path / "backup.tar"
    back_up(database_of(filled), filled.server.runtime.blobs, target)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(target.read_bytes().rstrip(b"\0")[:size])

    with pytest.raises(StorageError, match=r"cut\.tar"):
        restore(cut, tmp_path / "new.db", BlobStore(tmp_path / "n"), replace=False)
    assert not (tmp_path / "new.db").exists()


def spoil_database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def archive_of(database: Path, target: Path, *statements: str) -> Path:
    """Write a backup whose database was changed by somebody who can write SQL."""
    copy = target.with_suffix(".copy")
    version = sqlite_copy.snapshot(database, copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.executescript(";".join(["PRAGMA writable_schema = ON", *statements]))
    connection.close()
    with target.open("wb") as stream:
        writer = ArchiveWriter(stream)
        writer.add_database(copy)
        for key in sqlite_copy.file_keys(database):
            writer.add_file(key, BlobStore(Path(f"{database}.files")).place(key))
        writer.finish(schema_version=version, created="now")
    copy.unlink()
    return target


def in_schema(old: str, new: str) -> str:
    return f"UPDATE sqlite_schema SET sql = replace(sql, '{old}', '{new}')"  # noqa: S608 - our own texts


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            [
                "CREATE TRIGGER rise AFTER UPDATE ON users"
                " BEGIN UPDATE users SET is_group_admin = 1; END"
            ],
            id="a trigger",
        ),
        pytest.param(
            ["DROP TABLE auto_join_rooms", "CREATE VIEW auto_join_rooms AS SELECT 1"],
            id="a view in a table's place",
        ),
        pytest.param(["CREATE VIEW more AS SELECT 1"], id="a view"),
        pytest.param(["CREATE INDEX more ON users (title)"], id="an index"),
        pytest.param(
            ["CREATE UNIQUE INDEX more ON tokens (name) WHERE name = 'x'"],
            id="a partial index",
        ),
        pytest.param(["DROP INDEX users_by_mention"], id="a missing index"),
        pytest.param(["CREATE TABLE more (id INTEGER)"], id="a table"),
        pytest.param(
            ["CREATE VIRTUAL TABLE more USING fts5 (text)"], id="a virtual table"
        ),
        pytest.param(
            [
                "CREATE TABLE stat (id INTEGER)",
                "UPDATE sqlite_schema SET name = 'sqlite_stat1', tbl_name = 'sqlite_stat1'"
                " WHERE name = 'stat'",
            ],
            id="a table like a statistic",
        ),
        pytest.param(
            ["ALTER TABLE users ADD COLUMN more INTEGER AS (id) VIRTUAL"],
            id="a generated column",
        ),
        pytest.param(
            ["ALTER TABLE users ADD COLUMN more TEXT DEFAULT 'x'"], id="a column"
        ),
        pytest.param(
            ["ALTER TABLE users DROP COLUMN password_hash"], id="a missing column"
        ),
        pytest.param(
            [in_schema("messages_sent INTEGER NOT NULL DEFAULT 0", "messages_sent")],
            id="another default",
        ),
        pytest.param(
            [in_schema("is_group_admin INTEGER", "is_group_admin INTEGER CHECK (1)")],
            id="a check",
        ),
        pytest.param(
            [in_schema("columnsize = 0", "columnsize = 1")],
            id="a virtual table's options",
        ),
        pytest.param(["DROP TRIGGER message_texts_removed"], id="a missing trigger"),
        pytest.param(["PRAGMA user_version = 1"], id="an earlier version"),
        pytest.param(["PRAGMA user_version = 0"], id="no version"),
        pytest.param(["PRAGMA user_version = -1"], id="a version below none"),
        pytest.param(["PRAGMA application_id = 7"], id="another program's"),
    ],
)
def test_a_backup_with_another_schema_changes_nothing(
    filled: Site, tmp_path: Path, statements: list[str]
) -> None:
    source = archive_of(database_of(filled), tmp_path / "odd.tar", *statements)
    before, there = contents(filled), sorted(tmp_path.rglob("*"))

    with pytest.raises(StorageError, match=r"odd\.tar: its database cannot be used"):
        restore(source, database_of(filled), filled.server.runtime.blobs, replace=True)
    with pytest.raises(StorageError, match=r"odd\.tar: its database cannot be used"):
        restore(source, tmp_path / "new.db", BlobStore(tmp_path / "n"), replace=False)

    assert contents(filled) == before
    assert sorted(tmp_path.rglob("*")) == there


def test_a_trigger_of_an_earlier_versions_backup_never_runs(tmp_path: Path) -> None:
    database = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as old:
        run_scripts(old, 1)
        old.execute(
            "INSERT INTO chat_groups (name, subdomain, created_us) VALUES ('a', 'a', 0)"
        )
    source = archive_of(
        database,
        tmp_path / "old.tar",
        "CREATE TRIGGER rise AFTER INSERT ON rooms BEGIN DELETE FROM rooms; END",
    )

    with pytest.raises(StorageError, match="not that of version 1: trigger 'rise'"):
        restore(source, tmp_path / "new.db", BlobStore(tmp_path / "n"), replace=False)


def test_an_index_that_does_not_fit_its_table_is_damage(
    filled: Site, tmp_path: Path
) -> None:
    # Two tables' indexes have each other's content: names lead to other rows.
    source = archive_of(
        database_of(filled),
        tmp_path / "odd.tar",
        "CREATE TABLE roots AS SELECT name, rootpage FROM sqlite_schema"
        " WHERE name IN ('users_by_mention', 'users_by_email')",
        "UPDATE sqlite_schema AS entry SET rootpage = (SELECT rootpage FROM roots"
        " WHERE roots.name <> entry.name)"
        " WHERE name IN (SELECT name FROM roots)",
        "DROP TABLE roots",
    )

    with pytest.raises(StorageError, match="damaged"):
        restore(source, tmp_path / "new.db", BlobStore(tmp_path / "n"), replace=False)


@pytest.mark.parametrize("version", range(1, latest_version() + 1))
def test_every_versions_backup_is_brought_up_to_date(
    tmp_path: Path, version: int
) -> None:
    database, new = tmp_path / "old.db", tmp_path / "new.db"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as old:
        run_scripts(old, version)
        old.execute("ANALYZE")
        old.execute(
            "INSERT INTO chat_groups (name, subdomain, created_us) VALUES ('a', 'a', 0)"
        )
    source = archive_of(database, tmp_path / "old.tar")

    restore(source, new, BlobStore(tmp_path / "n"), replace=False)

    with contextlib.closing(sqlite3.connect(new)) as restored:
        assert schema_version(restored) == latest_version()
        assert restored.execute("SELECT name FROM chat_groups").fetchall() == [("a",)]


def test_a_newer_hipkits_backup_is_refused(filled: Site, tmp_path: Path) -> None:
    database = tmp_path / "newer.db"
    SqliteDatabase.open(database, durable=False).close()
    spoil_database(database, "PRAGMA user_version = 999")
    back_up(database, BlobStore(tmp_path / "none"), tmp_path / "newer.tar")

    with pytest.raises(StorageError, match="newer hipkit"):
        restore(
            tmp_path / "newer.tar",
            database_of(filled),
            filled.server.runtime.blobs,
            replace=True,
        )


def test_a_database_of_another_version_is_not_replaced(
    filled: Site, tmp_path: Path
) -> None:
    back_up(database_of(filled), filled.server.runtime.blobs, tmp_path / "backup.tar")
    spoil_database(database_of(filled), "PRAGMA user_version = 999")

    with pytest.raises(StorageError, match="hipkit's version"):
        restore(
            tmp_path / "backup.tar",
            database_of(filled),
            filled.server.runtime.blobs,
            replace=True,
        )


@pytest.mark.parametrize("step", ["adopt", "overwrite", "remove"])
def test_a_restore_that_is_broken_off_leaves_the_one_or_the_other(
    filled: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    files, target = filled.server.runtime.blobs, tmp_path / "backup.tar"
    old = contents(filled)
    back_up(database_of(filled), files, target)
    share(filled, b"content of b", "b.txt")
    new = contents(filled)

    def fail(*arguments: object) -> None:
        raise KeyboardInterrupt

    owner: object = sqlite_copy if step == "overwrite" else BlobStore
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(KeyboardInterrupt):
        restore(target, database_of(filled), files, replace=True)
    monkeypatch.undo()

    assert contents(filled) == (old if step == "remove" else new)
    done = restore(target, database_of(filled), files, replace=True)
    assert contents(filled) == old
    assert done.saved_as is not None


def test_what_a_killed_restore_left_behind_goes_with_the_next_start(
    filled: Site, tmp_path: Path
) -> None:
    left = tmp_path / ".hipkit-work-killed"
    left.mkdir()
    (left / "database.sqlite3").write_bytes(b"everything that was said")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".hipkit-work-link").symlink_to(elsewhere)
    target = tmp_path / "backup.tar"
    seen: list[list[str]] = []

    class Watching(BlobStore):
        """Lets a server start while a backup is made."""

        def place(self, key: str) -> Path:
            asyncio.run(filled.server.settle_files())
            seen.append(sorted(path.name for path in tmp_path.glob(".hipkit-work-*")))
            return super().place(key)

    back_up(database_of(filled), Watching(filled.server.runtime.blobs.path), target)

    assert not left.exists()
    assert elsewhere.is_dir()
    (during,) = seen
    assert len(during) == 2
    assert ".hipkit-work-link" in during
    assert target.is_file()


def test_a_place_that_cannot_be_written_is_told(filled: Site, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        back_up(
            database_of(filled),
            filled.server.runtime.blobs,
            tmp_path / "nowhere" / "a.tar",
        )
    with pytest.raises(StorageError, match="no such database"):
        back_up(tmp_path / "none.db", filled.server.runtime.blobs, tmp_path / "a.tar")
    assert not (tmp_path / "none.db").exists()


def test_a_restored_database_is_searched_as_before(
    filled: Site, tmp_path: Path
) -> None:
    target = tmp_path / "backup.tar"
    back_up(database_of(filled), filled.server.runtime.blobs, target)

    def find(word: str) -> int:
        stores = filled.server.database.stores
        found = stores.search.page(1, [Phrase([word])], before_us=1 << 62, count=9)
        return len(asyncio.run(_all(found)))

    filled.post("/v2/room/Ops/message", {"message": "later words"})
    assert (find("first"), find("later")) == (1, 1)
    restore(target, database_of(filled), filled.server.runtime.blobs, replace=True)
    assert (find("first"), find("later")) == (1, 0)
    filled.post("/v2/room/Ops/message", {"message": "other words"})
    assert (find("first"), find("later"), find("other")) == (1, 0, 1)


async def _all(found: Any) -> list[Any]:
    result: list[Any] = await found
    return result
