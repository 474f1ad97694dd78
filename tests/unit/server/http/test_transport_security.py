"""The header that asks browsers for TLS is sent over TLS only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hipkit.server.http.requests import Message, Receive, Scope, Send
from hipkit.server.http.transport_security import StrictTransportSecurity


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    await send(start)
    await send({"type": "http.response.body", "body": b"x"})


@pytest.mark.parametrize(("scheme", "is_added"), [("https", True), ("http", False)])
def test_the_header_is_added_over_tls_only(scheme: str, is_added: bool) -> None:
    sent: list[Any] = []

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    async def send(message: Message) -> None:
        sent.append(message)

    app = StrictTransportSecurity(application, seconds=60)
    asyncio.run(app({"type": "http", "scheme": scheme}, receive, send))

    added = [(b"strict-transport-security", b"max-age=60")] if is_added else []
    assert sent[0]["headers"] == [(b"a", b"b"), *added]
    assert sent[1]["body"] == b"x"
