"""The fast transport, on libcurl: the extra `fast`.

By default libcurl retries requests that may have arrived, adds headers and rewrites paths. The
settings here prevent that, and each of them has a test.
Read next: `pycurl_handle.py`, and docs/explanation/transports.md for the limitations.
"""

from __future__ import annotations

import queue

from hipkit.extras import install_hint

try:
    import pycurl
except ImportError as error:
    raise ImportError(
        f"the pycurl transport needs the extra fast: {install_hint('fast')}"
    ) from error

from hipkit.transports.protocol import Options, RawResponse, Request, Sink
from hipkit.transports.pycurl_handle import (
    Handle,
    Idle,
    Route,
    Setting,
    header_lines,
)
from hipkit.transports.settings import NetworkTransport, Proxy, Settings
from hipkit.transports.tls import authorities
from hipkit.transports.wire import seconds_left, shown_address

__all__ = ["CurlTransport", "Routes", "never_free"]

MAX_KNOWN_ROUTES = 100


class CurlTransport(NetworkTransport):
    """A blocking transport for any number of threads; a call uses one handle and its connection."""

    name = "pycurl"

    def _start(self) -> None:
        self._routes = Routes(self._settings)
        self._idle = Idle()
        # A queue of tickets is a semaphore implemented in C.
        self._slots: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(self._settings.max_connections):
            self._slots.put(None)

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.Transport`."""
        self._check_open()
        lines = header_lines(request)
        route = self._routes.find(request)
        try:
            self._slots.get(timeout=seconds_left(options))
        except (queue.Empty, TimeoutError):
            raise route.no_connection_error() from None
        try:
            self._check_open()  # It may have been closed meanwhile.
            handle = self._idle.take(route, self._slots.qsize()) or Handle(route)
            try:
                handle.prepare(request, options, sink, lines)
                handle.curl.perform()
                response = handle.response()
            except BaseException as error:
                failure = handle.failure(error)
                raise failure from failure.__cause__
            self._idle.append(handle)
        finally:
            self._slots.put(None)
        if self._closed:
            self.close()
        return response

    def close(self) -> None:
        """Close every connection; those in use are closed when their call ends."""
        self._closed = True
        self._idle.close()

    def _leave_to_parent(self) -> None:
        never_free(self._idle)
        self._start()


class Routes:
    """The settings that are the same for every call, created on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[tuple[str, str, int], Route] = {}

    def find(self, request: Request) -> Route:
        """Return the route to the request's host: the same object for the same address."""
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
        where = shown_address(host, port)
        host = host.replace("%", "%25") if ":" in host else host
        origin = f"{scheme}://{shown_address(host, port)}"
        is_forwarded = scheme == "http" and proxy_scheme in ("http", "https")
        settings.append((pycurl.URL, origin))
        return Route(where, origin if is_forwarded else "", settings)


def _common_settings(settings: Settings) -> list[Setting]:
    seconds = int(settings.keepalive_seconds)
    return [
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.USERAGENT, ""),
        (pycurl.MAXCONNECTS, 1),
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
    if settings.cert is not None:
        certificate, key, *password = settings.cert
        tls += [(pycurl.SSLCERT, certificate), (pycurl.SSLKEY, key)]
        tls += [(pycurl.KEYPASSWD, text) for text in password]
    return tls


def never_free(owner: object) -> None:
    """Keep inherited handles in a child process: freeing them would end the parent's sessions."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))
