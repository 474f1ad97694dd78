"""Receives requests and answers each in the same way: the base of programs that receive."""

from __future__ import annotations

import asyncio
import re
from typing import ClassVar

__all__ = ["Receiver"]

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Receiver(asyncio.Protocol):
    """One connection."""

    answer: ClassVar[bytes] = b"HTTP/1.1 204 No Content\r\n\r\n"

    def __init__(self) -> None:
        self._data = b""

    def note(self, content: bytes) -> None:
        """Take the body of a request that was answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers are written to."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream was expected")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._data += data
        while True:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            length = LENGTH.search(head)
            size = int(length[1]) if length else 0
            if not end or len(rest) < size:
                return
            content, self._data = rest[:size], rest[size:]
            self._transport.write(self.answer)
            self.note(content)
