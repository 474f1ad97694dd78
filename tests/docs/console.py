"""Runs the `console` blocks of the docs, and compares what they show with what came out."""

from __future__ import annotations

import difflib
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sybil import Example

from tests.docs.reader import Reader
from tests.docs.shell import shell_environment

PROMPT = "$ "
CONTINUATION = "> "
ANYTHING = "..."
UNTIL_STOPPED = {
    "hipkit addon run": ("--port", "0", "--addon-port", "0"),
    "hipkit relay relay.toml": ("--port", "0"),
}
"""How commands begin that run until Ctrl-C, and what gives them free ports."""
PORT = re.compile(r"127\.0\.0\.1:(\d+)/")
COLUMN_GAP = re.compile(r"(?<=\S) {2,}")


def run_console(example: Example) -> str | None:
    """Run every command of a block; return what is wrong, or `None`."""
    reader: Reader = example.namespace["reader"]
    for command, expected in read_steps(str(example.parsed)):
        ports = next(
            (
                each
                for start, each in UNTIL_STOPPED.items()
                if command.startswith(start)
            ),
            None,
        )
        if ports is not None:
            lines = expected.count("\n")
            printed = run_until_stopped(command, ports, reader, lines=lines)
        else:
            printed = run_command(command, reader)
        if not matches(printed, expected):
            shown = "\n".join(
                difflib.ndiff(expected.splitlines(), printed.splitlines())
            )
            return f"$ {command}\nthe page (-) and the program (+) differ:\n{shown}"
    return None


def run_command(command: str, reader: Reader) -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run(
        ["/bin/sh", "-c", reader.local(command)],
        cwd=reader.folder,
        env=shell_environment() | in_a_checkout(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return reader.as_written(done.stdout)


def in_a_checkout(command: str) -> dict[str, str]:
    """Return what lets a command run as in the repository's root, if the page does so."""
    if not command.startswith("python -m codegen"):
        return {}
    return {"PYTHONPATH": str(Path(__file__).parents[2])}


def run_until_stopped(
    command: str, free_ports: tuple[str, ...], reader: Reader, *, lines: int
) -> str:
    """Run a server, stop it as Ctrl-C does once it has printed its lines, and return them.

    It gets free ports: another program may have those that the page names.
    """
    started = subprocess.Popen(
        [*shlex.split(command), *free_ports],
        cwd=reader.folder,
        env=shell_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with started:
        assert started.stdout is not None
        printed = "".join(started.stdout.readline() for _ in range(lines))
        started.send_signal(signal.SIGINT)
        printed += started.stdout.read()
    ports = list(dict.fromkeys(PORT.findall(printed)))
    for port, written in zip(ports, ("8070", "8071"), strict=False):
        printed = printed.replace(f":{port}/", f":{written}/")
    return printed if started.returncode == 0 else f"{printed}code {started.returncode}"


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
