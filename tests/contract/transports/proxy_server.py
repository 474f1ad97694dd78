"""A tiny HTTP proxy, for plain requests and for tunnels, that keeps what it was told."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit

from tests.contract.transports.scripted_server import Connection


class ProxyScript:
    """Forwards what comes, once per connection; a script for `ScriptedServer`."""

    def __init__(self, refusal: bytes | None = None) -> None:
        self.heads: list[str] = []
        self._refusal = refusal

    def __call__(self, connection: Connection) -> None:
        head = connection.read_head()
        self.heads.append(head.decode())
        if self._refusal is not None:
            connection.send(self._refusal)
            return
        method, target, _ = self.heads[-1].split("\r\n")[0].split(" ")
        if method == "CONNECT":
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            rest = b""
        else:
            path = target.split("/", 3)[3]
            rest = head.replace(target.encode(), b"/" + path.encode(), 1) + b"\r\n\r\n"
            target = urlsplit(target).netloc
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as onward:
            onward.sendall(rest + connection.rest())
            _join(connection.socket, onward)


def socks_proxy(connection: Connection) -> None:
    """Speak just enough SOCKS 5: no password, a name or an IPv4 address."""
    _version, methods = connection.take(2)
    connection.take(methods)
    connection.send(b"\x05\x00")
    *_, kind = connection.take(4)
    if kind == 1:
        host = socket.inet_ntoa(connection.take(4))
    else:
        host = connection.take(connection.take(1)[0]).decode()
    port = int.from_bytes(connection.take(2))
    with socket.create_connection((host, port)) as onward:
        connection.send(b"\x05\x00\x00\x01" + bytes(6))
        _join(connection.socket, onward)


def _join(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_pump, args=[other, one])
    back.start()
    _pump(one, other)
    back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
