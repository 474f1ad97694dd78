"""A server on a raw socket that does exactly what a test tells it, well or badly.

A script is a function that gets the connection; the server runs it in a thread and keeps
what came in. Nothing here understands more HTTP than the tests need.

`HIPKIT_LATE_SECONDS` makes every step of every script so much later: a test that waits for
events, and not for times, passes all the same.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
PATIENCE_SECONDS = 30.0
"""How long to wait for what is bound to happen, before the test fails."""
LATE_SECONDS = float(os.environ.get("HIPKIT_LATE_SECONDS", "0"))


def be_late() -> None:
    """Let a server take as long for a step as it does on a busy machine."""
    if LATE_SECONDS:
        time.sleep(LATE_SECONDS)


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    method: str
    target: str
    lines: list[str]
    """The header lines as they stood, `Name: value`."""
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """Give the one value of a header."""
        found = [
            line.partition(":")[2].strip()
            for line in self.lines
            if line.partition(":")[0].lower() == name.lower()
        ]
        assert len(found) < 2, f"{name} came more than once"
        return found[0] if found else None


class Connection:
    """One accepted connection, in the hands of a script."""

    def __init__(self, server: ScriptedServer, plain: socket.socket) -> None:
        self.server = server
        self.socket = plain
        self._buffer = b""

    def read_request(self, *, keep_body: bool = True) -> Received:
        """Read one whole request, or raise `ConnectionError` where none comes."""
        head = self.read_head()
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _version = request_line.split(" ")
        received = Received(method, target, lines, b"")
        received = Received(method, target, lines, self._read_body(received, keep_body))
        self.server.requests.append(received)
        return received

    def read_head(self) -> bytes:
        """Read up to the empty line."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def rest(self) -> bytes:
        """Give what was read beyond the head."""
        rest, self._buffer = self._buffer, b""
        return rest

    def _read_body(self, received: Received, keep: bool) -> bytes:
        if received.header("transfer-encoding") == "chunked":
            return self._read_chunks(keep)
        return self.take(int(received.header("content-length") or 0), keep)

    def _read_chunks(self, keep: bool) -> bytes:
        chunks: list[bytes] = []
        while True:
            while b"\r\n" not in self._buffer:
                self._more()
            size_line, _, self._buffer = self._buffer.partition(b"\r\n")
            chunk = self.take(int(size_line, 16) + 2, keep)
            if int(size_line, 16) == 0:
                return b"".join(chunks)
            chunks.append(chunk[:-2])

    def take(self, size: int, keep: bool = True) -> bytes:
        """Read so many bytes, and give them where they are to be kept."""
        taken = [self._buffer[:size]]
        self._buffer = self._buffer[size:]
        size -= len(taken[0])
        while size:
            data = self.socket.recv(min(size, 1 << 18))
            if not data:
                raise ConnectionError("the client closed")
            size -= len(data)
            if keep:
                taken.append(data)
        return b"".join(taken)

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the client closed")
        self._buffer += data

    def send(self, data: bytes) -> None:
        """Send all of it."""
        be_late()
        self.socket.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send one byte at a time, until the client has gone or the test is over."""
        for number in range(len(data)):
            self.send(data[number : number + 1])
            if self.pause():
                return

    def pause(self, seconds: float = 0.02) -> bool:
        """Do nothing for a while; return whether the test is over."""
        be_late()
        return self.server.over.wait(seconds)

    def hang(self) -> None:
        """Keep the connection open and do nothing more, until the test is over."""
        self.server.over.wait()

    def wait_for_close(self) -> None:
        """Wait until the client has closed."""
        with contextlib.suppress(OSError):
            while self.socket.recv(1 << 16):
                pass

    def wait_for(self, event: threading.Event) -> None:
        """Wait until the test says that something has happened."""
        assert event.wait(PATIENCE_SECONDS), "it did not happen"

    def reset(self) -> None:
        """Close so that the client gets a reset instead of an orderly end."""
        be_late()
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.socket.close()


Script = Callable[[Connection], object]


def answering(*answers: bytes) -> Script:
    """Answer each request with the next of these, and then with the last again."""
    left = list(answers)

    def script(connection: Connection) -> None:
        while True:
            connection.read_request()
            connection.send(left.pop(0) if len(left) > 1 else left[0])

    return script


def one_after_another(*scripts: Script) -> Script:
    """Give each new connection the next script, and then the last again."""
    left = list(scripts)

    def script(connection: Connection) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection)

    return script


class ScriptedServer:
    """Listens on a free port of this machine until it is closed."""

    def __init__(
        self,
        script: Script,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = script
        self.requests: list[Received] = []
        self.connections = 0
        self.over = threading.Event()
        self._tls = tls
        self._open: list[socket.socket] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            if self.over.is_set():
                plain.close()
                return
            self.connections += 1
            self._open.append(plain)
            thread = threading.Thread(target=self._serve, args=[plain])
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        # A client may leave at any moment; what it left behind is what tests look at.
        with contextlib.suppress(OSError), plain:
            be_late()
            if self._tls is None:
                self.script(Connection(self, plain))
                be_late()
                return
            with self._tls.wrap_socket(plain, server_side=True) as secured:
                self._open.append(secured)
                self.script(Connection(self, secured))
                be_late()

    def bodies(self) -> Iterable[bytes]:
        """Give the bodies of all requests so far."""
        return [received.body for received in self.requests]

    def close(self) -> None:
        """End every connection, and wait for the scripts to notice."""
        self.over.set()
        with contextlib.suppress(OSError):
            # Wakes `accept`, which closing alone does not do everywhere.
            address = self.host, self.port
            socket.create_connection(address, PATIENCE_SECONDS).close()
        self._listener.close()
        for plain in self._open:
            with contextlib.suppress(OSError):
                plain.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
