"""Format values for reading: lines of `name: value`, and a table for a list of objects.

Scripts use `--json`, which is complete; here `links` are left out, and long cells are cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rich.cells import cell_len, chop_cells, set_cell_size

from hipkit.cli.output import one_line, write, write_stderr

__all__ = ["align", "describe", "table", "write_table"]

LEFT_OUT = frozenset({"links", "version"})
"""Members that only programs need."""
WIDEST_CELL = 60
NARROWEST = 8
"""A column that is cut to fit gets so much at least."""
MOST_ALIGNED_ROWS = 2_000
INDENT = "  "


def align(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return rows of cells as lines in which columns stand below each other.

    Long cells are wrapped, so that nothing is lost and no line is wider than `width`. Where that
    leaves columns too narrow to read, cells are separated by ` | ` instead, and lines may be wider.

    Args:
        rows: The cells, each without line ends and harmless to a terminal.
        width: In columns of the terminal.
    """
    count = max(map(len, rows), default=0)
    filled = [[*row, *[""] * (count - len(row))] for row in rows[:MOST_ALIGNED_ROWS]]
    natural = [max(1, *map(cell_len, column)) for column in zip(*filled, strict=True)]
    widths = _fit(natural, width - len(INDENT) * (count - 1))
    if widths is None or len(rows) > MOST_ALIGNED_ROWS:
        return [" | ".join(row) for row in rows]
    lines = []
    for row in filled:
        cells = [_wrap(cell, size) for cell, size in zip(row, widths, strict=True)]
        for pieces in zip_longest(*cells, fillvalue=""):
            padded = map(set_cell_size, pieces, widths)
            lines.append(INDENT.join(padded).rstrip())
    return lines


def _fit(natural: Sequence[int], room: int) -> list[int] | None:
    """Return widths that fit into a line, the widest cut to the same; `None` if too narrow."""
    most = max(natural, default=0)
    for widest in range(min(most, room), min(most, NARROWEST) - 1, -1):
        widths = [min(each, widest) for each in natural]
        if sum(widths) <= room:
            return widths
    return None


def _wrap(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if not lines[-1] or cell_len(lines[-1]) + 1 + cell_len(word) > width:
            first, *others = (
                [word] if cell_len(word) <= width else chop_cells(word, width)
            )
            lines[-1:] = [*filter(None, lines[-1:]), first, *others]
        else:
            lines[-1] += f" {word}"
    return lines


def describe(value: object) -> str:
    """Format a JSON value as lines of text."""
    return "\n".join(_lines(value))


def table(items: Sequence[Mapping[str, object]]) -> str:
    """Format objects as a table with the names of their members as headings."""
    names = [
        name
        for name in dict.fromkeys(name for item in items for name in item)
        if name not in LEFT_OUT
        and any(_cell(item.get(name)) is not None for item in items)
    ]
    rows = [[name.upper() for name in names]]
    rows += [[_cut(_cell(item.get(name)) or "") for name in names] for item in items]
    # `rich.table` fits rows to the width of a terminal, which a pipe does not have, by wrapping,
    # cutting and padding. Without all of that, these lines are what it does, after 200 ms to load.
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        INDENT.join(
            set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def write_table(items: Sequence[Mapping[str, object]]) -> None:
    """Print objects as a table, or that there are none."""
    if items:
        write(table(items))
    else:
        write_stderr("nothing found")


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping):
        shown = ((name, item) for name, item in value.items() if name not in LEFT_OUT)
        return [line for name, item in shown for line in _member(str(name), item)]
    if isinstance(value, list):
        if value and all(isinstance(item, Mapping) for item in value):
            return table(value).splitlines()
        return [line for item in value for line in _lines(item)]
    return _text(value).splitlines() or [""]


def _member(name: str, value: object) -> list[str]:
    if isinstance(value, list) and not any(
        isinstance(item, (Mapping, list)) for item in value
    ):
        value = ", ".join(_text(item) for item in value)
    lines = _lines(value)
    if not lines:  # Nothing but links.
        return []
    if not isinstance(value, (Mapping, list)) and len(lines) == 1:
        return [f"{name}: {lines[0]}".rstrip()]
    return [f"{name}:", *(INDENT + line for line in lines)]


def _cell(value: object) -> str | None:
    """Return the text of a cell, or `None` if it is empty."""
    if value is None or value == []:
        return None
    if isinstance(value, Mapping):
        name = value.get("name", value.get("id"))
        return None if name is None else _text(name)
    if isinstance(value, list):
        cells = [_cell(item) for item in value]
        return ", ".join(cell for cell in cells if cell is not None) or None
    return one_line(_text(value))


def _cut(text: str) -> str:
    if cell_len(text) <= WIDEST_CELL:
        return text
    return set_cell_size(text, WIDEST_CELL - 3).rstrip() + "..."


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
