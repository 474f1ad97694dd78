"""`hipkit backup` and `hipkit restore`: a server's data as one file, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from hipkit.cli.options import Command, Settings
from hipkit.cli.output import tell, write, write_json
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.archive import Manifest
from hipkit.server.storage.backup import back_up, back_up_to, restore
from hipkit.server.storage.blobs import FileFolder

__all__ = ["backup_command", "restore_command"]

Function = TypeVar("Function", bound=Callable[..., object])

STANDARD_OUTPUT = Path("-")


def _database_option(function: Function) -> Function:
    return click.option(
        "--db",
        "database",
        type=click.Path(dir_okay=False, path_type=Path),
        default="hipkit.db",
        show_default=True,
        help="The server's SQLite file.",
    )(function)


@click.command("backup", cls=Command)
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@_database_option
@click.pass_obj
def backup_command(settings: Settings, /, *, target: Path, database: Path) -> None:
    """Write a server's database and shared files into one new tar file; - is standard output.

    The server may be running meanwhile. The file holds everything that was said, and hashes of
    passwords and tokens: only you can read it, and so it should stay.
    """
    files = _files_of(database)
    if target == STANDARD_OUTPUT:
        manifest = back_up_to(database, files, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        manifest = back_up(database, files, target)
        if settings.json:
            write_json({"backup": str(target), **_told(manifest)})
        else:
            write(f"{target}: {_sentence(manifest)}")
    if manifest.missing:
        tell(f"{len(manifest.missing)} files were removed before they could be copied")


@click.command("restore", cls=Command)
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@_database_option
@click.option(
    "--replace",
    is_flag=True,
    help="Replace the database that is there, also under a running server; it is backed up"
    " beside itself first.",
)
@click.pass_obj
def restore_command(
    settings: Settings, /, *, source: Path, database: Path, replace: bool
) -> None:
    """Bring a backup back: into an empty place, or with --replace over what is there."""
    done = restore(
        source, database.absolute(), _files_of(database.absolute()), replace=replace
    )
    if settings.json:
        saved_as = None if done.saved_as is None else str(done.saved_as)
        write_json(
            {"database": str(database), "saved_as": saved_as, **_told(done.manifest)}
        )
        return
    write(f"{database}: {_sentence(done.manifest)}, from {done.manifest.created}")
    if done.saved_as is not None:
        write(f"what was there before is in {done.saved_as}")


def _files_of(database: Path) -> FileFolder:
    return FileFolder(ServerSettings(database=database).file_folder)


def _told(manifest: Manifest) -> dict[str, object]:
    return {
        "created": manifest.created,
        "files": len(manifest.file_keys),
        "size_bytes": _size_bytes(manifest),
        "missing": len(manifest.missing),
    }


def _sentence(manifest: Manifest) -> str:
    count = len(manifest.file_keys)
    files = "1 file" if count == 1 else f"{count:,} files"
    return f"the database and {files}, {_size_bytes(manifest):,} bytes"


def _size_bytes(manifest: Manifest) -> int:
    return sum(member.size_bytes for member in manifest.members.values())
