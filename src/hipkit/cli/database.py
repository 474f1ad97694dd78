"""The value of the option `--db`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hipkit.server.storage.postgres.address import is_address

__all__ = ["DatabaseFile"]


class DatabaseFile(click.Path):
    """A SQLite file. An address is refused and not quoted: it may have a password."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Convert a value from the command line."""
        if is_address(os.fspath(value)):
            self.fail("must be a SQLite file, not an address", param, ctx)
        return super().convert(value, param, ctx)
