"""Receives webhooks and does nothing with them: `receive_webhooks.py`.

Prints its port; then, for each line of its standard input, how many have come since the last one.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.programs.receiving import Receiver


class Webhooks(Receiver):
    """One connection of the server."""

    received = 0

    def note(self, content: bytes) -> None:
        """Count a request."""
        Webhooks.received += 1


async def main() -> None:
    """Receive until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Webhooks, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        count, Webhooks.received = Webhooks.received, 0
        print(count, flush=True)


asyncio.run(main())
