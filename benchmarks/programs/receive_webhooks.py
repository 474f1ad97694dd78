"""Receives webhooks and does nothing with them: `receive_webhooks.py`.

Prints its port; then, for each line of its standard input, how many have come since the last one.
"""

from __future__ import annotations

import asyncio
import re
import sys

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Receiver(asyncio.Protocol):
    """One connection."""

    received = 0

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers are written to."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream was expected")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Count and answer every request that is whole."""
        self._data += data
        while True:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            length = LENGTH.search(head)
            size = int(length[1]) if length else 0
            if not end or len(rest) < size:
                return
            self._data = rest[size:]
            Receiver.received += 1
            self._transport.write(NO_CONTENT)


async def main() -> None:
    """Receive until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        count, Receiver.received = Receiver.received, 0
        print(count, flush=True)


asyncio.run(main())
