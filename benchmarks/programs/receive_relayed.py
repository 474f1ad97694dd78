"""Sends notifications and receives them as a relay's target: `receive_relayed.py`.

Prints the port of the target. Then, for each line of its standard input, a JSON object with `port`
(the server's), `token`, `target` (the path), `count` and `connections` (how many are sent at once),
prints one with `sent` and `delivered`, the seconds until the last 204 and until the last answer of
the target, and `waits`, the seconds of each from its 204 to its answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any, ClassVar

from benchmarks.programs.receiving import Receiver

NUMBER = re.compile(rb"No\. (\d+) of turn (\d+)")
ANSWER = b'{"event_id":"$answered","joined":true,"room_id":"!room"}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
OK += str(len(ANSWER)).encode() + b"\r\n\r\n" + ANSWER
LONGEST_SECONDS = 240.0


class Arrivals:
    """When the messages of a turn were answered."""

    def __init__(self, turn: int, count: int) -> None:
        self._turn = turn
        self.times = [0.0] * count
        self.events = [asyncio.Event() for _ in range(count)]
        self.left = count
        self.all = asyncio.Event()

    def note(self, content: bytes) -> None:
        """Note the message of a request that was answered."""
        found = NUMBER.search(content)
        if found is None or int(found[2]) != self._turn:
            return
        number = int(found[1])
        if not self.events[number].is_set():
            self.times[number] = time.perf_counter()
            self.events[number].set()
            self.left -= 1
            if self.left == 0:
                self.all.set()


class Target(Receiver):
    """One connection of the relay."""

    answer: ClassVar[bytes] = OK
    arrivals: Arrivals | None = None

    def note(self, content: bytes) -> None:
        """Note when a message was answered."""
        if Target.arrivals is not None:
            Target.arrivals.note(content)


async def take_turn(number: int, asked: dict[str, Any]) -> dict[str, object]:
    """Send notifications, and wait until all of them have come."""
    count, connections = asked["count"], asked["connections"]
    arrivals = Target.arrivals = Arrivals(number, count)
    numbers = iter(range(count))
    sent = [0.0] * count
    began = time.perf_counter()

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", asked["port"])
        for message in numbers:
            text = f"No. {message} of turn {number} <b>is down</b>"
            content = json.dumps({"message": text, "color": "red"}).encode()
            head = (
                f"POST {asked['target']} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: Bearer {asked['token']}\r\n"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\n\r\n"
            )
            writer.write(head.encode() + content)
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 204 " not in answer.partition(b"\r\n")[0]:
                raise RuntimeError(answer.decode())
            sent[message] = time.perf_counter()
            if connections == 1:
                # One after the other: nothing waits for what came before.
                await arrivals.events[message].wait()
        writer.close()

    async with asyncio.timeout(LONGEST_SECONDS):
        await asyncio.gather(*(send() for _ in range(connections)))
        await arrivals.all.wait()
    return {
        "sent": max(sent) - began,
        "delivered": max(arrivals.times) - began,
        # The target may have answered before the 204 was read.
        "waits": [
            max(0.0, at - before)
            for at, before in zip(arrivals.times, sent, strict=True)
        ],
    }


async def main() -> None:
    """Take turns until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    number = 0
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        number += 1
        print(json.dumps(await take_turn(number, json.loads(line))), flush=True)


asyncio.run(main())
