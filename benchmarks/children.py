"""Processes that are measured, or that take part otherwise, and why one of them failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, Any, Self

__all__ = ["MOST_SECONDS", "REPOSITORY", "Child", "ChildError", "Ended", "run_to_end"]

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_SECONDS = 300.0
"""A process that takes longer to answer, or to end, is killed: a hang must not stop the run."""


class ChildError(RuntimeError):
    """A process failed. The message holds the last line that it wrote, a note everything."""


class Child:
    """A process that answers each line of its input with a line, until the input ends."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._name = name
        self._stderr = TemporaryFile()  # noqa: SIM115 - as long as the process
        self._is_stderr_known = False
        self._is_terminated = False
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # No pipe: nobody reads while the process works, and a full one would stop it.
            stderr=self._stderr,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        with self._stderr:
            with _killed_after(MOST_SECONDS, self._process):
                self._process.communicate()
            if (
                error_type is None
                and self._process.returncode
                and not self._is_terminated
            ):
                raise self._failure()
            if error_type is not KeyboardInterrupt and not self._is_stderr_known:
                sys.stderr.write(_text_of(self._stderr))

    def read(self, *, seconds: float = MOST_SECONDS) -> str:
        """Read a line.

        Raises:
            ChildError: The process ended, or wrote nothing for so many seconds.
        """
        with _killed_after(seconds, self._process):
            line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.wait()
            raise self._failure()
        return line

    def write(self, line: str) -> None:
        """Write a line; a process that has ended is noticed when its answer is read."""
        if self._process.stdin:
            try:
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                pass

    def ask(self, line: str, *, seconds: float = MOST_SECONDS) -> str:
        """Write a line, and read the answer."""
        self.write(line)
        return self.read(seconds=seconds)

    def terminate(self) -> None:
        """Terminate a process that does not end with its input."""
        self._is_terminated = True
        self._process.terminate()

    def _failure(self) -> ChildError:
        self._is_stderr_known = True
        return _failure(self._name, self._process.returncode, _text_of(self._stderr))


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended without a failure."""

    cpu_seconds: float
    """User and system time."""
    wall_seconds: float
    output: str
    messages: str
    """What it wrote to standard error."""


def run_to_end(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    given: str = "",
    seconds: float = MOST_SECONDS,
) -> Ended:
    """Run a program, with this text as its standard input.

    Raises:
        ChildError: Its exit code is not 0, or it took longer than so many seconds.
    """
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(given.encode())
        stdin.seek(0)
        started = time.perf_counter()
        with subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        ) as process:
            with _killed_after(seconds, process):
                # Instead of `wait`: the only call that reports the usage of this one child.
                _, status, usage = os.wait4(process.pid, 0)
                wall_seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise _failure(name, process.returncode, _text_of(stderr))
        return Ended(
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            wall_seconds=wall_seconds,
            output=_text_of(stdout),
            messages=_text_of(stderr),
        )


@contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[Any]) -> Iterator[None]:
    timer = Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _failure(name: str, returncode: int, messages: str) -> ChildError:
    last = messages.rstrip().rpartition("\n")[2]
    if returncode == -signal.SIGKILL:
        last = "killed, as it took too long or too much memory"
    error = ChildError(f"{name}: {last or f'exit code {returncode}, no message'}")
    error.add_note(messages)
    return error


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
