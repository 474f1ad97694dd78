"""Runs the `console` blocks of the docs, and compares what they show with what came out."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sybil import Example

PROMPT = "$ "
CONTINUATION = "> "
ANYTHING = "..."


def run_console(example: Example) -> str | None:
    """Run every command of a block; return what is wrong, or `None`."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
    for command, expected in read_steps(str(example.parsed)):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=example.namespace["folder"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        if not matches(done.stdout, expected):
            shown = "\n".join(
                difflib.ndiff(expected.splitlines(), done.stdout.splitlines())
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
    """Compare, leaving out spaces at the ends of lines; `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in _bare(expected).split(ANYTHING))
    return re.fullmatch(pattern, _bare(printed), re.DOTALL) is not None


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
