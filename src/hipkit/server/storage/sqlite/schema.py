"""Compares a SQLite file's schema with the one that hipkit's migrations create.

A file of unknown origin may have more than hipkit's tables: a trigger that runs later, a view
with a table's name, another default. All of that is part of the schema, so a file with an equal
schema has none of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter

from hipkit.api.errors import StorageError
from hipkit.server.storage.sqlite.file import latest_version, run_scripts

__all__ = ["check_schema"]

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"

STATISTICS = {
    ("table", name, name, f"CREATE TABLE {name}({columns})")
    for name, columns in (
        ("sqlite_stat1", "tbl,idx,stat"),
        ("sqlite_stat4", "tbl,idx,neq,nlt,ndlt,sample"),
    )
}
"""Tables that SQLite adds when it analyses a database."""

LONGEST_NAME = 100


def check_schema(connection: sqlite3.Connection, version: int) -> None:
    """Check that a database has the schema of a version, and nothing else.

    Only the schema itself is read, so none of its triggers or views runs before it is compared.

    Raises:
        StorageError: It has another schema.
        sqlite3.Error: It cannot be read.
    """
    if not 1 <= version <= latest_version():
        raise StorageError(f"its tables have no version of hipkit: {version}")
    encoding = connection.execute("PRAGMA encoding").fetchone()[0]
    if encoding != "UTF-8":
        raise StorageError(f"its texts are in {encoding}, not in UTF-8")
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        run_scripts(model, version)
        wanted = Counter(model.execute(SCHEMA).fetchall())
    found = Counter(connection.execute(SCHEMA).fetchall())
    for statistics in STATISTICS & found.keys():
        found[statistics] -= 1
    for entry in (+(found - wanted), +(wanted - found)):
        for kind, name, *_ in entry:
            shown = repr(name)[:LONGEST_NAME]
            raise StorageError(
                f"its schema is not that of version {version}: {kind} {shown}"
            )
