"""Answers health checks: `/health` says that the process runs, `/ready` that it can do its work.

No token is needed and no call is counted. An answer names a problem in fixed sentences, so it
holds no path, name or text. The checks run at most once a second, however many requests come.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

from hipkit.api.errors import StorageError
from hipkit.server.http.errors import RETRY_AFTER
from hipkit.server.http.requests import Receive, Scope, Send
from hipkit.server.http.responses import Answer, header, json_answer, send_answer
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.protocol import Database

__all__ = ["HEALTH_PATHS", "Health"]

HEALTH_PATHS = frozenset({"/health", "/ready"})

CHECK_SECONDS = 2.0
"""How long the database may take until it counts as stuck."""
FRESH_SECONDS = 1.0
LEAST_FREE_BYTES = 128 * 1024 * 1024
"""On the disk of the files: room for the database's log, and some time to act."""


class Health:
    """Checks what a server depends on: its database and its disk."""

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
        self._checked_at = 0.0
        self._check: asyncio.Task[list[str]] | None = None
        self._problems: list[str] = []
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one of `HEALTH_PATHS`, as an ASGI application."""
        method = scope["method"]
        answer = json_answer(200, {"status": "ok"})
        if method not in ("GET", "HEAD"):
            answer = Answer(405, [header("Allow", "GET, HEAD")])
        elif scope["path"] == "/ready" and (problems := await self.problems()):
            answer = json_answer(503, {"status": "unavailable", "problems": problems})
            answer.headers.append(RETRY_AFTER)
        await send_answer(send, answer, with_body=method != "HEAD")

    async def problems(self) -> list[str]:
        """Return what keeps the server from its work, at most a second old."""
        if self.is_stopping:
            return ["the server is stopping"]
        if self._check is None:
            if time.monotonic() - self._checked_at < FRESH_SECONDS:
                return self._problems
            self._check = asyncio.create_task(self._run_checks())
        # Shielded: a client that hangs up must not cancel the check that others wait for.
        return await asyncio.shield(self._check)

    async def _run_checks(self) -> list[str]:
        try:
            self._problems = [
                *await self._database_problems(),
                *await asyncio.to_thread(
                    _disk_problems, self._files.path, self._least_free_bytes
                ),
            ]
            return self._problems
        finally:
            self._checked_at = time.monotonic()
            self._check = None

    async def _database_problems(self) -> list[str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._database.check()
        except TimeoutError:
            return ["the database does not answer"]
        except StorageError:
            return ["the database cannot be read and written"]
        return []


def _disk_problems(folder: Path, least_free_bytes: int) -> list[str]:
    # The folder is created when the first file comes.
    place = folder if folder.is_dir() else folder.parent
    problems = []
    if not os.access(place, os.W_OK | os.X_OK):
        problems.append("the folder of files cannot be written")
    try:
        if shutil.disk_usage(place).free < least_free_bytes:
            problems.append("the disk is nearly full")
    except OSError:
        problems.append("the disk cannot be checked")
    return problems
