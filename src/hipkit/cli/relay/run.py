"""`hipkit relay FILE`: run a server for old senders, and the routes of a file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from hipkit.api.suggestions import closest
from hipkit.cli.database import DatabaseFile
from hipkit.cli.listening import (
    FILE_QUOTA,
    LISTENING,
    StartReport,
    serve_until_stopped,
)
from hipkit.cli.options import Command, Settings
from hipkit.cli.relay import COMMANDS
from hipkit.cli.relay.loading import FILE, describe_senders, load_file
from hipkit.cli.relay.plugging import Plugin, report_file
from hipkit.server.senders import SenderSettings, check_open_door
from hipkit.server.settings import Settings as ServerSettings

__all__ = ["run_relay"]

GROUP = "Relay"
DRY_RUN = "dry run: nothing is sent, and the database is deleted at the end"

OPTIONS = [
    click.Argument(["file"], type=FILE),
    click.Option(
        ["--db", "database"],
        type=DatabaseFile(),
        help="SQLite database; created if it does not exist.  [default: relay.db beside FILE]",
    ),
    *LISTENING,
    FILE_QUOTA,
    click.Option(
        ["--dry-run"],
        is_flag=True,
        help="Print what would be sent to targets, without secrets, and send nothing. Messages"
        " are kept in a database that is thrown away.",
    ),
]


@click.command(cls=Command, params=OPTIONS)
@click.pass_obj
def run_relay(
    settings: Settings,
    /,
    *,
    file: Path,
    database: Path | None,
    host: str,
    port: int,
    dry_run: bool,
    metrics: tuple[str, int] | None,
    **options: object,
) -> None:
    """Run a server for old senders, and the routes of FILE.

    The server speaks HipChat's API v1 and v2. It takes any token and makes rooms as they are named,
    unless the file says otherwise, and listens on this machine only: for another --host, [senders]
    in the file must name networks or tokens.

    SIGHUP reads the file again; one that is wrong changes nothing. SIGINT or SIGTERM stops the
    relay: what waits is delivered after the next start.
    """
    if not file.exists() and (command := closest(str(file), COMMANDS)) is not None:
        raise click.UsageError(f"no such file or command, did you mean {command}?")
    read = load_file(settings, file)
    senders = read.senders or SenderSettings()
    check_open_door(host, senders)
    with _database(file, database, is_kept=not dry_run) as path:
        server_settings = ServerSettings(
            database=path,
            senders=senders,
            keep_days=read.keep_days,
            public_url=read.public_url,
            group_name=GROUP,
            durable=not dry_run,
            **options,  # type: ignore[arg-type]  # named and typed as the settings are
        )
        plugin = Plugin(
            file.absolute(), read, settings, relay_host=host, is_dry=dry_run
        )
        report = StartReport(settings, server_settings)
        report_file(read, report)
        report.lines.insert(0, describe_senders(senders))
        if dry_run:
            report.lines.insert(0, DRY_RUN)
        serve_until_stopped(
            settings,
            server_settings,
            host=host,
            port=port,
            report=report,
            metrics=metrics,
            extension=plugin.extend,
        )


@contextlib.contextmanager
def _database(file: Path, given: Path | None, *, is_kept: bool) -> Iterator[Path]:
    if is_kept:
        yield (given or file.with_name("relay.db")).absolute()
        return
    with tempfile.TemporaryDirectory(prefix="hipkit-") as folder:
        yield Path(folder) / "relay.db"
