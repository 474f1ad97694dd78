"""A small add-on on this machine, on an origin of its own, whose glances answer as a test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn

__all__ = ["ICON_PATH", "Addon", "running_addon", "served_app"]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

ICON_PATH = "/icon.svg"
ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">'
    b'<circle cx="8" cy="8" r="7" fill="#2a9d5c"/></svg>'
)

CORS = {"Access-Control-Allow-Origin": "*"}


@dataclass
class Addon:
    """An ASGI application. `answers` has by path what it answers: status, body, and more headers.

    A path in `held` is answered once its event is set.
    """

    url: str = ""
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(
        default_factory=list
    )

    def answer(self, path: str, content: object, status: int = 200) -> str:
        """Let a path answer JSON, and return its address."""
        self.answers[path] = (status, json.dumps(content).encode(), CORS)
        return self.url + path

    def queries(self, path: str) -> list[dict[str, list[str]]]:
        """Return the queries with which a path was asked."""
        return [query for asked, query, _ in self.asked if asked == path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode())
        self.asked.append((path, query, headers))
        if path in self.held:
            await asyncio.to_thread(self.held[path].wait)
        if path == ICON_PATH:
            more = {"Content-Type": "image/svg+xml", **CORS}
            status, body = 200, ICON
        else:
            status, body, more = self.answers.get(path, (404, b"", {}))
        fields = {"Content-Type": "application/json", **more}
        pairs = [
            (name.lower().encode(), value.encode()) for name, value in fields.items()
        ]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def running_addon() -> Iterator[Addon]:
    """Serve an add-on while the block runs."""
    addon = Addon()

    def make(url: str) -> App:
        addon.url = url
        return addon

    with served_app(make):
        try:
            yield addon
        finally:
            for event in addon.held.values():
                event.set()


@contextlib.contextmanager
def served_app(make: Callable[[str], App]) -> Iterator[str]:
    """Serve an application, which is made for its address, while the block runs."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # At once: who connects before the server runs waits for it.
    listener.listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(make(url), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
