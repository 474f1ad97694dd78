"""The lock of tasks; the rest is tested through the providers in `test_tokens.py`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hipkit.client.oauth import LoopLock


def test_one_task_at_a_time_holds_the_lock() -> None:
    order: list[str] = []

    async def work(lock: LoopLock, name: str) -> None:
        async with lock:
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    async def run() -> None:
        lock = LoopLock()
        await asyncio.gather(work(lock, "a"), work(lock, "b"))

    asyncio.run(run())

    assert order == ["a in", "a out", "b in", "b out"]


def test_another_event_loop_neither_waits_nor_releases_the_lock() -> None:
    lock = LoopLock()

    async def enter() -> None:
        async with lock:
            pass

    async def run() -> bool:
        async with lock:
            thread = threading.Thread(target=lambda: asyncio.run(enter()))
            thread.start()
            thread.join()
            waiting = asyncio.create_task(enter())
            await asyncio.sleep(0)
            still_held = not waiting.done()
        await waiting
        return still_held

    assert asyncio.run(run())


def test_an_error_inside_releases_the_lock() -> None:
    lock = LoopLock()

    async def run() -> None:
        for _ in range(2):
            with pytest.raises(OSError, match="inside"):
                async with lock:
                    raise OSError("inside")

    asyncio.run(run())
