"""A transport that is told where names lead, for programs that send to addresses of others.

A connection belongs to the name it was opened for, TLS included, and goes to no address but
those that were given for it. No proxy of the environment comes in between.
"""

from __future__ import annotations

from dataclasses import replace

from hipkit.transports.httpx2 import AsyncHttpxTransport
from hipkit.transports.httpx2_streams import AsyncBackend, Resolve

__all__ = ["ResolvedTransport"]


class ResolvedTransport(AsyncHttpxTransport):
    """Sends on asyncio, straight to the addresses that `resolve` gives.

    Args:
        resolve: Gives the addresses of a host and port, or raises `OSError`.
        max_connections: Of each of the two schemes.
        keepalive_seconds: An idle connection is closed after this long.
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
        # Whom to trust may still be said by SSL_CERT_FILE: that leads nowhere by itself.
        self._settings = replace(self._settings, trust_env=True)

    def _backend(self) -> AsyncBackend:
        return AsyncBackend(self._resolve)
