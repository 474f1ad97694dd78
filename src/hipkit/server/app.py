"""Puts the parts of a server together: database, files, and the application above them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hipkit.api.errors import StorageError
from hipkit.server.http.health import Health
from hipkit.server.http.pipeline import Api
from hipkit.server.services.access.keys import new_key, new_token
from hipkit.server.services.context import Runtime
from hipkit.server.services.files.orphans import settle_files
from hipkit.server.services.people.setup import FirstGroup, create_first_group, is_empty
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.sweep import TimeBounds, sweep
from hipkit.server.settings import Settings
from hipkit.server.storage.backup import remove_work_folders
from hipkit.server.storage.sqlite.database import SqliteDatabase
from hipkit.server.storage.stores.webhooks import WEBHOOK

if TYPE_CHECKING:  # Loaded when a sender is made.
    from hipkit.server.events.sender import Sender

__all__ = ["Server", "open_server"]


class Server:
    """An open server. `api` is its ASGI application; closing it closes the database.

    Attributes:
        runtime: What all calls share.
        health: Answers whoever watches the server, as an ASGI application.
        own_root: Scheme and host at which it listens, as others can reach it.
        before_stop: Called when the server begins to stop: ends answers that would go on.
        sender: What delivers events, once it was created.
        new_token_file: Where the first start wrote a token; `None` on every later start.
        new_link_key: With which the administrator sets a password; `None` on later starts.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        newest_us: int | None = None,
        new_token_file: Path | None = None,
        new_link_key: str | None = None,
    ) -> None:
        self.runtime = runtime
        self.database = runtime.database
        self.settings = runtime.settings
        self._newest_at_start_us = runtime.now_us() if newest_us is None else newest_us
        self._elapsed_at_start = runtime.elapsed()
        self.api = Api(runtime)
        self.health = Health(runtime.database, runtime.blobs)
        self.own_root = "http://localhost"
        self.before_stop: list[Callable[[], None]] = []
        self.sender: Sender | None = None
        self.new_token_file = new_token_file
        self.new_link_key = new_link_key

    async def settle_files(self) -> None:
        """Remove what died on its way, before anything is served.

        Only for whoever has the database's lock: files of others could be on their way too.

        Raises:
            StorageError: The database cannot be read, or the folder of files not be written.
        """
        remove_work_folders(self.settings.database.parent)
        bounds = await self.time_bounds()
        await settle_files(self.database, self.runtime.blobs, bounds.latest_us)

    async def sweep(self) -> None:
        """Remove what nothing can reach any more; that may take a while.

        Raises:
            StorageError: The database or the folder of files cannot be written.
        """
        await sweep(self.database, self.runtime.blobs, await self.time_bounds())

    async def time_bounds(self) -> TimeBounds:
        """Return what time it is at the earliest and at the latest.

        Raises:
            StorageError: The database cannot be read.
        """
        now_us = self.runtime.now_us()
        newest_us = await self.database.stores.timestamps.newest()
        newest_us = now_us if newest_us is None else newest_us
        # A server whose clock is wrong goes on to store timestamps: those count for nothing here.
        passed = self.runtime.elapsed() - self._elapsed_at_start
        by_start_us = self._newest_at_start_us + int(passed * SECOND_US)
        return TimeBounds(
            earliest_us=min(now_us, newest_us, by_start_us),
            latest_us=max(now_us, newest_us),
        )

    def make_sender(self) -> Sender:
        """Create what delivers events; of all that have this database open, one may run."""
        # Loaded late: programs that never deliver need no HTTP library.
        from hipkit.server.events.posters import HttpPoster
        from hipkit.server.events.sender import MOST_AT_ONCE, Sender
        from hipkit.server.events.subscriptions import Subscriptions
        from hipkit.server.http.webhook_answers import read_notification
        from hipkit.server.services.webhooks.kind import WebhookKind

        runtime = self.runtime
        webhooks = WebhookKind(
            runtime, read_notification=read_notification, own_root=self.own_root
        )
        subscriptions = Subscriptions(
            self.database,
            runtime.signals,
            {WEBHOOK: webhooks},
            now_us=runtime.now_us,
            elapsed=runtime.elapsed,
        )
        poster = HttpPoster(
            runtime.egress, most_connections=MOST_AT_ONCE, now_us=runtime.now_us
        )
        sender = Sender(subscriptions, poster, runtime.signals)
        self.before_stop.append(sender.stop)
        self.sender = sender
        return sender

    def stop(self) -> None:
        """Be ready for nothing new, and end the answers that would go on by themselves."""
        self.health.is_stopping = True
        for end in self.before_stop:
            end()

    def close(self) -> None:
        """Finish what is being written, and close the database. Twice does nothing."""
        self.runtime.close()


async def open_server(settings: Settings) -> Server:
    """Open a server's database, made and filled for a first start if need be.

    Raises:
        StorageError: The database, or the file for the first token, cannot be used.
    """
    database = SqliteDatabase.open(settings.database, durable=settings.durable)
    try:
        runtime = Runtime(database, settings)
        if await is_empty(database.stores):
            return await _first_start(runtime)
        newest_us = await database.stores.timestamps.newest()
        return Server(runtime, newest_us=newest_us)
    except BaseException:
        database.close()
        raise


async def _first_start(runtime: Runtime) -> Server:
    """Make the first group and administrator, and leave their token in a file.

    The file comes first: a token that was stored and not written down would be lost.
    """
    settings, token, link_key = runtime.settings, new_token(), new_key()
    _write_token(settings.token_file, token)
    first = FirstGroup(
        group_name=settings.group_name,
        admin_name=settings.admin_name,
        admin_email=settings.admin_email,
    )
    try:
        await create_first_group(
            runtime.context(), first, token=token, link_key=link_key
        )
    except BaseException:
        settings.token_file.unlink(missing_ok=True)
        raise
    return Server(
        runtime,
        new_token_file=settings.token_file,
        new_link_key=link_key,
    )


def _write_token(path: Path, token: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise StorageError(
            f"{path}: is there already, and the database is empty; move the file away"
        ) from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(handle)
