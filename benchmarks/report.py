"""Tables and their cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring import Cost, Spread, quotients

__all__ = [
    "COMPARED",
    "COMPARED_BY_WALL",
    "Table",
    "compared",
    "figure",
    "judged",
    "shown",
    "times",
]

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
COMPARED_BY_WALL = (*COMPARED[:-2], "wall, times", COMPARED[-1])

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
    aim: float | None = None,
    unit: str = "µs",
    by_wall: bool = False,
) -> tuple[str, ...]:
    """Return a row that compares hipkit with a contestant; the aim is the largest quotient."""
    ratio = (
        quotients(ours.wall, theirs.wall)
        if by_wall
        else quotients(ours.cpu, theirs.cpu)
    )
    return (
        transport,
        how,
        against,
        figure(Spread.of(ours.cpu), unit),
        figure(Spread.of(ours.wall), unit),
        figure(Spread.of(theirs.cpu), unit),
        figure(Spread.of(theirs.wall), unit),
        times(ratio),
        # As it is shown: a reader who compares both columns comes to the same verdict.
        ""
        if aim is None
        else judged(float(f"{ratio.median:.3g}"), aim, f"at most {aim:g}"),
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


def _three_digits(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _width(text: str) -> int:
    return sum(not unicodedata.combining(letter) for letter in text)
