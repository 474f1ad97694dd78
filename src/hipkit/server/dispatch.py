"""The application that `hipkit serve` runs: the API, and the page for people beside it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from hipkit.server.app import Server
from hipkit.server.http.health import HEALTH_PATHS
from hipkit.server.page.application import make_page

__all__ = ["Dispatcher"]

API = frozenset({"v1", "v2", "files", "pictures"})
"""First segments of the paths that the API answers, however many slashes come before."""


class Dispatcher:
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
        is_for_api = segment in API or _is_from_a_program(scope)
        return self._api if is_for_api else self._page


def _is_from_a_program(scope: Scope) -> bool:
    """Say whether a request comes from no browser: a program whose address lacks `/v2`, say.

    The API tells it so in JSON, and people see it among the recent calls.
    """
    if b"auth_token=" in scope["query_string"]:
        return True
    return any(
        name == b"authorization"
        or (name == b"content-type" and value.startswith(b"application/json"))
        for name, value in scope["headers"]
    )
