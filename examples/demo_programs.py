"""The other programs of the demo: the server, the commands of `hipkit`, and a foreign client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["DemoError", "Interruption", "Server", "other_client", "running_server"]

HIPKIT = [sys.executable, "-m", "hipkit.cli"]
OTHER_CLIENT = (
    Path(__file__).resolve().parent.parent / ".tools/clients/hipcat/bin/hipcat"
)
SECONDS_TO_START = 30
SECONDS_TO_STOP = 15


class DemoError(Exception):
    """A step did not do what it should."""


class Interruption(ExitStack):
    """Notes the first signal that is to end the demo: it is heeded between two steps.

    An exception out of nowhere could come between the start of a program and the code that
    ends it, or cut the tidying up short: a terminal and `make` both send the same signal.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def __enter__(self) -> Self:
        """Handle the signals, except those that the parent process ignores."""
        super().__enter__()
        for number in self.SIGNALS:
            if (before := signal.getsignal(number)) != signal.SIG_IGN:
                signal.signal(number, self._note)
                self.callback(self._restore, number, before)
        return self

    def _note(self, number: int, _frame: object) -> None:
        self.number = self.number or number

    def _restore(self, number: signal.Signals, before: Any) -> None:
        # What comes again, after one has ended the demo, has nothing left to end.
        signal.signal(number, signal.SIG_IGN if self.number else before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs, and what its first start left behind."""

    base_url: str
    token_file: Path
    database: Path

    @property
    def token(self) -> str:
        """The administrator's token."""
        return self.token_file.read_text().strip()

    def admin(self, *arguments: str) -> dict[str, object]:
        """Run `hipkit admin` on the server's database and return what it printed."""
        options = ["--json", "--db", str(self.database)]
        printed = run([*HIPKIT, "admin", *options, *arguments], environment())
        shown: dict[str, object] = json.loads(printed)
        return shown

    def hipkit(self, *arguments: str, token: str) -> str:
        """Run any other command against the server and return what it printed."""
        settings = {"HIPCHAT_BASE_URL": self.base_url, "HIPCHAT_TOKEN": token}
        return run([*HIPKIT, *arguments], environment() | settings)


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """Start `hipkit serve` on a free port with an empty database; it is stopped in any case."""
    database = folder / "chat.db"
    log = folder / "server.log"
    command = [*HIPKIT, "serve", "--json", "--port", "0", "--db", str(database)]
    with (
        log.open("wb") as errors,
        # In a group of its own, so that Ctrl-C does not end it amid a step.
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(),
            process_group=0,
        ) as process,
    ):
        # A server that never says that it is ready is ended, which ends the reading too.
        patience = threading.Timer(SECONDS_TO_START, process.kill)
        patience.start()
        try:
            line = process.stdout.readline() if process.stdout else b""
            patience.cancel()
            if not line:
                shown = log.read_text(errors="replace").strip()
                raise DemoError(f"the server did not start: {shown}")
            ready = json.loads(line)
            yield Server(
                base_url=ready["base_url"],
                token_file=Path(ready["token_file"]),
                database=database,
            )
        finally:
            patience.cancel()
            stop(process)


def other_client(server: Server, token: str, room: str, text: str) -> list[str]:
    """Post with hipcat, a third-party program, unmodified from the package index."""
    if not OTHER_CLIENT.exists():
        raise DemoError(f"{OTHER_CLIENT} is missing: make demo installs it")
    home = server.database.parent
    settings = home / ".hipcat.ini"
    origin = server.base_url.removesuffix("/v2")
    settings.touch(mode=0o600)
    settings.write_text(f"[hipchat]\nbase_url = {origin}\naccess_token = {token}\n")
    program, own = str(OTHER_CLIENT), environment() | {"HOME": str(home)}
    command = [program, room, "--notification", "--color", "purple", "--message", text]
    return [run([program, "--version"], own).strip(), run(command, own).strip()]


def run(command: list[str], environment: dict[str, str]) -> str:
    """Run a program and return what it printed."""
    ended = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if ended.returncode != 0:
        name = " ".join(Path(word).name for word in command[:4])
        raise DemoError(f"{name} ended with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout


def environment() -> dict[str, str]:
    """Return this process's environment without what would lead away from the demo's server."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HIPCHAT_")
        and not name.lower().endswith("_proxy")
        and name != "XDG_CONFIG_HOME"
    }


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: politely, and if that takes too long, at once."""
    process.terminate()
    try:
        process.wait(timeout=SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
