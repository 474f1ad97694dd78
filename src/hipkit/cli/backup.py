"""`hipkit backup` and `hipkit restore`: back up and restore a server's data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hipkit.cli.database import DatabaseFile
from hipkit.cli.options import Command, Settings
from hipkit.cli.output import write, write_json, write_stderr
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.archive import Manifest
from hipkit.server.storage.backup import back_up, back_up_to, restore
from hipkit.server.storage.blobs import BlobStore

__all__ = ["backup_command", "restore_command"]

STANDARD_OUTPUT = Path("-")

DATABASE = click.Option(
    ["--db", "database"],
    type=DatabaseFile(),
    default="hipkit.db",
    help="The server's SQLite database.",
)


@click.command("backup", cls=Command, params=[DATABASE])
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.pass_obj
def backup_command(settings: Settings, /, *, target: Path, database: Path) -> None:
    """Back up a server's database and shared files to a tar file.

    FILE must not exist; - writes to standard output. The server can keep running. The backup
    contains all messages, and hashes of passwords and tokens: only you can read it, so keep it
    private.
    """
    files = _files_of(database)
    if target == STANDARD_OUTPUT:
        manifest = back_up_to(database, files, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        manifest = back_up(database, files, target)
        if settings.json:
            write_json({"backup": str(target), **_summary(manifest)})
        else:
            write(f"{target}: {_in_words(manifest)}")
    if manifest.missing:
        write_stderr(
            f"files deleted before they could be copied: {len(manifest.missing)}"
        )


@click.command("restore", cls=Command, params=[DATABASE])
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--replace",
    is_flag=True,
    help="Replace an existing database, even while the server is running. It is backed up"
    " next to itself first.",
)
@click.pass_obj
def restore_command(
    settings: Settings, /, *, source: Path, database: Path, replace: bool
) -> None:
    """Restore a server's database and shared files from a backup.

    The database must not exist, unless --replace is given.
    """
    place = database.absolute()
    done = restore(source, place, _files_of(place), replace=replace)
    if settings.json:
        saved_as = None if done.saved_as is None else str(done.saved_as)
        places = {"database": str(database), "saved_as": saved_as}
        write_json({**places, **_summary(done.manifest)})
        return
    write(f"{database}: {_in_words(done.manifest)}, from {done.manifest.created}")
    if done.saved_as is not None:
        write(f"the previous data is in {done.saved_as}")


def _files_of(database: Path) -> BlobStore:
    return BlobStore(ServerSettings(database=database).file_folder)


def _summary(manifest: Manifest) -> dict[str, object]:
    return {
        "created": manifest.created,
        "files": len(manifest.file_keys),
        "size_bytes": _size_bytes(manifest),
        "missing": len(manifest.missing),
    }


def _in_words(manifest: Manifest) -> str:
    count = len(manifest.file_keys)
    files = "1 file" if count == 1 else f"{count:,} files"
    return f"the database and {files}, {_size_bytes(manifest):,} bytes"


def _size_bytes(manifest: Manifest) -> int:
    return sum(member.size_bytes for member in manifest.members.values())
