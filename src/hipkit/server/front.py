"""The application that `hipkit serve` runs: the API, and the page for people beside it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from hipkit.server.app import Server
from hipkit.server.http.health import HEALTH_PATHS
from hipkit.server.page.application import make_page

__all__ = ["Front"]

API = frozenset({"v1", "v2", "files", "pictures"})
"""First segments of the paths that the API answers, however many slashes come before."""


class Front:
    """Sends a request to the API or to the page."""

    def __init__(self, server: Server) -> None:
        self._api: ASGIApp = server.api
        self._health: ASGIApp = server.health
        self._page = make_page(server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or what else an HTTP server tells an application."""
        await self._choose(scope)(scope, receive, send)

    def _choose(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._api
        if scope["path"] in HEALTH_PATHS:
            return self._health
        segment = scope["path"].lstrip("/").partition("/")[0]
        return self._api if segment in API else self._page
