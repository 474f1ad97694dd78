"""Brings a PostgreSQL database's tables up to date, whichever of several processes comes first."""

from __future__ import annotations

from importlib.resources import files

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres.connection import Connection

__all__ = ["LOCK", "VERSION", "latest_version", "migrate", "newer_schema_error"]

LOCK = 0x48504B54
"""The number of the lock that whoever writes holds: the letters HPKT."""

OLDEST_SERVER = 15
ABOUT = (
    "SELECT current_setting('server_version_num')::bigint / 10000,"
    " current_setting('server_encoding'), to_regclass('hipkit_schema') IS NOT NULL,"
    " EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    " AND relkind = 'r')"
)
VERSION = "SELECT COALESCE(MAX(version), 0) FROM hipkit_schema"
INSERT_VERSION = b"INSERT INTO hipkit_schema (version) VALUES ($1)"
BEGIN = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({LOCK});"
    " CREATE TABLE IF NOT EXISTS hipkit_schema (version BIGINT PRIMARY KEY);"
    f" {VERSION}"
)


def latest_version() -> int:
    """Return the number of the last migration that there is."""
    return len(_scripts())


def migrate(connection: Connection, shown: str) -> int:
    """Run the migrations that a database lacks, each whole or not at all; return its version.

    Raises:
        StorageError: It is another program's, a newer hipkit's, or of a kind that does not do.
    """
    release, encoding, is_ours, is_used = connection.script(ABOUT)[0]
    if int(str(release)) < OLDEST_SERVER:
        raise StorageError(
            f"{shown}: PostgreSQL {release}; hipkit needs {OLDEST_SERVER} or newer"
        )
    if encoding != "UTF8":
        raise StorageError(
            f"{shown}: its texts are in {encoding}; create it with the encoding UTF8"
        )
    if is_used and not is_ours:
        raise StorageError(f"{shown}: not a hipkit database; it was left as it is")
    scripts = _scripts()
    if is_ours and _number(connection.script(VERSION)[0][0]) == len(scripts):
        return len(scripts)
    for number, script in enumerate(scripts, start=1):
        _run_script(connection, number, script)
    version = _number(connection.script(VERSION)[0][0])
    if version > len(scripts):
        raise newer_schema_error(shown, version)
    return version


def newer_schema_error(shown: str, version: int) -> StorageError:
    """Return the error about tables that a newer hipkit made."""
    return StorageError(
        f"{shown}: made by a newer hipkit (tables of version {version}, this one knows"
        f" {latest_version()}); update hipkit"
    )


def _run_script(connection: Connection, number: int, script: str) -> None:
    try:
        # Read under the lock: another process may have run it since.
        if _number(connection.script(BEGIN)[0][0]) < number:
            connection.script(script)
            connection.run(INSERT_VERSION, [number])
        connection.script("COMMIT")
    finally:
        if connection.is_in_transaction:
            connection.script("ROLLBACK")


def _scripts() -> list[str]:
    folder = files(__package__) / "migrations"
    steps = sorted(folder.iterdir(), key=lambda item: item.name)
    return [step.read_text() for step in steps if step.name.endswith(".sql")]


def _number(value: object) -> int:
    return int(str(value))
