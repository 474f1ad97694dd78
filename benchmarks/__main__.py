"""`python -m benchmarks [--long] [--quick] [ROW ...]`: measures, and shows the tables.

A whole run rewrites their figures in docs/explanation/performance.md too, a table at a time.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import document
from benchmarks.children import REPOSITORY
from benchmarks.document import Run
from benchmarks.machine import facts
from benchmarks.report import Table, shown
from benchmarks.rows import (
    addon_webhooks,
    calls,
    cold_start,
    dead_target,
    deep_history,
    footprint,
    generator,
    growth,
    live_events,
    metrics,
    notifications,
    page,
    relay,
    rendering,
    server_memory,
    webhook_load,
)
from benchmarks.scene import Scene, open_scene

PAGE = REPOSITORY / "docs" / "explanation" / "performance.md"


class Row(NamedTuple):
    """What yields one table."""

    subject: str
    measure: Callable[[Scene], Table]
    is_long: bool = False
    """Whether it takes minutes, so that only `make bench-long` measures it."""


ROWS: Mapping[str, Row] = {
    "share": Row("A notification in memory", calls.measure_own_share),
    "default": Row("httpcore2 against the bare transport", calls.measure_httpcore2),
    "fast": Row("pycurl against a bare handle", calls.measure_pycurl),
    "distant": Row("Against a distant server", calls.measure_at_a_distance),
    "hypchat": Row("Against hypchat", calls.measure_against_hypchat),
    "node": Row("Against hipchatter on Node.js", calls.measure_against_hipchatter),
    "page": Row("A page of history to typed objects", page.measure),
    "start": Row("Cold start", cold_start.measure),
    "command": Row("The command line", cold_start.measure_commands),
    "import": Row("Imports", footprint.measure_imports),
    "generate": Row("A generated client", generator.measure),
    "file": Row("A large file, shared from a path", footprint.measure_file),
    "history": Row("A long history, iterated", footprint.measure_history, is_long=True),
    "deep": Row("A page of a long history", deep_history.measure, is_long=True),
    "memory": Row("A server's memory", server_memory.measure, is_long=True),
    "growth": Row("Memory over an hour", growth.measure, is_long=True),
    "live": Row("Live messages", live_events.measure),
    "notify": Row("Notifications stored durably", notifications.measure),
    "webhooks": Row("Notifications and webhooks", webhook_load.measure),
    "metrics": Row("Metrics of the server", metrics.measure),
    "dead": Row("One dead target of fifty", dead_target.measure),
    "relay": Row("A relay", relay.measure),
    "render": Row("Rendering for each target", rendering.measure),
    "addon": Row("Webhooks that an add-on gets", addon_webhooks.measure),
}


def main() -> None:
    """Measure the rows asked for; exit with 1 if one failed."""
    parser = _parser()
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - ROWS.keys()
    if unknown:
        parser.error(
            f"no row is called {', '.join(sorted(unknown))}: {', '.join(ROWS)}"
        )
    names = arguments.rows or [
        name
        for name, row in ROWS.items()
        if row.is_long == arguments.long or arguments.quick
    ]
    target = arguments.page
    if target is None and not arguments.quick and not arguments.rows:
        target = PAGE
    if target is not None:
        # Now, and not after all has been measured.
        try:
            document.check(target)
        except (OSError, ValueError) as error:
            parser.error(f"--page: {error}")
    if not measure_rows(ROWS, names, page=target, quick=arguments.quick):
        sys.exit(1)


def measure_rows(
    rows: Mapping[str, Row], names: list[str], *, page: Path | None, quick: bool
) -> bool:
    """Measure rows one after the other, show and write each at once; return whether all went well.

    A row that fails says why, and the next is measured nevertheless.
    """
    run = Run(f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC", "; ".join(facts()))
    print(f"{run.name}: {run.facts}", flush=True)
    failed = []
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        for name in names:
            row_started = time.monotonic()
            try:
                with open_scene(quick=quick, folder=Path(folder)) as scene:
                    table = rows[name].measure(scene)
            # Whatever it is, it costs this row only.
            except Exception as error:
                failed.append(name)
                traceback.print_exc()
                table = _failure(rows[name], error)
            seconds = time.monotonic() - row_started
            print(f"\n{shown(table)}\n[{name}: {seconds:.0f} s]", flush=True)
            if page is not None:
                document.update(page, name, table, run, order=list(rows))
    print(f"\n{len(names)} rows in {(time.monotonic() - started) / 60:.1f} min")
    if page is not None:
        print(f"written: {page.name}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return not failed


def _failure(row: Row, error: Exception) -> Table:
    """Return a table that says in one line why there are no figures."""
    reason = " ".join(f"{type(error).__name__}: {error}".split()).replace("`", "'")
    note = f"Not measured, as it failed: `{reason}`"
    return Table(title=row.subject, headings=(), lines=[], note=note)


def _parser() -> argparse.ArgumentParser:
    described = (f"{name:10}{row.subject}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="\n".join(("rows:", *described)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="what to measure, instead of a whole run"
    )
    parser.add_argument(
        "--long", action="store_true", help="the rows that take many minutes"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a smoke test of all rows: the figures mean nothing",
    )
    parser.add_argument(
        "--page",
        type=Path,
        help="rewrite the measured tables of this page; a whole run does so in the docs",
    )
    return parser


if __name__ == "__main__":
    main()
