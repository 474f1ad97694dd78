"""The fast transports, on libcurl: the extra `fast`.

By default libcurl retries requests that may have arrived, adds headers and rewrites paths. The
settings here prevent that, and each of them has a test.
Read next: `wire.py`, and docs/explanation/transports.md for the limitations.
"""

from __future__ import annotations

import asyncio
import queue
from dataclasses import dataclass, field

from hipkit.extras import install_hint

try:
    import pycurl
except ImportError as error:
    raise ImportError(
        f"the pycurl transport needs the extra fast: {install_hint('fast')}"
    ) from error

from hipkit.transports.protocol import Options, RawResponse, Request, Sink
from hipkit.transports.pycurl_transfer import Connections, Route, Setting, Transfer
from hipkit.transports.settings import NetworkTransport, Proxy, Settings
from hipkit.transports.tls import authorities, check_client_certificate
from hipkit.transports.wire import shown_address

__all__ = ["AsyncCurlTransport", "CurlTransport"]

MAX_KNOWN_ROUTES = 100


class CurlTransport(NetworkTransport):
    """A blocking transport for any number of threads; a call uses one handle and its connection."""

    name = "pycurl"

    def _start(self) -> None:
        self._routes = _Routes(self._settings)
        self._connections = Connections(self._settings.max_connections)
        self._idle: list[pycurl.Curl] = []
        # A queue of tickets is a semaphore implemented in C.
        self._slots: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(self._settings.max_connections):
            self._slots.put(None)

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.Transport`."""
        self._check_open()
        call = Transfer(request, options, sink, self._connections)
        route = self._routes.find(request)
        try:
            self._slots.get(timeout=call.connect_timeout())
        except queue.Empty:
            raise call.no_connection_error() from None
        try:
            handle = self._next_idle() or pycurl.Curl()
            try:
                call.prepare(handle, route)
                try:
                    handle.perform()
                except pycurl.error:
                    if not call.was_closed:
                        raise
                    handle.setopt(pycurl.FRESH_CONNECT, 1)
                    handle.perform()
                response = call.response()
            except BaseException as error:
                handle.close()
                failure = call.failure(error)
                raise failure from failure.__cause__
            # After a reset a handle keeps its connection, but no token and no body.
            handle.reset()
            self._idle.append(handle)
        finally:
            self._slots.put(None)
        if self._closed:
            self.close()
        return response

    def close(self) -> None:
        """Close every connection; those in use are closed when their call ends."""
        self._closed = True
        while handle := self._next_idle():
            handle.close()

    def _next_idle(self) -> pycurl.Curl | None:
        try:
            return self._idle.pop()  # The last one, so that few stay in use.
        except IndexError:
            return None

    def _leave_to_parent(self) -> None:
        _never_free(self._idle)
        self._start()


@dataclass
class _Loop:
    """The async transport's state for one event loop."""

    slots: asyncio.Semaphore
    multi: pycurl.AsyncCurlMulti = field(default_factory=pycurl.AsyncCurlMulti)
    idle: list[pycurl.Curl] = field(default_factory=list)

    async def enter(self, call: Transfer) -> None:
        """Wait for a free connection."""
        connect_timeout = call.connect_timeout()
        if not self.slots.locked():
            await self.slots.acquire()
            return
        try:
            async with asyncio.timeout(connect_timeout):
                await self.slots.acquire()
        except TimeoutError:
            raise call.no_connection_error() from None

    async def perform(self, handle: pycurl.Curl, call: Transfer) -> None:
        """Wait for the end of the transfer, and abort it when it has stalled for too long."""
        transfer = self.multi.add_handle(handle)
        has_data = _Watch(call, transfer)
        try:
            await transfer
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise pycurl.error(pycurl.E_ABORTED_BY_CALLBACK, "closed") from None
        finally:
            has_data.cancel()


class _Watch:
    """Aborts a stalled transfer: libcurl makes no callbacks while nothing happens."""

    def __init__(self, call: Transfer, transfer: asyncio.Future[pycurl.Curl]) -> None:
        self._call = call
        self._transfer = transfer
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._look()

    def _look(self) -> None:
        if self._transfer.done():
            return
        if self._call.is_silent():
            error = pycurl.error(pycurl.E_OPERATION_TIMEDOUT, "silence")
            self._transfer.set_exception(error)
            return
        self._timer = self._loop.call_later(self._call.silence_left(), self._look)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class AsyncCurlTransport(NetworkTransport):
    """The asyncio counterpart, on libcurl's multi interface."""

    name = "pycurl"

    def _start(self) -> None:
        self._routes = _Routes(self._settings)
        self._connections = Connections(self._settings.max_connections)
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.AsyncTransport`."""
        self._check_open()
        call = Transfer(request, options, sink, self._connections)
        route = self._routes.find(request)
        here = self._here()
        await here.enter(call)
        try:
            handle = here.idle.pop() if here.idle else pycurl.Curl()
            try:
                call.prepare(handle, route)
                try:
                    await here.perform(handle, call)
                except pycurl.error:
                    if not call.was_closed:
                        raise
                    handle.setopt(pycurl.FRESH_CONNECT, 1)
                    await here.perform(handle, call)
                response = call.response()
            except BaseException as error:
                handle.close()
                failure = call.failure(error)
                raise failure from failure.__cause__
            handle.reset()
            here.idle.append(handle)
        finally:
            here.slots.release()
        return response

    async def aclose(self) -> None:
        """Close the connections of this event loop, even those in use.

        The connections of another loop end with that loop.
        """
        self._closed = True
        here = self._loops.pop(asyncio.get_running_loop(), None)
        if here is not None:
            await here.multi.aclose()

    def _here(self) -> _Loop:
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            for ended in [known for known in self._loops if known.is_closed()]:
                del self._loops[ended]
            here = _Loop(asyncio.Semaphore(self._settings.max_connections))
            self._loops[loop] = here
        return here

    def _leave_to_parent(self) -> None:
        _never_free(self._loops)
        self._start()


class _Routes:
    """The settings that are the same for every call, created on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[tuple[str, str, int], Route] = {}

    def find(self, request: Request) -> Route:
        address = request.scheme, request.host, request.port
        route = self._known.get(address)
        if route is None:
            if len(self._known) >= MAX_KNOWN_ROUTES:
                self._known.clear()
            route = self._known[address] = self._make(*address)
        return route

    def _make(self, scheme: str, host: str, port: int) -> Route:
        proxy = self._settings.proxy_for(scheme, host, port)
        proxy_scheme = "" if proxy is None else proxy.scheme
        settings = _common_settings(self._settings) + _proxy_settings(proxy)
        if "https" in (scheme, proxy_scheme):
            settings += _tls_settings(self._settings)
        host = host.replace("%", "%25") if ":" in host else host
        origin = f"{scheme}://{shown_address(host, port)}"
        is_forwarded = scheme == "http" and proxy_scheme in ("http", "https")
        return Route(origin, origin if is_forwarded else "", settings)


def _common_settings(settings: Settings) -> list[Setting]:
    seconds = int(settings.keepalive_seconds)
    return [
        (pycurl.NOSIGNAL, 1),
        (pycurl.NOPROGRESS, 0),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.USERAGENT, ""),
        (pycurl.MAXAGE_CONN, seconds) if seconds >= 1 else (pycurl.FORBID_REUSE, 1),
    ]


def _proxy_settings(proxy: Proxy | None) -> list[Setting]:
    address = ""
    if proxy is not None:
        address = f"{proxy.scheme}://{shown_address(proxy.host, proxy.port)}"
    # If unset, libcurl reads these two from the environment.
    settings: list[Setting] = [(pycurl.PROXY, address), (pycurl.NOPROXY, "")]
    if proxy is not None and proxy.username is not None:
        settings.append((pycurl.PROXYUSERNAME, proxy.username))
        settings.append((pycurl.PROXYPASSWORD, proxy.password or ""))
    return settings


def _tls_settings(settings: Settings) -> list[Setting]:
    file, folder = authorities(settings)
    tls: list[Setting] = [
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        # Both, since libcurl has default paths for what is not set.
        (pycurl.CAINFO, file),
        (pycurl.CAPATH, folder),
        (pycurl.PROXY_CAINFO, file),
        (pycurl.PROXY_CAPATH, folder),
    ]
    if settings.verify is False:
        tls += [(pycurl.SSL_VERIFYPEER, 0), (pycurl.SSL_VERIFYHOST, 0)]
    check_client_certificate(settings)
    if settings.cert is not None:
        certificate, key, *password = settings.cert
        tls += [(pycurl.SSLCERT, certificate), (pycurl.SSLKEY, key)]
        tls += [(pycurl.KEYPASSWD, text) for text in password]
    return tls


def _never_free(owner: object) -> None:
    """Keep inherited handles in a child process: freeing them would end the parent's sessions."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))
