"""What answers `/metrics`: paths, methods, and how often it reads."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.http.requests import Message
from hipkit.server.http.responses import Header
from hipkit.server.metrics import listening
from hipkit.server.metrics.listening import MetricsApplication
from hipkit.server.metrics.prometheus import PrometheusObserver
from hipkit.server.services.status import ServerStatus, read_status
from hipkit.server.storage.protocol import Database
from tests.unit.server.asgi import Site


@pytest.fixture
def application(site: Site) -> MetricsApplication:
    return MetricsApplication(site.server, PrometheusObserver())


async def ask(
    application: MetricsApplication, path: str = "/metrics", method: str = "GET"
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("it reads no body")

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"type": "http", "method": method, "path": path, "headers": []}
    await application(scope, receive, send)
    headers = dict(cast("list[Header]", sent[0]["headers"]))
    body = b"".join(cast("bytes", message["body"]) for message in sent[1:])
    return cast("int", sent[0]["status"]), headers, body


async def test_only_metrics_are_answered(application: MetricsApplication) -> None:
    status, headers, body = await ask(application)
    assert status == 200
    assert headers[b"Content-Type"].startswith(b"text/plain; version=")
    assert b"\nhipkit_ready 1.0\n" in body

    status, _, body = await ask(application, method="HEAD")
    assert (status, body) == (200, b"")
    status, headers, _ = await ask(application, method="POST")
    assert (status, headers[b"Allow"]) == (405, b"GET, HEAD")
    status, _, body = await ask(application, path="/v2/room")
    assert (status, body) == (404, b"See /metrics\n")


async def test_many_requests_read_the_database_once(
    application: MetricsApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    async def counted(database: Database, *, seconds: float) -> ServerStatus:
        nonlocal reads
        reads += 1
        return await read_status(database, seconds=seconds)

    monkeypatch.setattr(listening, "read_status", counted)
    monkeypatch.setattr(listening, "FRESH_SECONDS", 1e9)
    await asyncio.gather(*(ask(application) for _ in range(20)))
    assert reads == 1

    monkeypatch.setattr(listening, "FRESH_SECONDS", 0.0)
    await ask(application)
    assert reads == 2


async def test_a_database_that_cannot_be_read_is_no_error(
    application: MetricsApplication,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(database: Database, *, seconds: float) -> ServerStatus:
        raise StorageError("the disk is gone")

    monkeypatch.setattr(listening, "read_status", fail)
    status, _, body = await ask(application)

    assert status == 200
    assert b"hipkit_ready" in body
    assert b"hipkit_database_bytes" not in body
    assert "metrics: the disk is gone" in caplog.text
