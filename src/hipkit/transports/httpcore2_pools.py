"""The connections of the default transport: small pools of httpcore2, and a fair queue for them.

httpcore2's pool looks at all its connections whenever a call begins or ends. So the limit is
divided into shards: ten pools of ten connections cost less than one of a hundred.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

import httpcore2

from hipkit.transports.protocol import Request
from hipkit.transports.settings import Proxy, Settings
from hipkit.transports.tls import ssl_context
from hipkit.transports.wire import shown_address

__all__ = ["Pools", "Shard", "ShardedPool"]

P = TypeVar("P")

Route = tuple[str, Proxy | None]
"""The scheme and the proxy of a request."""

SHARD_CONNECTIONS = 10


class Shard(Generic[P]):
    """One pool of httpcore2, and how many more calls it can take."""

    def __init__(self, pool: P, connections: int) -> None:
        self.pool = pool
        self.connections = self.free = connections
        self.used_at = 0.0


class ShardedPool(Generic[P]):
    """The shards of a route, and the calls that wait for a place, in the order they came in.

    Args:
        settings: The limits, and whom to trust.
        route: The route.
        make: httpcore2's class of pools.
        make_backend: Makes the network backend, told whether TLS precedes the request.

    Raises:
        ValueError: The proxy has a scheme that httpcore2 cannot use.
        TransportError: A certificate file that a setting names cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        route: Route,
        make: Callable[..., P],
        make_backend: Callable[[bool], object],
    ) -> None:
        scheme, self.proxy = route
        is_secure = scheme == "https"
        self._is_tunnel = is_secure and self.proxy is not None
        self._make = make
        self._options = {
            "ssl_context": ssl_context(settings) if is_secure else None,
            "proxy": None if self.proxy is None else _core_proxy(self.proxy),
            "keepalive_expiry": settings.keepalive_seconds,
            "network_backend": make_backend(is_secure),
        }
        # httpcore2 never closes a tunnel in which TLS has failed: it would take up a place of its
        # pool for ever. The pool is closed with it, so no other call may be in there.
        size = 1 if self._is_tunnel else SHARD_CONNECTIONS
        most = settings.max_connections
        self._shards = [
            self._shard(min(size, most - before)) for before in range(0, most, size)
        ]
        self._idle_seconds = settings.keepalive_seconds
        self._looked_at = time.monotonic()
        self._waiting: deque[Future[Shard[P]]] = deque()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[P]:
        return (shard.pool for shard in self._shards)

    def acquire(self, server: object) -> Shard[P] | Future[Shard[P]]:
        """Return the first shard with a free place, or the future of one.

        Args:
            server: Each begins with another shard, so that the connections to several servers do
                not displace each other.
        """
        count = len(self._shards)
        first = hash(server) % (count or 1)
        with self._lock:
            for index in range(first - count, first):
                shard = self._shards[index]  # Those from the end come first.
                if shard.free:
                    shard.free -= 1
                    return shard
            turn: Future[Shard[P]] = Future()
            self._waiting.append(turn)
            return turn

    def abandon(self, turn: Future[Shard[P]]) -> None:
        """Wait no longer; a place that was given at this very moment goes to the next."""
        with self._lock:
            if not turn.cancel() and not turn.cancelled():
                self._pass_on(turn.result())

    def release(self, shard: Shard[P], *, has_connected: bool) -> list[P]:
        """End a call; return the pools to close: of a failed tunnel, and those long unused."""
        now = shard.used_at = time.monotonic()
        oldest = now - self._idle_seconds
        closing = []
        with self._lock:
            if self._is_tunnel and not has_connected:
                closing.append(self._renew(shard))
            self._pass_on(shard)
            # A pool closes what is too old when it is used, and the last are used only while
            # there are many calls.
            if self._looked_at < oldest:
                self._looked_at = now
                for each in self._shards:
                    if each.free == each.connections and 0 < each.used_at < oldest:
                        closing.append(self._renew(each))
        return closing

    def _pass_on(self, shard: Shard[P]) -> None:
        # To the longest wait, at once: of a place that only became free, calls that begin just
        # now could take every one, and those that wait would wait for ever.
        while self._waiting:
            turn = self._waiting.popleft()
            if turn.set_running_or_notify_cancel():
                turn.set_result(shard)
                return
        shard.free += 1

    def _renew(self, shard: Shard[P]) -> P:
        """Replace a shard's pool, so that no call can get the one that is about to be closed."""
        pool, shard.pool = shard.pool, self._shard(shard.connections).pool
        shard.used_at = 0.0
        return pool

    def _shard(self, connections: int) -> Shard[P]:
        pool = self._make(max_connections=connections, **self._options)
        return Shard(pool, connections)


class Pools(Generic[P]):
    """The pools of a transport or of one of its event loops, made when they are first needed."""

    def __init__(
        self,
        settings: Settings,
        make: Callable[..., P],
        make_backend: Callable[[bool], object],
    ) -> None:
        self._settings = settings
        self._make = make, make_backend
        self._pools: dict[Route, ShardedPool[P]] = {}

    def __iter__(self) -> Iterator[P]:
        return (pool for sharded in list(self._pools.values()) for pool in sharded)

    def find(self, request: Request) -> ShardedPool[P]:
        """Return the pool for a request; see `ShardedPool` for what it may raise."""
        proxy = self._settings.proxy_for(request.scheme, request.host, request.port)
        route = request.scheme, proxy
        if (pool := self._pools.get(route)) is None:
            # Another thread may be faster. Nothing has been opened yet.
            pool = ShardedPool(self._settings, route, *self._make)
            pool = self._pools.setdefault(route, pool)
        return pool


def _core_proxy(proxy: Proxy) -> httpcore2.Proxy:
    if proxy.scheme != "http":
        raise ValueError(
            f"this transport cannot use a {proxy.scheme} proxy: the pycurl transport "
            "can, or use a proxy that begins with http://"
        )
    auth = None
    if proxy.username is not None:
        auth = (proxy.username.encode(), (proxy.password or "").encode())
    return httpcore2.Proxy(f"http://{shown_address(proxy.host, proxy.port)}", auth=auth)
