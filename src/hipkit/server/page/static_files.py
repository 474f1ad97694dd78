"""The page's style sheets and scripts, out of the package, at addresses that change with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["StaticFiles"]

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HASH_LENGTH = 12
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    kind: str
    version: str


class StaticFiles:
    """Every static file, read once: a name that is not among them is not looked for."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        for item in (files("hipkit.server.page") / "static").iterdir():
            kind = KINDS.get("." + item.name.rpartition(".")[2])
            if kind is not None:
                body = item.read_bytes()
                version = hashlib.sha256(body).hexdigest()[:HASH_LENGTH]
                self._files[item.name] = _File(body, kind, version)

    def address(self, name: str) -> str:
        """Return where a file is to be had, for as long as it stays as it is."""
        return f"/static/{self._files[name].version}/{name}"

    async def answer(self, request: Request) -> Response:
        """Give out a file."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            return Response("Not found", 404, media_type="text/plain")
        # An address of another version is that of a page from before an update, or after it.
        is_current = request.path_params["version"] == found.version
        cache = FOREVER if is_current else "no-cache"
        return Response(
            found.body, headers={"Content-Type": found.kind, "Cache-Control": cache}
        )
