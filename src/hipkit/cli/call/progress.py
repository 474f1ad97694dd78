"""Show progress on standard error, if it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from hipkit.api.bodies.files import File, Progress
from hipkit.cli.output import is_terminal, one_line

__all__ = ["counted", "open_upload", "transfer_bar"]

T = TypeVar("T")

WORTH_SHOWING_BYTES = 1024 * 1024


@contextmanager
def open_upload(path: Path) -> Iterator[File]:
    """Open a file to upload; on a terminal, a bar shows how much of a large one has been sent.

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
    with transfer_bar(path.name, path.stat().st_size) as report:
        yield File(path, on_progress=report)


@contextmanager
def transfer_bar(name: str, size_bytes: int | None) -> Iterator[Progress | None]:
    """Show a bar for a large file, if there is a terminal; yield the function that moves it."""
    is_small = size_bytes is not None and size_bytes < WORTH_SHOWING_BYTES
    if is_small or not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(escape(one_line(name)), total=size_bytes)
        yield lambda done, _total: bars.update(task, completed=done)


def counted(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield the items, and show their count on a terminal."""
    if not is_terminal(sys.stderr):
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TextColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,} {task.description}")
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        for item in items:
            bars.advance(task)
            yield item
