"""Runs the `console` blocks of the docs, and compares what they show with what came out."""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Iterator

from sybil import Example

from tests.docs.reader import Reader
from tests.docs.shell import shell_environment

PROMPT = "$ "
CONTINUATION = "> "
ANYTHING = "..."
COLUMN_GAP = re.compile(r"(?<=\S) {2,}")


def run_console(example: Example) -> str | None:
    """Run every command of a block; return what is wrong, or `None`."""
    reader: Reader = example.namespace["reader"]
    for command, expected in read_steps(str(example.parsed)):
        done = subprocess.run(
            ["/bin/sh", "-c", reader.local(command)],
            cwd=reader.folder,
            env=shell_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        printed = reader.as_written(done.stdout)
        if not matches(printed, expected):
            shown = "\n".join(
                difflib.ndiff(expected.splitlines(), printed.splitlines())
            )
            return f"$ {command}\nthe page (-) and the program (+) differ:\n{shown}"
    return None


def read_steps(block: str) -> Iterator[tuple[str, str]]:
    """Split a block into commands and what each prints."""
    command, output = "", ""
    for line in block.splitlines():
        if line.startswith(PROMPT):
            if command:
                yield command, output
            command, output = line.removeprefix(PROMPT), ""
        elif line.startswith(CONTINUATION) and not output:
            command += "\n" + line.removeprefix(CONTINUATION)
        else:
            output += line + "\n"
    if command:
        yield command, output


def matches(printed: str, expected: str) -> bool:
    """Compare, leaving out the width of columns and spaces at the ends of lines.

    `...` stands for anything, and as a line of its own for any lines, or none.
    """
    pattern = "".join(
        r"(?:.*\n)?"
        if line == ANYTHING
        else ".*".join(re.escape(part) for part in line.split(ANYTHING)) + r"\n"
        for line in _bare(expected)
    )
    return (
        re.fullmatch(pattern, "\n".join([*_bare(printed), ""]), re.DOTALL) is not None
    )


def _bare(text: str) -> list[str]:
    return [COLUMN_GAP.sub("  ", line.rstrip()) for line in text.strip().splitlines()]
