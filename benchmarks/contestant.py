"""One contestant in a process of its own: `python -m benchmarks.contestant`, see `competing.py`.

Reads who it is from the first line of its standard input, and from each further line how many
calls to make; answers each with the seconds of CPU and of the clock that they took.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from benchmarks.contestants.openings import AsyncOpening, AsyncSend, Opening, Task

Run = Callable[[int], object]
"""Makes as many calls as requested."""


def main() -> None:
    """Open the client, take turns until standard input ends, close it."""
    options = json.loads(sys.stdin.readline())
    module, _, name = options["function"].partition(":")
    function = getattr(import_module(f"benchmarks.contestants.{module}"), name)
    opened = function(Task(**options["task"]))
    at_once = options["at_once"]
    with _awaited(opened, at_once) if at_once else _blocking(opened) as run:
        for line in sys.stdin:
            cpu_seconds, wall_seconds = _measured(run, int(line))
            print(cpu_seconds, wall_seconds, flush=True)


def _measured(run: Run, calls: int) -> tuple[float, float]:
    # What earlier turns left behind is not to be swept up in this one's time.
    gc.collect()
    wall_start, cpu_start = time.perf_counter(), time.process_time()
    run(calls)
    cpu_end, wall_end = time.process_time(), time.perf_counter()
    return cpu_end - cpu_start, wall_end - wall_start


@contextmanager
def _blocking(opening: Opening) -> Iterator[Run]:
    with opening as send:

        def run(calls: int) -> None:
            for _ in range(calls):
                send()

        yield run


@contextmanager
def _awaited(opening: AsyncOpening, at_once: int) -> Iterator[Run]:
    with asyncio.Runner() as runner:
        send = runner.run(opening.__aenter__())
        yield lambda calls: runner.run(_send_many(send, calls, at_once))
        runner.run(opening.__aexit__(None, None, None))


async def _send_many(send: AsyncSend, calls: int, at_once: int) -> None:
    async def work() -> None:
        for _ in range(calls // at_once):
            await send()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())


if __name__ == "__main__":
    main()
