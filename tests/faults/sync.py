"""Each commit reaches the disk before its answer: seen in the server's system calls.

A kill proves little about that: what a process has written stays with the kernel when it dies. So
`strace` looks on while notifications with texts of their own are posted at the same time, and for
each text these have to follow each other:

1. the server reads the request that holds it,
2. it writes a part of the database's log that holds it,
3. `fdatasync` or `fsync` of that log succeeds, begun after 2,
4. it sends 204 on the connection of 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.load import ROOM, post_until_it_ends
from tests.faults.serving import DATABASE, HIPKIT, serving

__all__ = ["can_trace", "run"]

ROUNDS = 500
CONNECTIONS = 8
CALLS = "recvfrom,read,pwrite64,fdatasync,fsync,sendto,write"
TRACED_BYTES = "8192"
"""A page of the database's log is half as long."""

LOG = f"{DATABASE}-wal>"
LINE = re.compile(
    r"(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<call>\w+)\()(?P<rest>.*)$"
)
UNFINISHED = "<unfinished ...>"
HANDLE = re.compile(r"(\d+)<")


@dataclass(frozen=True)
class Call:
    """One system call, known by the lines where it began and ended."""

    name: str
    shown: str
    began: int
    ended: int

    @property
    def handle(self) -> str:
        """The file descriptor."""
        found = HANDLE.match(self.shown)
        return found[1] if found else ""


def can_trace() -> bool:
    """Say whether this machine has strace, and lets it look on."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-f", "true"], capture_output=True, check=False)
    return done.returncode == 0


def run(folder: Path, rounds: int) -> int:
    """Post so many notifications under strace; return how many answers were looked at.

    Raises:
        AssertionError: An answer went out before its commit was on disk.
    """
    trace = folder / "trace.txt"
    command = [
        *("strace", "-f", "-y", "-qq", "-s", TRACED_BYTES, "-e", f"trace={CALLS}"),
        *("-o", str(trace), *HIPKIT),
    ]
    texts = (f"message number {number} of the trace" for number in range(rounds))
    with serving(folder, command=command) as server:
        assert server.call("POST", "/room", {"name": ROOM})[0] == 201
        posting = post_until_it_ends(server, texts, connections=CONNECTIONS)
        promised = asyncio.run(posting)
        # strace hands no signal on: the server, its only child, has to hear it itself.
        process = server.process.pid
        children = Path(f"/proc/{process}/task/{process}/children").read_text()
        os.kill(int(children), signal.SIGTERM)
        server.process.wait()
    assert len(promised) == rounds
    calls = list(_calls(trace.read_text(errors="replace").splitlines()))
    for text in promised:
        _check(text, calls)
    return len(promised)


def _calls(lines: list[str]) -> Iterator[Call]:
    """Put together what strace tells in two lines because another thread came between."""
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        found = LINE.match(line)
        if found is None:
            continue
        thread, rest = found["thread"], found["rest"]
        if rest.endswith(UNFINISHED):
            begun[thread] = (number, rest.removesuffix(UNFINISHED))
        elif found["resumed"]:
            began, start = begun.pop(thread)
            yield Call(found["resumed"], start + rest, began, number)
        else:
            yield Call(found["call"], rest, number, number)


def _check(text: str, calls: list[Call]) -> None:
    asked = next(call for call in calls if _is_request(call, text))
    logged = next(
        call for call in calls if call.name == "pwrite64" and text in call.shown
    )
    synced = next(
        call for call in calls if _is_sync(call) and call.began > logged.ended
    )
    answered = next(
        call
        for call in calls
        if call.began > asked.ended
        and call.handle == asked.handle
        and call.name in ("sendto", "write")
        and "HTTP/1.1 204" in call.shown
    )
    assert logged.began > asked.began, text
    assert synced.ended < answered.began, f"{text}: answered before it was on disk"


def _is_request(call: Call, text: str) -> bool:
    return call.name in ("recvfrom", "read") and text in call.shown


def _is_sync(call: Call) -> bool:
    is_done = call.shown.endswith("= 0")
    return call.name in ("fdatasync", "fsync") and LOG in call.shown and is_done


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        count = run(Path(name), rounds)
    print(f"{count} answers of success, each after the fdatasync of its commit")


if __name__ == "__main__":
    main()
