"""Servers that may die: started by any command, and told apart from those that were stopped."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.e2e.serving import HIPKIT, Running

__all__ = ["DATABASE", "HIPKIT", "REPOSITORY", "memory_bytes", "serving"]

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DATABASE = "chat.db"


@contextlib.contextmanager
def serving(
    folder: Path,
    *options: str,
    command: Sequence[str] = HIPKIT,
    pass_fds: Sequence[int] = (),
) -> Iterator[Running]:
    """Run `hipkit serve`, or what takes its place, without limits on calls."""
    process = subprocess.Popen(
        [
            *command,
            "serve",
            *("--db", str(folder / DATABASE)),
            *("--port", "0", "--no-rate-limits"),
            *options,
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    )
    stderr_lines: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    listener = threading.Thread(
        target=stderr_lines.extend, args=(process.stderr,), daemon=True
    )
    listener.start()
    try:
        line = process.stdout.readline()
        if not line:
            process.wait()
            listener.join()
            raise RuntimeError(f"the server did not start: {''.join(stderr_lines)}")
        token = (folder / f"{DATABASE}.admin-token").read_text().strip()
        address = next(word for word in line.split() if word.startswith("http"))
        yield Running(process, address, token, folder, stderr_lines)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listener.join()
        process.stdout.close()
        process.stderr.close()


def memory_bytes(server: Running) -> int:
    """Return what a server has in memory now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this repository."""
    return [sys.executable, "-m", module, *arguments]
