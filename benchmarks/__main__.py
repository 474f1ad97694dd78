"""`python -m benchmarks [--quick] [ROW ...]`: measures, and rewrites the page in the docs."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    calls,
    cold_start,
    deep_history,
    footprint,
    live_events,
    notifications,
    page,
    server_memory,
    webhook_load,
)
from benchmarks.machine import facts
from benchmarks.report import Table, around_figures, rewrite, shown
from benchmarks.scene import REPOSITORY, Scene, open_scene

PAGE = REPOSITORY / "docs" / "explanation" / "performance.md"
ROWS: Mapping[str, Callable[[Scene], Table]] = {
    "share": calls.measure_own_share,
    "bare": calls.measure_against_bare,
    "hypchat": calls.measure_against_hypchat,
    "page": page.measure,
    "start": cold_start.measure,
    "import": footprint.measure_imports,
    "file": footprint.measure_file,
    "history": footprint.measure_history,
    "notify": notifications.measure,
    "deep": deep_history.measure,
    "live": live_events.measure,
    "webhooks": webhook_load.measure,
    "memory": server_memory.measure,
}
MESSAGES, QUICK_MESSAGES = 1_000_000, 3_000


def main() -> None:
    """Measure the rows asked for, and write the page if it was all of them."""
    parser = _parser()
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - ROWS.keys()
    if unknown:
        parser.error(
            f"no row is called {', '.join(sorted(unknown))}: {', '.join(ROWS)}"
        )
    rows = arguments.rows or list(ROWS)
    target = arguments.page
    if target is None and not arguments.quick and not arguments.rows:
        target = PAGE
    if target is not None:
        # Now, and not after all has been measured.
        try:
            around_figures(target)
        except (OSError, ValueError) as error:
            parser.error(f"--page: {error}")
    known = facts()
    print("\n".join(known))
    tables = []
    messages = QUICK_MESSAGES if arguments.quick else MESSAGES
    with open_scene(quick=arguments.quick, messages=messages) as scene:
        for row in rows:
            started = time.monotonic()
            table = ROWS[row](scene)
            tables.append(table)
            print(f"\n{shown(table)}\n[{row}: {time.monotonic() - started:.0f} s]")
    if target is not None:
        rewrite(target, known, tables)
        print(f"\nwritten: {target.name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "rows",
        nargs="*",
        metavar="ROW",
        help=f"one or more of {', '.join(ROWS)}; all when left out",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: the figures mean nothing"
    )
    parser.add_argument(
        "--page",
        type=Path,
        help="rewrite this page; when left out, a full run rewrites the one in the docs",
    )
    return parser


if __name__ == "__main__":
    main()
