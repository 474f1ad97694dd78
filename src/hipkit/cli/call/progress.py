"""Show progress on standard error, if it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from hipkit.api.files import File
from hipkit.cli.output import is_terminal, one_line

__all__ = ["counted", "open_upload"]

T = TypeVar("T")

WORTH_SHOWING_BYTES = 1024 * 1024


@contextmanager
def open_upload(path: Path) -> Iterator[File]:
    """Open a file to upload; on a terminal, a bar shows how much has been sent.

    A pipe or device has no known size, and is sent while it is read.

    Raises:
        click.UsageError: The file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    with file:
        if not path.is_file():
            yield File(file, name=path.name)
            return
        size_bytes = path.stat().st_size
        if size_bytes < WORTH_SHOWING_BYTES or not is_terminal(sys.stderr):
            yield File(path)
            return
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            name = escape(one_line(path.name))
            yield File(
                progress.wrap_file(file, total=size_bytes, description=name),
                name=path.name,
            )


def counted(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield the items, and show their count on a terminal."""
    if not is_terminal(sys.stderr):
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,} {task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            progress.advance(task)
            yield item
