"""A server with the page, in this process, whose clock the caller sets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from hipkit.server.app import Server, open_server
from hipkit.server.dispatch import Dispatcher
from hipkit.server.serve import listen, serving
from hipkit.server.services.context import Context
from hipkit.server.settings import Settings
from hipkit.server.shared.limits import LimitSettings
from hipkit.testing import AsyncMemoryTransport
from hipkit.transports.protocol import RawResponse, Request, TransportError
from scripts.screenshots.addon import ADDON_HOST, descriptor

__all__ = ["DAY", "Clock", "Served", "running_server"]

T = TypeVar("T")

DAY = "2018-11-28"
"""The day of the pictures: a Wednesday, when HipChat was still there."""
ADMIN = ("Jane Doe", "jane@example.com")


class Clock:
    """A clock that stands still between two settings, but for a moment at each look."""

    def __init__(self) -> None:
        self._now = 0.0
        self.set("08:00")

    def set(self, time: str) -> None:
        """Set the time of day, such as `09:15`."""
        self._now = (
            datetime.fromisoformat(f"{DAY}T{time}:00").replace(tzinfo=UTC).timestamp()
        )

    def __call__(self) -> float:
        """Return the UNIX time. Two messages never have the same."""
        self._now += 0.001
        return self._now


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that runs.

    Attributes:
        address: Scheme, host and port.
        token: The administrator's, with every scope.
        link: The path of the link that sets the administrator's password.
    """

    address: str
    token: str
    link: str
    clock: Clock
    _server: Server
    _loop: asyncio.AbstractEventLoop

    def finish(self, work: Awaitable[T]) -> T:
        """Run a service to its end, where the server runs."""

        async def finish() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(finish(), self._loop).result()

    def operator(self) -> Context:
        """Return the context of a command of the operator."""
        return self.finish(self._server.runtime.operator_context())

    def deliver(self) -> None:
        """Wait until every webhook's events were delivered, or have failed."""
        if self._server.sender is not None:
            self.finish(self._server.sender.drain())


def look_up(host: str, port: int) -> list[str]:
    """Resolve the add-on's host only: no picture may depend on the network."""
    if host == ADDON_HOST:
        return ["93.184.216.34"]
    raise OSError(f"the name {host} is unknown")


def answer(request: Request) -> RawResponse:
    """Answer what the server asks the add-on."""
    if request.host != ADDON_HOST:
        raise TransportError("connect", f"the name {request.host} is unknown")
    body = json.dumps(descriptor()).encode() if request.method == "GET" else b""
    return RawResponse(200, {}, body)


@contextlib.contextmanager
def running_server(folder: Path) -> Iterator[Served]:
    """Serve API and page on a free port, on an empty database, while the block runs."""
    clock, outgoing = Clock(), AsyncMemoryTransport(answer)
    settings = Settings(
        database=folder / "chat.db",
        limits=LimitSettings(enabled=False),
        admin_name=ADMIN[0],
        admin_email=ADMIN[1],
        group_name="Example",
        durable=False,
        clock=clock,
        look_up=look_up,
        outgoing=outgoing,
    )
    listener = listen("127.0.0.1", 0)
    started: Future[tuple[str, Server, asyncio.AbstractEventLoop]] = Future()
    end = asyncio.Event()

    async def serve() -> None:
        try:
            with contextlib.closing(await open_server(settings)) as server:
                async with serving(server, listener, Dispatcher(server)) as address:
                    started.set_result((address, server, asyncio.get_running_loop()))
                    await end.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop = None
    try:
        address, server, loop = started.result()
        yield Served(
            address=address,
            token=settings.token_file.read_text().strip(),
            link=f"/set-password?key={server.new_link_key}",
            clock=clock,
            _server=server,
            _loop=loop,
        )
    finally:
        if loop is not None:
            loop.call_soon_threadsafe(end.set)
        thread.join()
        listener.close()
