"""The application that `hipkit serve` runs: the API, the page, and health checks."""

from __future__ import annotations

from typing import cast

from hipkit.server.app import Server
from hipkit.server.http.health import HEALTH_PATHS
from hipkit.server.http.requests import Receive, Scope, Send
from hipkit.server.http.responses import Header
from hipkit.server.http.transport_security import Application
from hipkit.server.page.application import Page
from hipkit.v1.catalog import OPERATIONS

__all__ = ["Dispatcher"]

API = frozenset({"v1", "v2", "files", "pictures"})
"""First segments of the paths that the API answers, after any number of slashes."""

V1_PATHS = frozenset(entry.path for entry in OPERATIONS)
"""Paths of API v1 without its version. Its token may be in the body, which is not read here."""


class Dispatcher:
    """Sends a request to the API or to the page."""

    def __init__(self, server: Server) -> None:
        self._api = server.api
        self._health = server.health
        self.page = Page(server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or another message of the HTTP server."""
        await self._choose(scope)(scope, receive, send)

    def _choose(self, scope: Scope) -> Application:
        if scope["type"] != "http":
            return self._api
        path = cast("str", scope["path"])
        if path in HEALTH_PATHS:
            return self._health
        segment = path.lstrip("/").partition("/")[0]
        is_for_api = (
            segment in API
            or path in V1_PATHS
            or _is_from_program(scope)
            or not self.page.may_be_for_people(scope)
        )
        return self._api if is_for_api else self.page


def _is_from_program(scope: Scope) -> bool:
    """Return whether a program sent a request, whose address lacks `/v2` perhaps.

    The API answers it in JSON, and it appears among the API calls.
    """
    if b"auth_token=" in cast("bytes", scope["query_string"]):
        return True
    return any(
        name == b"authorization"
        or (name == b"content-type" and value.startswith(b"application/json"))
        for name, value in cast("list[Header]", scope["headers"])
    )
