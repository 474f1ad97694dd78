"""The page's style sheets and scripts, at addresses that change with their content."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from hipkit.server.http.responses import Answer, Header, header

__all__ = ["StaticFiles"]

TYPES = {
    ".css": header("Content-Type", "text/css; charset=utf-8"),
    ".js": header("Content-Type", "text/javascript; charset=utf-8"),
    ".svg": header("Content-Type", "image/svg+xml"),
}
PATH = re.compile(r"/static/(?P<version>[^/]+)/(?P<name>[^/]+)")
HASH_LENGTH = 12
FOREVER = header("Cache-Control", "public, max-age=31536000, immutable")
REVALIDATE = header("Cache-Control", "no-cache")


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    content_type: Header
    version: str


class StaticFiles:
    """Every static file, read once: a request's path never reaches the file system."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        for item in (files("hipkit.server.page") / "static").iterdir():
            content_type = TYPES.get("." + item.name.rpartition(".")[2])
            if content_type is not None:
                body = item.read_bytes()
                version = hashlib.sha256(body).hexdigest()[:HASH_LENGTH]
                self._files[item.name] = _File(body, content_type, version)

    def address(self, name: str) -> str:
        """Return the path of a file in its present version."""
        return f"/static/{self._files[name].version}/{name}"

    def find(self, path: str) -> Answer | None:
        """Return the file that a path leads to, if it leads to one."""
        match = PATH.fullmatch(path)
        found = None if match is None else self._files.get(match["name"])
        if match is None or found is None:
            return None
        # Another version is that of a page from before an update, or after it.
        cache = FOREVER if match["version"] == found.version else REVALIDATE
        return Answer(200, [found.content_type, cache], found.body)
