"""The layout of docstrings: blocks as Python source, wrapped and escaped."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from codegen.planning.package import Block, Section
from codegen.planning.prose import (
    LONGEST_FIRST_LINE,
    plain,
)

WIDTH = 88


def layout(blocks: Iterable[Block], indent: int) -> str:
    """Return blocks as a docstring with quotes, for this indentation."""
    lines: list[str] = []
    for block in blocks:
        lines += ["", *_lines(block, indent)]
    text = textwrap.indent("\n".join(lines[1:]), " " * indent)[indent:]
    if "\n" in text:
        text += "\n" + " " * indent
    return _quoted(plain(text))


def _lines(block: Block, indent: int) -> list[str]:
    if isinstance(block, Section):
        found = [f"{block.title}:"]
        for name, text in block.entries:
            entry, later = (f"{name}: {text}", 8) if name else (text, 4)
            found += _wrapped(entry, indent, first=" " * 4, later=" " * later)
        return found
    if "\n" not in block:
        # A summary stays on its line, however long: `titled` sees to its length.
        is_short = len(block) <= LONGEST_FIRST_LINE + 8
        return [block] if is_short else _wrapped(block, indent)
    found = []
    for line in block.rstrip("\n").split("\n"):
        mark = re.match(r"\s*[-*+]\s", line)
        hanging = len(line) - len(line.lstrip()) + 2 * bool(mark)
        if "```" in block or line.startswith("    "):
            found.append(line)
        else:
            found += _wrapped(line, indent, later=" " * hanging)
    return found


def _wrapped(text: str, indent: int, *, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width=WIDTH - indent,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quoted(text: str) -> str:
    """Put a text between triple quotes, with those inside escaped."""
    is_plain = '"""' not in text and not text.endswith(('"', "\\"))
    if "\\" in text and is_plain:
        return f'r"""{text}"""'
    last = '\\"' if text.endswith('"') else ""
    body = text[:-1] if last else text
    body = body.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{body}{last}"""'
