"""Running the server of `hipkit.testing`: its coroutines, its deliveries, and a real port."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # Loaded when a server is made.
    from hipkit.server.app import Server

__all__ = ["deliver", "finish", "on_a_port"]

T = TypeVar("T")

START_SECONDS = 10.0


def finish(work: Awaitable[T]) -> T:
    """Run a coroutine to its end, in a thread of its own: a loop may be running in this one."""

    async def result() -> T:
        return await work

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, result()).result()


async def deliver(server: Server) -> None:
    """Deliver the events of a server that serves no port."""
    sender = server.create_sender()
    try:
        await sender.drain()
    finally:
        sender.close()
        await server.runtime.close_outgoing()


@contextlib.contextmanager
def on_a_port(server: Server) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """Serve on a real port; yield its address, and the event loop that serves there.

    Raises:
        ModuleNotFoundError: The extra `server` is missing.
    """
    try:
        from hipkit.server.serve import listen, serving
    except ModuleNotFoundError as error:
        from hipkit.extras import install_hint

        raise ModuleNotFoundError(
            f"a server on a real port needs the extra server: {install_hint('server')}",
            name=error.name,
        ) from None

    listener = listen("127.0.0.1", 0)
    addresses: list[str] = []
    is_ready = threading.Event()
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def answer() -> None:
        end = asyncio.Event()
        ends.append((asyncio.get_running_loop(), end))
        async with serving(server, listener) as address:
            addresses.append(address)
            is_ready.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(answer(),), daemon=True)
    thread.start()
    try:
        if not is_ready.wait(START_SECONDS):
            raise RuntimeError("the server did not start")
        yield addresses[0], ends[0][0]
    finally:
        for loop, end in ends:
            loop.call_soon_threadsafe(end.set)
        thread.join()
        listener.close()
