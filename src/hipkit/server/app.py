"""Builds a server: its runtime, and the applications above it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hipkit.api.errors import StorageError
from hipkit.server.http.health import Health
from hipkit.server.http.pipeline import Api
from hipkit.server.services.access.keys import new_key, new_token
from hipkit.server.services.addons.installing.completing import sweep_pending
from hipkit.server.services.addons.installing.removing import remove_from_deleted_rooms
from hipkit.server.services.context import Runtime
from hipkit.server.services.files.orphans import settle_files
from hipkit.server.services.messages.retention import sweep_old_messages
from hipkit.server.services.people.setup import create_first_group, is_empty
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.services.sweep import TimeBounds, sweep
from hipkit.server.settings import Settings
from hipkit.server.storage.backup import remove_work_folders
from hipkit.server.storage.opening import open_database
from hipkit.server.storage.stores.routes import ROUTE
from hipkit.server.storage.stores.webhooks import WEBHOOK

if TYPE_CHECKING:  # Loaded when a sender is made.
    from hipkit.server.events.kinds import Kind
    from hipkit.server.events.sender import Sender

__all__ = ["Server", "open_server"]


class Server:
    """An open server. Closing it closes the database.

    Attributes:
        runtime: What all calls share.
        api: The ASGI application of the API.
        health: The ASGI application for monitoring.
        own_root: The scheme and host that it listens on, as other machines reach it.
        before_stop: Functions that end the responses that would go on; `stop` calls them.
        kinds: Functions that create further kinds of subscription than webhooks, by the kind's
            name. Added before `create_sender` is called.
        sections: Packages that add sections to the page, such as `hipkit.relay.page`; they are
            read when the page is created.
        sender: What delivers events, once it was created.
        open_streams: Returns how many pages receive events; the page sets it.
        new_token_file: The file that the first start wrote a token to; `None` later.
        new_link_key: The key of the link that sets the administrator's password; `None` later.
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
        self.sections: list[str] = []
        self.kinds: dict[str, Callable[[Server], Kind[Any, Any]]] = {}
        self.sender: Sender | None = None
        self.open_streams: Callable[[], int] = lambda: 0
        self.new_token_file = new_token_file
        self.new_link_key = new_link_key

    async def settle_files(self) -> None:
        """Remove what interrupted uploads and backups left, before anything is served.

        The caller holds the database's lock: without it, another server's uploads would go.

        Raises:
            StorageError: The database cannot be read, or the folder of files not be written.
        """
        remove_work_folders(self.settings.database.parent)
        bounds = await self.time_bounds()
        await settle_files(self.database, self.runtime.blobs, bounds.latest_us)

    async def sweep_addons(self) -> None:
        """Remove installations of add-ons that were interrupted a while ago.

        Raises:
            StorageError: The database cannot be read or written.
        """
        await sweep_pending(self.database, self.runtime.now_us())

    async def end_addons(self) -> None:
        """Remove the add-ons of deleted rooms, which are called once they are gone.

        Raises:
            StorageError: The database cannot be read or written.
        """
        await remove_from_deleted_rooms(await self.runtime.operator_context())

    async def sweep(self) -> None:
        """Remove what nothing refers to any more, and messages that are not kept any longer.

        This may take a while.

        Raises:
            StorageError: The database or the folder of files cannot be written.
        """
        bounds, blobs = await self.time_bounds(), self.runtime.blobs
        if ROUTE not in self.kinds:
            # It runs without the relay's file: what its routes wait for would be kept for ever.
            now_us = self.runtime.now_us()
            await self.database.write(lambda stores: stores.routes.remove_all(now_us))
        await sweep(self.database, blobs, bounds)
        if self.settings.keep_days is not None:
            await sweep_old_messages(
                self.database,
                blobs,
                keep_days=self.settings.keep_days,
                earliest_us=bounds.earliest_us,
            )

    async def time_bounds(self) -> TimeBounds:
        """Return the earliest and the latest time that it may be now.

        The clock may be wrong, and what a sweep removes is lost. So it removes what is old by
        the clock, by the newest timestamp stored, and by the seconds since the start.

        Raises:
            StorageError: The database cannot be read.
        """
        now_us = self.runtime.now_us()
        newest_us = await self.database.stores.timestamps.newest()
        newest_us = now_us if newest_us is None else newest_us
        # Timestamps that this server stored itself prove nothing: its clock may be wrong.
        passed = self.runtime.elapsed() - self._elapsed_at_start
        by_start_us = self._newest_at_start_us + int(passed * SECOND_US)
        return TimeBounds(
            earliest_us=min(now_us, newest_us, by_start_us),
            latest_us=max(now_us, newest_us),
        )

    def create_sender(self) -> Sender:
        """Create what delivers events to webhooks and the `kinds`.

        Of all senders on a database only one may run.
        """
        # Loaded late: programs that never deliver need no HTTP library.
        from hipkit.server.events.sender import Sender
        from hipkit.server.events.subscriptions import Subscriptions
        from hipkit.server.http.webhook_answers import read_notification
        from hipkit.server.services.webhooks.kind import WebhookKind
        from hipkit.server.services.webhooks.posters import HttpPoster

        runtime = self.runtime
        webhooks = WebhookKind(
            runtime,
            HttpPoster(runtime.outgoing, now_us=runtime.now_us),
            read_notification=read_notification,
            own_root=self.own_root,
        )
        further = {name: create(self) for name, create in self.kinds.items()}
        subscriptions = Subscriptions(
            self.database,
            runtime.signals,
            {WEBHOOK: webhooks, **further},
            now_us=runtime.now_us,
            elapsed=runtime.elapsed,
        )
        sender = Sender(subscriptions, runtime.signals, observer=runtime.observer)
        self.before_stop.append(sender.stop)
        self.sender = sender
        return sender

    def stop(self) -> None:
        """Report that the server is stopping, and end the responses that would go on."""
        self.health.is_stopping = True
        for end in self.before_stop:
            end()

    def close(self) -> None:
        """Finish what is being written, and close the database. Twice does nothing."""
        self.runtime.close()


async def open_server(settings: Settings) -> Server:
    """Open a server. The first start creates the database and its first group.

    Raises:
        StorageError: The database, or the file for the first token, cannot be used.
    """
    database = open_database(
        settings.database,
        settings.postgres,
        durable=settings.durable,
        observer=settings.observer,
    )
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
    """Create the first group and its administrator, and write their token to a file.

    The file comes first: only a hash of the token is stored, so a token that was stored and not
    written would be lost, and nobody could use the server.
    """
    settings, token, link_key = runtime.settings, new_token(), new_key()
    _write_token(settings.token_file, token)
    try:
        await create_first_group(runtime.context(), token=token, link_key=link_key)
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
            f"{path}: already exists, but the database is empty; move the file away"
        ) from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(handle)
