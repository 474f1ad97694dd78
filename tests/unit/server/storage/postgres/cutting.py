"""A proxy before PostgreSQL that cuts connections where a test says, and counts round trips."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.postgres import USER, PostgresServer

__all__ = ["CuttingProxy", "cutting_proxy"]

SOCKET = ".s.PGSQL.5432"


@dataclass
class CuttingProxy:
    """Passes on what clients and the server send, until a client sends what it looks for."""

    folder: Path
    server: Path
    cut_before: bytes = b""
    """Closes the connection of whoever sends this, once, and does not pass it on."""
    cut_after: bytes = b""
    """The same, once the server has answered it."""
    is_away: bool = False
    """Whether new connections are closed at once."""
    cuts: int = 0
    round_trips: int = 0
    """How often a client has sent something after it had got an answer."""
    _open: list[socket.socket] = field(default_factory=list)

    def address(self, database: str) -> str:
        return (
            f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='')}"
        )

    def accept(self, listening: socket.socket) -> None:
        """Serve until the socket is closed."""
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            if self.is_away:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.server))
            self._open += [client, server]
            threading.Thread(target=self._to_server, args=(client, server)).start()

    def close(self) -> None:
        for one in self._open:
            _end(one)

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        answered = threading.Event()
        is_cut = threading.Event()
        has_answer = threading.Event()
        has_answer.set()
        back = threading.Thread(
            target=self._to_client,
            args=(server, client, answered, is_cut, has_answer),
        )
        back.start()
        while data := _receive(client):
            if has_answer.is_set():
                has_answer.clear()
                self.round_trips += 1
            if self.cut_before and self.cut_before in data:
                self.cut_before = b""
                self.cuts += 1
                break
            if self.cut_after and self.cut_after in data:
                self.cut_after = b""
                self.cuts += 1
                is_cut.set()
                _send(server, data)
                answered.wait()
                break
            _send(server, data)
        _end(client)
        _end(server)
        back.join()

    def _to_client(
        self,
        server: socket.socket,
        client: socket.socket,
        answered: threading.Event,
        is_cut: threading.Event,
        has_answer: threading.Event,
    ) -> None:
        while data := _receive(server):
            if is_cut.is_set():
                break
            has_answer.set()
            _send(client, data)
        answered.set()
        _end(client)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(1 << 16)
    except OSError:
        return b""


def _send(target: socket.socket, data: bytes) -> None:
    # Where it has gone, the other thread ends.
    with contextlib.suppress(OSError):
        target.sendall(data)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextlib.contextmanager
def cutting_proxy(server: PostgresServer) -> Iterator[CuttingProxy]:
    folder = Path(tempfile.mkdtemp(prefix="hipkit-cut-", dir="/tmp"))
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(folder / SOCKET))
        listening.listen()
        proxy = CuttingProxy(folder, server.folder / SOCKET)
        thread = threading.Thread(target=proxy.accept, args=(listening,))
        thread.start()
        yield proxy
        proxy.close()
        _end(listening)
        thread.join()
    finally:
        listening.close()
        shutil.rmtree(folder)
