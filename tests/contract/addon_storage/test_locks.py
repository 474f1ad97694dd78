"""Locks by key: one holder at a time, in whatever task, event loop or process."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hipkit.addon.storage.protocol import Storage


async def test_tasks_hold_a_lock_one_after_another(storage: Storage) -> None:
    inside, most = 0, 0

    async def hold() -> None:
        nonlocal inside, most
        async with storage.lock("a"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(hold() for _ in range(50)))
    assert most == 1


async def test_locks_of_different_keys_do_not_wait_for_each_other(
    storage: Storage,
) -> None:
    async with storage.lock("a"), storage.lock("b"):
        pass


async def test_a_lock_is_free_after_an_error(storage: Storage) -> None:
    with pytest.raises(RuntimeError):
        async with storage.lock("a"):
            raise RuntimeError
    async with storage.lock("a"):
        pass


async def test_a_task_that_is_cancelled_while_it_waits_holds_nothing(
    storage: Storage,
) -> None:
    async def hold() -> None:
        async with storage.lock("a"):
            pass

    async with storage.lock("a"):
        waiting = asyncio.create_task(hold())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await hold()


async def test_event_loops_of_different_threads_exclude_each_other(
    storage: Storage,
) -> None:
    inside, most, begun = 0, 0, threading.Event()

    async def hold() -> None:
        nonlocal inside, most
        for _ in range(50):
            async with storage.lock("a"):
                inside += 1
                most = max(most, inside)
                begun.set()
                await asyncio.sleep(0)
                inside -= 1

    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    await asyncio.to_thread(begun.wait)
    await hold()
    await asyncio.to_thread(thread.join)
    assert most == 1
