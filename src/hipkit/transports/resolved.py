"""A transport with its own name resolution, for programs that send to untrusted URLs.

A connection belongs to the host name it was opened for, TLS included, and is opened only to the
addresses that `resolve` returned for that name. Proxies of the environment are ignored.
"""

from __future__ import annotations

from msgspec.structs import replace

from hipkit.transports.httpcore2 import AsyncHttpcoreTransport
from hipkit.transports.httpcore2_streams import Resolve

__all__ = ["ResolvedTransport"]


class ResolvedTransport(AsyncHttpcoreTransport):
    """An asyncio transport that connects directly to the addresses that `resolve` returns.

    Args:
        resolve: Returns the addresses of a host and port, or raises `OSError`.
        max_connections: Maximum number of connections for each of http and https.
        keepalive_seconds: Idle time in seconds after which a connection is closed.
    """

    name = "resolved"

    def __init__(
        self, resolve: Resolve, *, max_connections: int, keepalive_seconds: float = 15.0
    ) -> None:
        self._resolve = resolve
        super().__init__(
            trust_env=False,
            max_connections=max_connections,
            keepalive_seconds=keepalive_seconds,
        )
        # SSL_CERT_FILE may still name the trusted authorities: it redirects no connection.
        self._settings = replace(self._settings, trust_env=True)
