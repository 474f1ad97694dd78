"""Says whether the server lives (`/health`) and can do its work (`/ready`), to whoever watches it.

No token is needed and no call is counted. An answer names what is wrong in words of ours, so
it holds no path, name or text. However many ask, one look a second is taken.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

from hipkit.api.errors import StorageError
from hipkit.server.http.requests import Receive, Scope, Send
from hipkit.server.http.responses import Answer, json_answer, send_answer
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database

__all__ = ["HEALTH_PATHS", "Health", "health_answer"]

HEALTH_PATHS = frozenset({"/health", "/ready"})

LOOK_SECONDS = 2.0
"""How long the database may take until it counts as stuck."""
FRESH_SECONDS = 1.0
LEAST_FREE_BYTES = 128 * 1024 * 1024
"""On the disk of the files: room for the database's log, and some time to act."""

RETRY_AFTER = ("Retry-After", "5")


class Health:
    """Looks at what a server stands on, and answers for it."""

    def __init__(
        self,
        database: Database,
        files: BlobStore,
        *,
        least_free_bytes: int = LEAST_FREE_BYTES,
    ) -> None:
        self._database = database
        self._files = files
        self._least_free_bytes = least_free_bytes
        self._looked_at = 0.0
        self._looking: asyncio.Task[list[str]] | None = None
        self._problems: list[str] = []
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as an ASGI application."""
        method = str(scope["method"])
        answer = await health_answer(self, method, str(scope["path"]))
        await send_answer(send, answer, with_body=method != "HEAD")

    async def problems(self) -> list[str]:
        """Return what keeps the server from its work, newly looked at every second."""
        if self.is_stopping:
            return ["the server is stopping"]
        if self._looking is None:
            if time.monotonic() - self._looked_at < FRESH_SECONDS:
                return self._problems
            self._looking = asyncio.create_task(self._look())
        # Shielded: whoever hangs up must not end the look that others wait for.
        return await asyncio.shield(self._looking)

    async def _look(self) -> list[str]:
        try:
            self._problems = [
                *await self._database_problems(),
                *await asyncio.to_thread(
                    _disk_problems, self._files.path, self._least_free_bytes
                ),
            ]
            return self._problems
        finally:
            self._looked_at = time.monotonic()
            self._looking = None

    async def _database_problems(self) -> list[str]:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._database.check()
        except TimeoutError:
            return ["the database does not answer"]
        except StorageError:
            return ["the database cannot be read and written"]
        return []


async def health_answer(health: Health, method: str, path: str) -> Answer:
    """Return the answer to a request for one of `HEALTH_PATHS`."""
    if method not in ("GET", "HEAD"):
        return Answer(405, [("Allow", "GET, HEAD")])
    problems = await health.problems() if path == "/ready" else []
    if not problems:
        return json_answer(200, {"status": "ok"})
    answer = json_answer(503, {"status": "unavailable", "problems": problems})
    answer.headers.append(RETRY_AFTER)
    return answer


def _disk_problems(folder: Path, least_free_bytes: int) -> list[str]:
    # The folder is made when the first file comes.
    place = folder if folder.is_dir() else folder.parent
    problems = []
    if not os.access(place, os.W_OK | os.X_OK):
        problems.append("the folder of files cannot be written")
    try:
        if shutil.disk_usage(place).free < least_free_bytes:
            problems.append("the disk is nearly full")
    except OSError:
        problems.append("the disk cannot be looked at")
    return problems
