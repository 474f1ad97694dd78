"""Answers `/metrics`, on a port of its own: who may call the server need not see its metrics."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from typing import cast

from hipkit.api.errors import StorageError
from hipkit.server.app import Server
from hipkit.server.http.requests import Receive, Scope, Send
from hipkit.server.http.responses import Answer, Header, header, send_answer
from hipkit.server.metrics.prometheus import PrometheusObserver, Readings
from hipkit.server.runner import running_beside
from hipkit.server.services.status import ServerStatus, read_status

__all__ = ["METRICS_PATH", "MetricsApplication", "serving_metrics"]

log = logging.getLogger("hipkit.server")

METRICS_PATH = "/metrics"

FRESH_SECONDS = 1.0
READ_SECONDS = 5.0
"""How long the database may take, until the answer goes without what it would tell. Prometheus
waits for ten; to count 100,000 messages that wait for a route took 3.5 ms."""

TEXT = header("Content-Type", "text/plain; charset=utf-8")


class MetricsApplication:
    """The ASGI application. What it reads is up to a second old, however often it is asked."""

    def __init__(self, server: Server, observer: PrometheusObserver) -> None:
        self._server = server
        self._observer = observer
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._status: ServerStatus | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if scope["path"] != METRICS_PATH:
            answer = Answer(404, [TEXT], f"See {METRICS_PATH}\n".encode())
        elif method not in ("GET", "HEAD"):
            answer = Answer(405, [header("Allow", "GET, HEAD")])
        else:
            answer = await self._expose(cast("list[Header]", scope["headers"]))
        await send_answer(send, answer, with_body=method != "HEAD")

    async def _expose(self, headers: list[Header]) -> Answer:
        accept = dict(headers).get(b"accept", b"").decode("latin-1")
        readings = Readings(
            now_us=self._server.runtime.now_us(),
            is_ready=not await self._server.health.problems(),
            streams=self._server.open_streams(),
            status=await self._read_status(),
        )
        # A few thousand lines take some ten milliseconds: calls go on meanwhile.
        body, media_type = await asyncio.to_thread(
            self._observer.expose, readings, accept
        )
        return Answer(200, [header("Content-Type", media_type)], body)

    async def _read_status(self) -> ServerStatus | None:
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if self._read_at is None or now - self._read_at >= FRESH_SECONDS:
                try:
                    self._status = await read_status(
                        self._server.database, seconds=READ_SECONDS
                    )
                except StorageError as error:
                    log.error("metrics: %s", error)
                    self._status = None
                self._read_at = asyncio.get_running_loop().time()
            return self._status


@contextlib.asynccontextmanager
async def serving_metrics(
    server: Server, observer: PrometheusObserver, listener: socket.socket
) -> AsyncIterator[None]:
    """Answer `/metrics` on a socket while the block runs."""
    async with running_beside(MetricsApplication(server, observer), listener):
        yield
