"""Values as people read them: lines of `name: value`, and a table for a list of objects.

Scripts use `--json`, which leaves nothing out; here `links` go, and long texts in tables are cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len, set_cell_size

from hipkit.cli.output import one_line

__all__ = ["describe", "table"]

LEFT_OUT = frozenset({"links", "version"})
"""Addresses and change marks of the API's own."""
WIDEST_CELL = 60
INDENT = "  "


def describe(value: object) -> str:
    """Lay out a JSON value for reading."""
    return "\n".join(_lines(value))


def table(items: Sequence[Mapping[str, object]]) -> str:
    """Lay out objects under their members' names, one a line."""
    names = [
        name
        for name in dict.fromkeys(name for item in items for name in item)
        if name not in LEFT_OUT
        and any(_cell(item.get(name)) is not None for item in items)
    ]
    rows = [[name.upper() for name in names]]
    rows += [[_cut(_cell(item.get(name)) or "") for name in names] for item in items]
    # `rich.table` would fit rows to a width, wrapped or cut, and pad them to it; in a pipe there
    # is no width. With all of that off, just this is left, after 200 ms to load it.
    widths = [
        max(cell_len(row[column]) for row in rows) for column in range(len(names))
    ]
    return "\n".join(
        INDENT.join(
            set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping):
        lines: list[str] = []
        for name, member in value.items():
            if name in LEFT_OUT:
                continue
            lines += _member(str(name), member)
        return lines
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
    """Return what a table shows of a member, or `None` where that is nothing."""
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
