"""`python -m tests.codegen.sampling FILE...`: generate clients, call everything, print a table.

Options: `--skip-unsupported` as the generator has it, `--no-mypy`, and `--keep DIR` for the
packages. The exit code is 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.codegen.sampling.running import Outcome, check_documents

COLUMNS = (
    "document",
    "operations",
    "made",
    "sent",
    "read",
    "calls",
    "events",
    "problems",
)


def main() -> int:
    """Check the documents that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--skip-unsupported", action="store_true")
    parser.add_argument("--no-mypy", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        outcomes = check_documents(
            options.files,
            folder,
            skip=options.skip_unsupported,
            types=not options.no_mypy,
        )
    rows = [COLUMNS, *map(_row, outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    ]
    for outcome in outcomes:
        lines += [f"{outcome.path.name}: {line}" for line in outcome.lines]
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))
    return int(any(outcome.lines for outcome in outcomes))


def _row(outcome: Outcome) -> tuple[str, ...]:
    report = outcome.report
    if report is None:
        return (outcome.path.name, *("-" for _ in COLUMNS[2:]), "refused")
    counts = (report.operations, len(report.made), len(report.sent), len(report.read))
    return (
        outcome.path.name,
        *map(str, counts),
        str(report.calls),
        str(report.events),
        str(len(outcome.lines)),
    )


if __name__ == "__main__":
    sys.exit(main())
