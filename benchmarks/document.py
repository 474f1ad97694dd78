"""The page of the docs that shows the tables: which run each is from, and why one is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Table

__all__ = ["Run", "check", "update"]

BEGIN = (
    "<!-- measured: what stands between these two lines is written by `make bench` -->"
)
END = "<!-- measured: end -->"
# A row's figures begin with one line for the program and end before the next.
SECTION = re.compile(
    r"^<!-- row: (?P<row>\S+); run: (?P<run>[^\n]+) -->\n(?P<text>.*?)(?=^<!-- |\Z)",
    re.MULTILINE | re.DOTALL,
)
RUN = re.compile(r"^- (?P<run>.+?): (?P<facts>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """When figures were measured, and on what."""

    name: str
    """Date and time."""
    facts: str


@dataclass(frozen=True, slots=True)
class _Section:
    run: str
    text: str


def check(page: Path) -> None:
    """Check that a page can take figures.

    Raises:
        OSError: The page cannot be read, or not be written.
        ValueError: It does not have the two lines between which they belong.
    """
    with page.open("r+", encoding="utf-8") as file:
        _split(page, file.read())


def update(
    page: Path, row: str, table: Table, run: Run, *, order: Sequence[str]
) -> None:
    """Put a row's table into the page, in place of the row's last one.

    The other tables stay, and with them the facts of the runs that they are from.

    Args:
        page: The page.
        row: The row's name.
        table: What was measured.
        run: The run that measured it.
        order: The names of all rows; a table of no such row is dropped.

    Raises:
        OSError: The page cannot be read, or not be written.
        ValueError: It does not have the two lines between which they belong.
    """
    before, measured, after = _split(page, page.read_text(encoding="utf-8"))
    runs = {known["run"]: known["facts"] for known in RUN.finditer(measured)}
    sections = {
        known["row"]: _Section(known["run"], known["text"].strip())
        for known in SECTION.finditer(measured)
    }
    runs[run.name] = run.facts
    sections[row] = _Section(run.name, _markdown(table, run))
    ordered = {name: sections[name] for name in order if name in sections}
    shown = "\n\n".join(
        [_facts(runs, ordered)]
        + [
            f"<!-- row: {name}; run: {section.run} -->\n\n{section.text}"
            for name, section in ordered.items()
        ]
    )
    page.write_text(f"{before}{BEGIN}\n\n{shown}\n\n{END}{after}", encoding="utf-8")


def _split(page: Path, text: str) -> tuple[str, str, str]:
    """Return what stands before the figures, the figures, and what stands after them."""
    before, begin, rest = text.partition(BEGIN)
    measured, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {BEGIN!r} and {END!r}")
    return before, measured, after


def _facts(runs: Mapping[str, str], sections: Mapping[str, _Section]) -> str:
    shown = {section.run for section in sections.values()}
    return "\n".join(f"- {name}: {runs[name]}" for name in runs if name in shown)


def _markdown(table: Table, run: Run) -> str:
    rows = [table.headings, ["---"] * len(table.headings), *table.lines]
    drawn = "\n".join(f"| {' | '.join(row)} |" for row in rows) if table.lines else ""
    parts = (f"### {table.title}", table.note, drawn, f"Run of {run.name}.")
    return "\n\n".join(filter(None, parts))
