"""Find the lines of a TOML text in which its tables and keys are written (pure).

`tomllib` reads the text and knows no lines. This scan relies on the text being TOML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["Path", "find_line", "scan_lines"]

Path = tuple[str | int, ...]
"""How to get to a value: keys of tables, and numbers of items."""

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|\n"
    r"|[\[\]{}]"
    r"|[^\s\"'#\[\]{}]+"
    r"|.",
    re.DOTALL,
)
KEY = re.compile(
    r'[ \t]*(?:"(?P<basic>(?:\\.|[^"\\])*)"|\'(?P<literal>[^\']*)\'|(?P<bare>[\w-]+))'
    r"[ \t]*(?P<next>[.=\]])"
)


def find_line(lines: dict[Path, int], path: Path) -> int | None:
    """Return the line of a value, or of the innermost table around it that has one.

    Args:
        lines: What `scan_lines` returned.
        path: The way to the value.
    """
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None


def scan_lines(text: str) -> dict[Path, int]:
    """Return the line of each table and key, counted from 1. Inline tables count as their key's."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for line, statement in _statements(text):
        is_list = statement.startswith("[[")
        if not statement.startswith("["):
            path = (*table, *_keys(statement))
        elif is_list:
            inner = _resolved(_keys(statement[2:]), counts)
            number = counts[inner] = counts.get(inner, -1) + 1
            lines.setdefault(inner, line)
            path = table = (*inner, number)
        else:
            path = table = _resolved(_keys(statement[1:]), counts)
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)
    return lines


def _resolved(keys: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """Return the way to a table: the last item so far of each list of tables on it."""
    path: Path = ()
    for place, key in enumerate(keys):
        path = (*path, key)
        if place < len(keys) - 1 and path in counts:
            path = (*path, counts[path])
    return path


def _keys(statement: str) -> tuple[str, ...]:
    found: list[str] = []
    position = 0
    while (key := KEY.match(statement, position)) is not None:
        found.append(next(part for part in key.groups()[:3] if part is not None))
        position = key.end()
        if key["next"] != ".":
            break
    return tuple(found)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement, up to its value's end, with the number of its first line."""
    line, first, depth = 1, 1, 0
    parts: list[str] = []
    for token in TOKEN.finditer(text):
        part = token.group()
        if part in ("[", "{"):
            depth += 1
        elif part in ("]", "}"):
            depth -= 1
        if part == "\n" and depth <= 0:
            if parts:
                yield first, "".join(parts)
            parts, depth = [], 0
        elif not part.startswith("#") and (parts or not part.isspace()):
            if not parts:
                first = line
            parts.append(part)
        line += part.count("\n")
    if parts:
        yield first, "".join(parts)
