"""Runs a server on a socket until a signal stops it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial

import uvicorn

from hipkit.api.errors import StorageError
from hipkit.server.app import Server, open_server
from hipkit.server.events.sender import sending
from hipkit.server.http.transport_security import Application, StrictTransportSecurity
from hipkit.server.logs import log_loop_error, log_task_error, report_left_out
from hipkit.server.runner import Runner, configure
from hipkit.server.settings import Settings
from hipkit.server.storage.lock import RunningServer, announce, hold_lock
from hipkit.server.tls import Certificate
from hipkit.version import VERSION

__all__ = [
    "Beside",
    "Extension",
    "address_for_others",
    "address_of",
    "announce_server",
    "listen",
    "open_certificate",
    "run",
    "serving",
]

log = logging.getLogger("hipkit.server")

SWEEP_SECONDS = 60 * 60
RENEW_SECONDS = 60
SETTLE_SECONDS = 60
REPORT_SECONDS = 60
BACKLOG = 1024

Extension = Callable[
    [Server], contextlib.AbstractAsyncContextManager[Callable[[], Awaitable[None]]]
]
"""What runs beside an open server, from before its first request to after the last delivery.
SIGHUP calls what its block yields; that reports its errors itself."""

Beside = Callable[[Server], contextlib.AbstractAsyncContextManager[None]]
"""What else runs as long as an open server, from before its first request."""


EVERYWHERE = re.compile(r"(?<=//)(0\.0\.0\.0|\[::\])(?=:)")


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that a server listens on; port 0 takes a free one.

    Raises:
        OSError: The address is taken, or not this machine's.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    # asyncio turns Nagle's algorithm off only on sockets whose protocol is TCP by name. With it
    # a response's body waits until the client confirms its head, which takes 40 ms.
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a socket, without a path."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def address_for_others(address: str) -> str:
    """Return a URL for other machines: with the host's name in place of 0.0.0.0."""
    return EVERYWHERE.sub(socket.gethostname(), address)


def run(
    settings: Settings,
    listener: socket.socket,
    *,
    on_open: Callable[[Server], None],
    on_ready: Callable[[str], None],
    extension: Extension | None = None,
    beside: Beside | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, and finish open requests; a second signal ends them.

    SIGHUP reads the certificate again, which also happens within a minute of a change, and calls
    what the extension yields.

    Raises:
        StorageError: The database cannot be used, or another server runs on it.
        CertificateError: The certificate or its key cannot be used.
    """
    _allow_many_connections()
    with contextlib.closing(listener), hold_lock(settings.database):
        asyncio.run(_run(settings, listener, on_open, on_ready, extension, beside))


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as the system allows: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(
    settings: Settings,
    listener: socket.socket,
    on_open: Callable[[Server], None],
    on_ready: Callable[[str], None],
    extension: Extension | None,
    beside: Beside | None,
) -> None:
    # Imported late: tests serve the API on a port without the page and its dependencies.
    from hipkit.server.dispatch import Dispatcher

    certificate = open_certificate(settings)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_error)
    server = await open_server(settings)
    with contextlib.closing(server):
        await _clean_up("cleaning up files", server.settle_files())
        await _clean_up("cleaning up add-ons", server.sweep_addons())
        on_open(server)
        stop, at_once, hangup = (asyncio.Event() for _ in range(3))

        def on_signal() -> None:
            (at_once if stop.is_set() else stop).set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
        if certificate is not None or extension is not None:
            loop.add_signal_handler(signal.SIGHUP, hangup.set)
        async with contextlib.AsyncExitStack() as closing:
            reload = None
            if extension is not None:
                reload = await closing.enter_async_context(extension(server))
            if beside is not None:
                await closing.enter_async_context(beside(server))
            address = await closing.enter_async_context(
                serving(
                    server,
                    listener,
                    Dispatcher(server),
                    certificate=certificate,
                    at_once=at_once,
                )
            )
            announce_server(server)
            on_ready(address)
            reloading = _reload_at(hangup, certificate, reload)
            async with _meanwhile(server, certificate, reloading):
                await stop.wait()


def announce_server(server: Server) -> None:
    """Store what commands beside this server need to know: `hipkit admin addon` calls it."""
    settings = server.settings
    running = RunningServer(
        root=(settings.public_url or server.own_root).rstrip("/"),
        webhook_networks=list(settings.webhook_networks),
        strict=settings.strict,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=VERSION,
        since_us=server.runtime.now_us(),
    )
    try:
        announce(settings.database, running)
    except StorageError as error:
        log.error("announcing the server: %s", error)


async def _clean_up(name: str, work: Awaitable[None]) -> None:
    """Wait for a clean-up, and log its error: messages can be served all the same."""
    try:
        await work
    except StorageError as error:
        log.error("%s: %s", name, error)


def open_certificate(settings: Settings) -> Certificate | None:
    """Return the server's certificate; `None` without TLS.

    Raises:
        CertificateError: It, or its key, cannot be used.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_certificate, settings.tls_key)


@contextlib.asynccontextmanager
async def _meanwhile(
    server: Server,
    certificate: Certificate | None,
    reloading: Coroutine[None, None, None],
) -> AsyncIterator[None]:
    """Do what recurs beside the requests, while the block runs."""
    works = {
        "sweeping": _sweep_hourly(server),
        "sweeping add-ons": _sweep_addons(server),
        "reporting": _every(REPORT_SECONDS, report_left_out),
        "reloading": reloading,
    }
    if certificate is not None:
        renew = partial(certificate.renew, only_if_changed=True)
        works["renewing"] = _every(RENEW_SECONDS, renew)
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    for task in tasks:
        task.add_done_callback(log_task_error)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sweep_hourly(server: Server) -> None:
    while True:
        # Not at the start: a machine may start with a wrong clock, and set it once it has a
        # network. By that clock, everything could look old enough to be removed.
        await asyncio.sleep(SWEEP_SECONDS)
        await _clean_up("sweeping", server.sweep())


async def _sweep_addons(server: Server) -> None:
    while True:
        await asyncio.sleep(SETTLE_SECONDS)
        await _clean_up("cleaning up add-ons", server.sweep_addons())
        await _clean_up("removing add-ons of deleted rooms", server.end_addons())


async def _reload_at(
    hangup: asyncio.Event,
    certificate: Certificate | None,
    reload: Callable[[], Awaitable[None]] | None,
) -> None:
    """Read again what SIGHUP asks for, one time after the other."""
    while True:
        await hangup.wait()
        hangup.clear()
        if certificate is not None:
            certificate.renew(only_if_changed=False)
        if reload is not None:
            await reload()


async def _every(seconds: float, work: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        work()


@contextlib.asynccontextmanager
async def serving(
    server: Server,
    listener: socket.socket,
    application: Application | None = None,
    *,
    certificate: Certificate | None = None,
    at_once: asyncio.Event | None = None,
    delivers: bool = True,
) -> AsyncIterator[str]:
    """Answer requests while the block runs, and yield the server's URL.

    Without an application only the API is served, and with `delivers` off no events are sent.
    Requests that are open when the block ends have `GRACE_SECONDS` left, or until `at_once` is
    set.
    """
    address = address_of(listener, "http" if certificate is None else "https")
    server.own_root = address_for_others(address)
    application = application or server.api
    if server.settings.hsts_seconds is not None:
        seconds = server.settings.hsts_seconds
        application = StrictTransportSecurity(application, seconds=seconds)
    config = _configured(server, application, certificate)
    runner = Runner(config)
    async with contextlib.AsyncExitStack() as closing:
        # Last, when no delivery is under way any more.
        closing.push_async_callback(server.runtime.close_outgoing)
        if delivers:
            await closing.enter_async_context(sending(server.create_sender()))
        task = asyncio.create_task(runner.serve(sockets=[listener]))
        task.add_done_callback(lambda _: runner.ready.set())
        try:
            await runner.ready.wait()
            yield address
        finally:
            server.stop()
            runner.end()
            hurrying = asyncio.create_task(_hurry(runner, at_once))
            try:
                await task
            finally:
                hurrying.cancel()


def _configured(
    server: Server, application: Application, certificate: Certificate | None
) -> uvicorn.Config:
    proxies = server.settings.trusted_proxies
    return configure(
        application,
        runtime=server.runtime,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        ssl_context_factory=None
        if certificate is None
        else lambda _config, _default: certificate.context,
    )


async def _hurry(runner: Runner, at_once: asyncio.Event | None) -> None:
    if at_once is not None:
        await at_once.wait()
        runner.force_exit = True
        # Newer event loops wait for every connection of a closed socket: one idle client would
        # keep the server from ending.
        for connection in tuple(runner.server_state.connections):
            connection.transport.abort()
