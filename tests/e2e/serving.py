"""Starts `hipkit serve` as a person would, and talks to it over a socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

HIPKIT = [sys.executable, "-m", "hipkit.cli"]
PATIENCE_SECONDS = 120


@dataclass
class Running:
    """A server process that is ready."""

    process: subprocess.Popen[str]
    base_url: str
    token: str
    folder: Path
    stderr_lines: list[str] = field(default_factory=list)

    def connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.base_url)
        return http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS
        )

    def call(
        self, method: str, path: str, body: object = None, *, token: str | None = None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        with contextlib.closing(self.connect()) as connection:
            headers = {"Authorization": f"Bearer {token or self.token}"}
            data = None
            if body is not None:
                data = json.dumps(body).encode()
                headers["Content-Type"] = "application/json"
            connection.request(method, f"/v2{path}", data, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def raw(self, request: bytes) -> bytes:
        """Send bytes, and return whatever comes until the server hangs up."""
        parts = urlsplit(self.base_url)
        address = (parts.hostname or "", parts.port or 0)
        with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
            received = b""
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(65536):
                    received += chunk
            return received

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def serving(
    folder: Path,
    *options: str,
    database: str = "chat.db",
    command: Sequence[str] = (*HIPKIT, "serve"),
) -> Iterator[Running]:
    process = subprocess.Popen(
        [*command, "--db", database, "--port", "0", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stderr_lines: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    listener = threading.Thread(
        target=stderr_lines.extend, args=(process.stderr,), daemon=True
    )
    try:
        line = process.stdout.readline()
        listener.start()
        assert line, "".join(stderr_lines)
        file = folder / f"{database}.admin-token"
        # A server whose database is thrown away keeps none.
        token = file.read_text().strip() if file.exists() else ""
        yield Running(process, line.split()[-1], token, folder, stderr_lines)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if listener.ident is not None:
            listener.join()
        process.stdout.close()
        process.stderr.close()


def hipkit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HIPKIT, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def admin(folder: Path, *arguments: str) -> dict[str, object]:
    """Run `hipkit admin ... --json` and return what it printed."""
    done = hipkit(folder, "admin", "--db", "chat.db", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    printed: dict[str, object] = json.loads(done.stdout)
    return printed


def free_port() -> int:
    """Return a port of loopback that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
