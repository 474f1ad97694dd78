"""Where secrets come from: files that others may not read, and commands that print them.

Read next: `profiles.py`, whose tokens are read from here.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, cast

__all__ = [
    "FOR_OTHERS",
    "WRITABLE_BY_OTHERS",
    "read_private_file",
    "run_command",
    "split_command",
]

COMMAND_SECONDS = 120
"""A command may ask a person for a passphrase."""
MOST_BYTES = 1024 * 1024
"""No such file is nearly as long; a device or the wrong file may never end."""
FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def read_private_file(path: Path, refused: int, access: str) -> str:
    """Return the text of a file that users other than its owner must not read or write.

    Args:
        path: The file.
        refused: The bits of its mode that must not be set.
        access: What others could do by them, for the error: `read` or `write`.

    Raises:
        ValueError: It cannot be read, or it is none of this user's or root's, or its mode has
            one of the bits. The message names the file and does not repeat its content.
    """
    try:
        # A named pipe that nobody writes to would keep the caller waiting.
        with open(path, "rb", opener=_open_at_once) as file:
            found = os.fstat(file.fileno())
            is_file = stat.S_ISREG(found.st_mode)
            raw = file.read(MOST_BYTES + 1) if is_file else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise ValueError(f"{path}: {reason}") from None
    if not is_file:
        raise ValueError(f"{path}: it is not a regular file")
    # Windows has no such modes.
    if os.name == "posix":
        if found.st_uid not in (0, os.geteuid()):
            raise ValueError(f"{path}: it belongs to another user")
        if found.st_mode & refused:
            # A file that others may read has perhaps a reader that needs it.
            mode = "600" if access == "read" else "go-w"
            raise ValueError(
                f"{path}: other users may {access} it; run: chmod {mode} {shlex.quote(str(path))}"
            )
    if len(raw) > MOST_BYTES:
        raise ValueError(f"{path}: it is larger than {MOST_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: it is not UTF-8") from None


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def split_command(command: str | list[str]) -> list[str]:
    """Return a command's arguments: there is no shell.

    Raises:
        ValueError: A quote has no end.
    """
    try:
        return shlex.split(command) if isinstance(command, str) else command
    except ValueError:
        raise ValueError("the command has a quote without an end") from None


def run_command(arguments: list[str], name: str) -> str:
    """Return what a command prints, and end it if that takes too long or is too much.

    Args:
        arguments: The program and its arguments.
        name: How errors name it.

    Raises:
        ValueError: It cannot be run, fails, prints too much or does not end. The message does not
            repeat what it printed.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command; only they can write it
            arguments,
            # What is piped into the caller is not for the command.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be run"
        raise ValueError(f"{name}: {reason}") from None
    end = time.monotonic() + COMMAND_SECONDS
    printed: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        with cast("IO[bytes]", process.stdout) as output:
            printed.put(output.read(MOST_BYTES + 1))

    # A process that outlives the command may keep the output open.
    Thread(target=read, daemon=True).start()
    try:
        raw = printed.get(timeout=COMMAND_SECONDS)
        if len(raw) > MOST_BYTES:
            raise ValueError(f"{name}: it printed more than {MOST_BYTES} bytes")
        code = process.wait(max(end - time.monotonic(), 0))
    except (Empty, subprocess.TimeoutExpired):
        raise ValueError(
            f"{name}: it did not end within {COMMAND_SECONDS} seconds"
        ) from None
    finally:
        process.kill()  # Nothing happens if it has ended.
        process.wait()
    if code:
        raise ValueError(f"{name}: it ended with exit code {code}")
    return raw.decode("utf-8", "replace")
