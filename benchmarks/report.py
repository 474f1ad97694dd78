"""Tables, for the terminal and for the page that the docs show."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Cost, Spread, quotients

__all__ = [
    "COMPARED",
    "Table",
    "around_figures",
    "compared",
    "figure",
    "judged",
    "rewrite",
    "shown",
    "times",
]

BEGIN = (
    "<!-- measured: what stands between these two lines is written by `make bench` -->"
)
END = "<!-- measured: end -->"
COMPARED = (
    "transport",
    "how",
    "against",
    "hipkit: CPU",
    "wall",
    "the other: CPU",
    "wall",
    "CPU, times",
    "aim",
)
"""The headings of a table whose lines `compared` makes."""

SCALES = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6}


@dataclass(frozen=True, slots=True)
class Table:
    """The result of one row of benchmarks."""

    title: str
    headings: Sequence[str]
    lines: Sequence[Sequence[str]]
    note: str = ""


def figure(spread: Spread, unit: str) -> str:
    """Write a median with its quartiles: `225 µs (221 to 230)`."""
    median, low, high = (
        _three_digits(value * SCALES[unit])
        for value in (spread.median, spread.low, spread.high)
    )
    return f"{median} {unit} ({low} to {high})"


def times(spread: Spread) -> str:
    """Write a quotient with its quartiles."""
    return f"{spread.median:.3g} ({spread.low:.3g} to {spread.high:.3g})"


def judged(value: float, most: float, aim: str) -> str:
    """Return the aim, and whether it was met."""
    return f"{aim}: {'met' if value <= most else 'missed'}"


def compared(
    transport: str,
    how: str,
    against: str,
    ours: Cost,
    theirs: Cost,
    *,
    aim: tuple[float, str] | None = None,
    unit: str = "µs",
) -> tuple[str, ...]:
    """Return a row that compares hipkit with a contestant; the aim is a number and its text."""
    ratio = quotients(ours.cpu, theirs.cpu)
    return (
        transport,
        how,
        against,
        figure(Spread.of(ours.cpu), unit),
        figure(Spread.of(ours.wall), unit),
        figure(Spread.of(theirs.cpu), unit),
        figure(Spread.of(theirs.wall), unit),
        times(ratio),
        judged(ratio.median, *aim) if aim else "",
    )


def shown(table: Table) -> str:
    """Lay a table out for the terminal."""
    rows = [list(table.headings), *map(list, table.lines)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    laid_out = "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell))
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
    return "\n".join(filter(None, (table.title.upper(), table.note, laid_out)))


def around_figures(page: Path) -> tuple[str, str]:
    """Return what stands before and after the figures of a page.

    Raises:
        OSError: The page cannot be read, or not be written.
        ValueError: It does not have the two lines between which they belong.
    """
    with page.open("r+", encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {BEGIN!r} and {END!r}")
    return before, after


def rewrite(page: Path, facts: Sequence[str], tables: Sequence[Table]) -> None:
    """Put the tables into the page, in place of those that stand there.

    Raises:
        OSError: The page cannot be read, or not be written.
        ValueError: It does not have the two lines between which they belong.
    """
    before, after = around_figures(page)
    measured = "\n\n".join(
        ["\n".join(f"- {fact}" for fact in facts), *map(_markdown, tables)]
    )
    page.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}", encoding="utf-8")


def _markdown(table: Table) -> str:
    rows = [table.headings, ["---"] * len(table.headings), *table.lines]
    drawn = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return "\n\n".join(filter(None, (f"### {table.title}", table.note, drawn)))


def _three_digits(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _width(text: str) -> int:
    return sum(not unicodedata.combining(letter) for letter in text)
